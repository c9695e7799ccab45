"""What becomes of the complaint when a variable is set: against every world of small networks."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import twitchdx as dx
from models import write_model
from oracle import Enumeration, exact_table
from strategies import possible_evidence, small_networks
from twitchdx.engines import Engine, ExactEngine
from twitchdx.errors import EvidenceError, ImpossibleEvidenceError
from twitchdx.network import Network
from twitchdx.numerics import Array
from twitchdx.tables import spoken_interval
from twitchdx.uncertainty.intervals import measure_uncertainty
from twitchdx.whatif import Intervention, intervene
from twitchdx.whatif.intervention import differentiate_persistence
from twitchdx.whatif.windows import open_windows

Likelihoods = Mapping[str, Array]
Question = tuple[Network, str, dict[str, int], dict[str, Array]]


@st.composite
def questions(draw: st.DrawFn) -> Question:
    """A network, what is predicted, what is set, and possible evidence on anything."""
    network = draw(small_networks(max_nodes=5))
    *others, complaint = draw(st.permutations(list(network)))
    chosen = draw(st.lists(st.sampled_from(others), min_size=1, max_size=2, unique=True))
    states = {name: draw(st.integers(0, network.cardinality(name) - 1)) for name in chosen}
    return network, complaint, states, draw(possible_evidence(network))


def below(network: Network, names: Mapping[str, int]) -> list[str]:
    """What is downstream of some variables, parents first; they themselves are left out."""
    found: list[str] = []
    for name in Enumeration(network).order:
        if name not in names and any(each in names or each in found for each in network[name].parents):
            found.append(name)
    return found


def predicted(
    network: Network, complaint: str, acted: Mapping[str, int], told: Likelihoods, *, stay: bool = False
) -> list[float]:
    """P(complaint in the second window), world after world.

    For each world of the first window, as probable as the evidence makes it, go through all states that what
    is downstream may take anew. With `stay`, what is acted on keeps the state that it has in that world.
    """
    anew = below(network, acted)
    tables = {name: exact_table(network, name) for name in anew}
    ranges = [range(network.cardinality(name)) for name in anew]
    kept: defaultdict[tuple[tuple[str, int], ...], float] = defaultdict(float)
    for weight, world, _ in Enumeration(network).worlds:
        rest = {name: state for name, state in world.items() if name not in anew}
        held = rest if stay else rest | acted
        kept[tuple(held.items())] += weight * math.prod(
            float(vector[world[name]]) for name, vector in told.items()
        )
    found = [0.0] * network.cardinality(complaint)
    for held, weight in kept.items():
        for states in product(*ranges):
            second = dict(held) | dict(zip(anew, states, strict=True))
            p = weight
            for name in anew:
                values, denominator = tables[name]
                row = values[tuple(second[parent] for parent in network[name].parents)]
                p *= float(row[second[name]] / denominator)
            found[second[complaint]] += p
    return [each / math.fsum(found) for each in found]


def truncated(network: Network, states: Mapping[str, int]) -> list[tuple[float, dict[str, int]]]:
    """Every world in which the variables are set: the product of what is not set (Pearl's truncated factors).

    P(world) / P(x | parents), with the divisor counted from the worlds themselves.
    """
    worlds = [(p, world) for p, world, _ in Enumeration(network).worlds]
    for name, state in states.items():
        above = network[name].parents
        total: defaultdict[tuple[int, ...], float] = defaultdict(float)
        inside: defaultdict[tuple[int, ...], float] = defaultdict(float)
        for p, world, _ in Enumeration(network).worlds:
            row = tuple(world[parent] for parent in above)
            total[row] += p
            inside[row] += p * (world[name] == state)
        # Where x is excluded no world is left to be weighed anew.
        assume(all(inside[row] > 1e-9 * p for row, p in total.items()))
        share = {row: inside[row] / p for row, p in total.items() if p > 0.0}
        worlds = [
            (p / share[tuple(world[parent] for parent in above)], world)
            for p, world in worlds
            if world[name] == state and p > 0.0
        ]
    return worlds


def answered(
    engine: Engine, network: Network, complaint: str, acted: Mapping[str, int | None], told: Likelihoods
) -> list[float]:
    windows = open_windows(network, complaint, frozenset(acted.items()))
    answer = engine.answer(windows.network, told, (windows.complaint,))
    found: list[float] = answer.marginals[windows.complaint].tolist()
    return found


@given(questions())
def test_what_is_downstream_is_drawn_anew_and_the_rest_stays(engine: Engine, question: Question) -> None:
    network, complaint, states, told = question
    after = answered(engine, network, complaint, states, told)
    assert after == pytest.approx(predicted(network, complaint, states, told), rel=1e-9, abs=1e-12)
    unchanged = answered(engine, network, complaint, dict.fromkeys(states), told)
    expected = predicted(network, complaint, states, told, stay=True)
    assert unchanged == pytest.approx(expected, rel=1e-9, abs=1e-12)


@given(questions())
def test_without_evidence_downstream_it_is_the_truncated_factorization(
    engine: Engine, question: Question
) -> None:
    network, complaint, states, told = question
    changing = {*states, *below(network, states)}
    told = {name: vector for name, vector in told.items() if name not in changing}
    weighed = [
        (p * math.prod(float(vector[world[name]]) for name, vector in told.items()), world)
        for p, world in truncated(network, states)
    ]
    total = math.fsum(p for p, _ in weighed)
    assume(total > 1e-12)
    expected = [
        math.fsum(p for p, world in weighed if world[complaint] == state) / total
        for state in range(network.cardinality(complaint))
    ]
    assert answered(engine, network, complaint, states, told) == pytest.approx(expected, rel=1e-9, abs=1e-12)
    # And with nothing set, what is drawn anew is as it would be for the first time.
    seen = Enumeration(network).marginal(complaint, told)
    unchanged = answered(engine, network, complaint, dict.fromkeys(states), told)
    assert unchanged == pytest.approx(seen, rel=1e-9, abs=1e-12)


@given(questions())
def test_the_first_window_does_not_know_of_the_second(engine: Engine, question: Question) -> None:
    network, complaint, states, told = question
    windows = open_windows(network, complaint, frozenset(states.items()))
    before, within = (engine.answer(each, told, tuple(network)) for each in (network, windows.network))
    assert within.log_evidence == pytest.approx(before.log_evidence, rel=1e-9, abs=1e-12)
    for name in network:
        assert within.marginals[name] == pytest.approx(before.marginals[name], rel=1e-9, abs=1e-12)


@given(questions())
def test_to_set_what_is_certainly_so_changes_nothing(engine: Engine, question: Question) -> None:
    network, complaint, states, told = question
    seen = {name: np.eye(network.cardinality(name))[state] for name, state in states.items()}
    told = {**told, **seen}
    assume(Enumeration(network).mass(told) > 1e-12)
    unchanged = answered(engine, network, complaint, dict.fromkeys(states), told)
    after = answered(engine, network, complaint, states, told)
    assert after == pytest.approx(unchanged, rel=1e-9, abs=1e-12)


@given(questions())
def test_what_is_drawn_anew_is_downstream_and_leads_to_the_complaint(question: Question) -> None:
    network, complaint, states, _ = question
    windows = open_windows(network, complaint, frozenset(states.items()))
    free = {complaint}  # what leads to the complaint past what is set
    for name in reversed(Enumeration(network).order):
        if name not in states and any(name in network[each].parents for each in free):
            free.add(name)
    assert windows.drawn_anew == tuple(n for n in network if n in free and n in below(network, states))
    assert (windows.complaint == complaint) == (complaint not in windows.drawn_anew)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> dx.Model:
    return dx.load_model(write_model(tmp_path_factory.mktemp("models") / "squeaking_hinge"))


def do(model: dx.Model, evidence: Mapping[str, object], actions: Mapping[str, object]) -> Intervention:
    diagnosis = model.diagnose(evidence)
    return intervene(model._assembled, diagnosis.evidence, actions, diagnosis.engine, "squeak")


def test_an_intervention_tells_what_is_set_and_what_comes_of_it(model: dx.Model) -> None:
    evidence = {"squeak": "soft", "season": "damp"}
    found = do(model, evidence, {"rust": "absent", "wear": False})
    diagnosis = model.diagnose(evidence)
    assert found.drawn_anew == ("friction", "squeak")
    told = diagnosis.evidence.likelihoods
    states = {"rust": 0, "wear": 0}
    for stay, prediction, persists in (
        (False, found.after, found.persists_after),
        (True, found.unchanged, found.persists_unchanged),
    ):
        expected = predicted(model.network, "squeak", states, told, stay=stay)
        assert list(prediction) == ["none", "soft", "loud"]
        assert list(prediction.values()) == pytest.approx(expected, rel=1e-9)
        assert persists == pytest.approx(1.0 - expected[0], rel=1e-9)
    already = {each.variable: each.probability for each in found.actions}
    assert already == pytest.approx({name: diagnosis.distribution(name)["absent"] for name in already})
    assert found.reaches


def test_the_order_of_actions_does_not_matter(model: dx.Model) -> None:
    evidence = {"squeak": "loud", "wobble": True}
    one, other = ({"season": "dry", "friction": "absent"}, {"friction": "absent", "season": "dry"})
    found, again = (do(model, evidence, actions) for actions in (one, other))
    assert (found.after, found.unchanged) == (again.after, again.unchanged)
    assert (found.interval_after, found.drawn_anew) == (again.interval_after, ("squeak",))


def test_what_does_not_lead_to_the_complaint_leaves_it_as_it_is() -> None:
    model = dx.load_model("chest_clinic")
    diagnosis = model.diagnose({"dyspnoea": True, "chest_xray": "abnormal"})
    found, apart = (
        intervene(model._assembled, diagnosis.evidence, action, diagnosis.engine, "chest_xray")
        for action in ({"smoking": False}, {"bronchitis": False})
    )
    assert (found.reaches, apart.reaches) == (True, False)
    assert "chest_xray" in found.drawn_anew
    assert found.after["abnormal"] < found.unchanged["abnormal"] < 1.0
    # It is not drawn anew: it stays as it was observed.
    assert apart.drawn_anew == ()
    assert apart.after == apart.unchanged == {"normal": 0.0, "abnormal": 1.0}
    assert apart.interval_after == apart.interval_unchanged == (1.0, 1.0)
    assert "nothing changes" in str(apart)


def test_what_was_observed_of_what_is_set_was_so_before_the_action(model: dx.Model) -> None:
    evidence = {"season": "damp", "rust": "severe", "squeak": "loud"}
    found = do(model, evidence, {"rust": "absent"})
    assert found.actions[0].probability == 0.0
    assert found.after["none"] > found.unchanged["none"] > 0.0
    # Nothing is changed by what is so already.
    still = do(model, evidence, {"rust": "severe"})
    assert still.after == pytest.approx(still.unchanged)
    assert still.unchanged == pytest.approx(found.unchanged)


def test_what_the_complaint_tells_of_the_rest_counts(model: dx.Model) -> None:
    # A squeak of which the rust is not the reason is likely to go on without it.
    squeaking, silent = (
        do(model, {"squeak": said, "rust": "mild"}, {"rust": "absent"}) for said in ("loud", "none")
    )
    assert squeaking.persists_after > silent.persists_after + 0.05


def test_all_that_cannot_be_set_is_said_at_once(model: dx.Model) -> None:
    wrong = {
        "rost": "absent",
        "squeak": "none",
        "wobble": False,
        "wear": "gone",
        "season": {"dry": 1, "damp": 1},
    }
    with pytest.raises(EvidenceError) as caught:
        do(model, {}, wrong)
    codes = [each.code for each in caught.value.issues]
    assert codes == ["unknown-variable", "not-to-be-set", "not-to-be-set", "unknown-state", "not-a-state"]
    assert "Did you mean 'rust'?" in str(caught.value)
    with pytest.raises(EvidenceError, match="no-action"):
        do(model, {}, {})


def test_observations_that_exclude_each_other_are_named(model: dx.Model) -> None:
    with pytest.raises(ImpossibleEvidenceError, match="annoyed_owner"):
        model.do({"rust": "absent"}, {"squeak": "loud", "annoyed_owner": False})


def test_less_coffee_makes_the_twitch_of_a_coffee_drinker_rarer() -> None:
    model = dx.load_model("knee_twitching")
    evidence = {"caffeine_intake": "high", "muscle_twitching": "frequent"}
    found, other = (
        model.do({"caffeine_intake": "low"}, evidence, engine=each) for each in ("exact", "pgmpy")
    )
    assert found.persists_after < found.persists_unchanged - 0.04
    assert found.unchanged["frequent"] > found.after["frequent"]
    assert other.after == pytest.approx(found.after, rel=1e-9)
    assert other.unchanged == pytest.approx(found.unchanged, rel=1e-9)
    assert found.drawn_anew[-1] == "muscle_twitching"
    # Who does not know whether somebody twitches sees less of what coffee does.
    unknown = model.do({"caffeine_intake": "low"}, {"age": 34})
    assert unknown.persists_unchanged < found.persists_unchanged


# Intervals

EVIDENCE = {"squeak": "loud", "wobble": True, "season": "damp"}


def persistence(model: dx.Model, actions: Mapping[str, object]) -> list[float]:
    found = model.do(actions, EVIDENCE)
    return [math.log(p / (1.0 - p)) for p in (found.persists_after, found.persists_unchanged)]


@pytest.mark.parametrize("actions", [{"rust": "absent"}, {"season": "dry"}, {"friction": "present"}])
def test_slopes_are_what_a_small_change_of_a_number_does(model: dx.Model, actions: Mapping[str, str]) -> None:
    network, engine, spec = model.network, ExactEngine(), model.spec
    assert spec is not None
    states = {name: network[name].states.index(state) for name, state in actions.items()}
    pair = (
        open_windows(network, "squeak", frozenset(states.items())),
        open_windows(network, "squeak", frozenset((name, None) for name in states)),
    )
    told = model.diagnose(EVIDENCE).evidence.likelihoods
    after, unchanged = (
        engine.answer(each.network, told, (each.complaint,)).marginals[each.complaint] for each in pair
    )
    slopes = differentiate_persistence(network, pair, (after, unchanged), told, engine)
    assert slopes.log_odds == pytest.approx(persistence(model, actions))
    known = measure_uncertainty(spec, network, engine)
    by_estimate = known.jacobian.by_estimate(slopes.by_number)
    numbers = {each.path: each.value for each in model.parameters()}
    tried = 0
    for path, slope in zip(known.jacobian.paths, by_estimate.T, strict=True):
        name = ".".join(map(str, path))
        value = numbers[name]
        step = 1e-5 * value
        if value + step > 1.0 and value - step < 1.0:
            continue
        up, down = (
            np.array(persistence(model.with_parameters({name: moved}), actions))
            for moved in (value + step, value - step)
        )
        assert slope == pytest.approx((up - down) / (2.0 * step), rel=1e-4, abs=1e-6), name
        tried += 1
    assert tried > 20


def test_the_interval_holds_the_value_and_is_said(model: dx.Model) -> None:
    found = do(model, EVIDENCE, {"rust": "absent"})
    for value, interval in (
        (found.persists_after, found.interval_after),
        (found.persists_unchanged, found.interval_unchanged),
    ):
        assert interval is not None
        assert 0.0 < interval[0] < value < interval[1] < 1.0
        assert f"({spoken_interval(interval)})" in str(found)


def test_an_engine_without_slopes_gives_no_interval(model: dx.Model) -> None:
    found = model.do({"rust": "absent"}, EVIDENCE, engine="pgmpy")
    assert found.interval_after is None
    assert found.interval_unchanged is None
    assert "(" not in str(found).partition("It persists")[2]
