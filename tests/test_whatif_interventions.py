"""What becomes of the complaint when a variable is set: against every world of small networks."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

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
from twitchdx.whatif.windows import Setting, open_windows, stay

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


def below(network: Network, names: Iterable[str], *, within: Collection[str] = ()) -> set[str]:
    """What is downstream of some variables, past none of those `within`; they themselves are left out."""
    found: set[str] = set()
    for name in Enumeration(network).order:
        if name not in within and any(each in names or each in found for each in network[name].parents):
            found.add(name)
    return found - set(names)


def predicted(network: Network, complaint: str, acted: Mapping[str, int], told: Likelihoods) -> list[float]:
    """P(complaint in the second window), world after world of the first, each with its P(world | evidence).

    In each of them go through the variables, parents first: what is set is set, what has the parents that it
    had stays, and everything else may take any state, as probable as its parents make it.
    """
    enumeration = Enumeration(network)
    order = enumeration.order[: enumeration.order.index(complaint) + 1]
    tables = {name: exact_table(network, name) for name in order}
    found = [0.0] * network.cardinality(complaint)

    def go_on(p: float, world: Mapping[str, int], second: dict[str, int]) -> None:
        if len(second) == len(order):
            found[second[complaint]] += p
            return
        name = order[len(second)]
        parents = network[name].parents
        if name in acted:
            go_on(p, world, {**second, name: acted[name]})
        elif all(second[each] == world[each] for each in parents):
            go_on(p, world, {**second, name: world[name]})
        else:
            values, denominator = tables[name]
            row = values[tuple(second[each] for each in parents)]
            for state, numerator in enumerate(row):
                if numerator:
                    go_on(p * float(numerator / denominator), world, {**second, name: state})

    weights: defaultdict[tuple[int, ...], float] = defaultdict(float)
    for weight, world, _ in enumeration.worlds:
        likelihood = math.prod(float(vector[world[name]]) for name, vector in told.items())
        weights[tuple(world[name] for name in order)] += weight * likelihood
    for states, weight in weights.items():
        if weight > 0.0:
            go_on(weight, dict(zip(order, states, strict=True)), {})
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


def settings_of(states: Mapping[str, int]) -> frozenset[Setting]:
    """Nothing is known of what they are before."""
    return frozenset(Setting(name, state) for name, state in states.items())


def answered(
    engine: Engine, network: Network, complaint: str, settings: frozenset[Setting], told: Likelihoods
) -> list[float]:
    windows = open_windows(network, complaint, settings)
    answer = engine.answer(windows.network, {**told, **windows.certain}, (windows.complaint,))
    found: list[float] = answer.marginals[windows.complaint].tolist()
    return found


@given(questions())
def test_nothing_happens_without_a_reason(engine: Engine, question: Question) -> None:
    network, complaint, states, told = question
    after = answered(engine, network, complaint, settings_of(states), told)
    assert after == pytest.approx(predicted(network, complaint, states, told), rel=1e-9, abs=1e-12)


@given(questions(), st.data())
def test_what_is_certain_of_what_is_set_makes_the_network_smaller_and_no_difference(
    engine: Engine, question: Question, data: st.DataObject
) -> None:
    network, complaint, states, told = question
    seen = {name: data.draw(st.integers(0, network.cardinality(name) - 1)) for name in states}
    told = {**told, **{name: np.eye(network.cardinality(name))[state] for name, state in seen.items()}}
    assume(Enumeration(network).mass(told) > 1e-12)
    known = frozenset(Setting(name, state, seen[name] != state) for name, state in states.items())
    after = answered(engine, network, complaint, known, told)
    assert after == pytest.approx(predicted(network, complaint, states, told), rel=1e-9, abs=1e-12)
    small, full = (open_windows(network, complaint, each) for each in (known, settings_of(states)))
    assert len(small.network) < len(full.network) or small.may_change == full.may_change == ()


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
    after = answered(engine, network, complaint, settings_of(states), told)
    assert after == pytest.approx(expected, rel=1e-9, abs=1e-12)


@given(questions())
def test_the_first_window_does_not_know_of_the_second(engine: Engine, question: Question) -> None:
    network, complaint, states, told = question
    windows = open_windows(network, complaint, settings_of(states))
    before = engine.answer(network, told, tuple(network))
    within = engine.answer(windows.network, {**told, **windows.certain}, tuple(network))
    assert within.log_evidence == pytest.approx(before.log_evidence, rel=1e-9, abs=1e-12)
    for name in network:
        assert within.marginals[name] == pytest.approx(before.marginals[name], rel=1e-9, abs=1e-12)


@given(questions())
def test_to_set_what_is_certainly_so_leaves_everything_as_it_is(engine: Engine, question: Question) -> None:
    network, complaint, states, told = question
    told = {**told, **{name: np.eye(network.cardinality(name))[state] for name, state in states.items()}}
    assume(Enumeration(network).mass(told) > 1e-12)
    now = Enumeration(network).marginal(complaint, told)
    for changes in (None, False):
        settings = frozenset(Setting(name, state, changes) for name, state in states.items())
        assert answered(engine, network, complaint, settings, told) == pytest.approx(now, rel=1e-9, abs=1e-12)
    assert open_windows(network, complaint, settings).network is network


@given(questions())
def test_what_may_change_is_downstream_and_leads_to_the_complaint(question: Question) -> None:
    network, complaint, states, _ = question
    windows = open_windows(network, complaint, settings_of(states))
    free = {complaint}  # what leads to the complaint past what is set
    for name in reversed(Enumeration(network).order):
        if name not in states and any(name in network[each].parents for each in free):
            free.add(name)
    moved = below(network, states)
    assert windows.may_change == tuple(name for name in network if name in free & moved)
    assert (windows.complaint == complaint) == (complaint not in moved)
    # What is so already moves nothing, and still nothing passes through it.
    first, *others = states
    still = frozenset(
        Setting(name, state, False if name == first else None) for name, state in states.items()
    )
    past = below(network, others, within=(first,))
    assert open_windows(network, complaint, still).may_change == tuple(n for n in network if n in free & past)


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
    assert found.may_change == ("friction", "squeak")
    told = diagnosis.evidence.likelihoods
    expected = predicted(model.network, "squeak", {"rust": 0, "wear": 0}, told)
    assert list(found.after.values()) == pytest.approx(expected, rel=1e-9)
    assert found.persists_after == pytest.approx(1.0 - expected[0], rel=1e-9)
    assert list(found.after) == list(found.unchanged) == ["none", "soft", "loud"]
    already = {each.variable: each.probability for each in found.actions}
    assert already == pytest.approx({name: diagnosis.distribution(name)["absent"] for name in already})
    assert found.reaches


def test_if_nothing_is_changed_the_complaint_stays_as_it_is_whatever_the_action(model: dx.Model) -> None:
    actions = {"rust": "absent"}, {"season": "dry"}, {"friction": "present"}
    seen = {"squeak": "soft", "season": "damp"}
    for action in actions:
        found = do(model, seen, action)
        assert found.unchanged == {"none": 0.0, "soft": 1.0, "loud": 0.0}
        assert (found.persists_unchanged, found.interval_unchanged) == (1.0, (1.0, 1.0))
        assert "It persists with" in str(found)
    unseen = {"season": "damp", "wobble": True}
    posterior = model.diagnose(unseen).distribution("squeak")
    for action in actions:
        found = do(model, unseen, action)
        assert found.unchanged == pytest.approx(posterior, rel=1e-12)
        assert "It is present with" in str(found)


def test_the_order_of_actions_does_not_matter(model: dx.Model) -> None:
    evidence = {"squeak": "loud", "wobble": True}
    one, other = ({"season": "dry", "friction": "absent"}, {"friction": "absent", "season": "dry"})
    found, again = (do(model, evidence, actions) for actions in (one, other))
    assert (found.after, found.unchanged) == (again.after, again.unchanged)
    assert (found.interval_after, found.may_change) == (again.interval_after, ("squeak",))


def test_what_does_not_lead_to_the_complaint_leaves_it_as_it_is() -> None:
    model = dx.load_model("chest_clinic")
    diagnosis = model.diagnose({"dyspnoea": True, "chest_xray": "abnormal"})
    found, apart = (
        intervene(model._assembled, diagnosis.evidence, action, diagnosis.engine, "chest_xray")
        for action in ({"smoking": False}, {"bronchitis": False})
    )
    assert (found.reaches, apart.reaches) == (True, False)
    assert "chest_xray" in found.may_change
    assert found.after["abnormal"] < found.unchanged["abnormal"] == 1.0
    assert apart.may_change == ()
    assert apart.after == apart.unchanged == {"normal": 0.0, "abnormal": 1.0}
    assert apart.interval_after == apart.interval_unchanged == (1.0, 1.0)
    assert "nothing changes" in str(apart)


def test_what_is_so_already_changes_nothing(model: dx.Model) -> None:
    evidence = {"season": "damp", "rust": "severe", "squeak": "loud"}
    found, still = (do(model, evidence, {"rust": state}) for state in ("absent", "severe"))
    assert found.actions[0].probability == 0.0
    assert found.after["none"] > 0.0
    assert (still.actions[0].probability, still.reaches, still.may_change) == (1.0, True, ())
    assert still.after == still.unchanged == found.unchanged
    assert "This is so already: nothing changes." in str(still)
    past = do(model, {"friction": "present", "rust": "mild"}, {"rust": "absent", "friction": "present"})
    assert (past.may_change, past.reaches) == ((), True)
    assert "leads to it only through what is so already: nothing changes." in str(past)
    # Beside an action that does change something it is named, and holds its variable as it is.
    both = do(model, evidence, {"rust": "severe", "wear": False})
    assert "absent" not in both.actions[0].state
    assert ": this is so already." in str(both)
    told = model.diagnose(evidence).evidence.likelihoods
    expected = predicted(model.network, "squeak", {"rust": 2, "wear": 0}, told)
    assert list(both.after.values()) == pytest.approx(expected, rel=1e-9)


def test_an_action_may_bring_a_complaint_that_is_not_there(model: dx.Model) -> None:
    found = do(model, {"squeak": "none"}, {"rust": "severe"})
    assert found.persists_unchanged == 0.0 < found.persists_after
    assert "none was observed; when this is set, it comes with" in str(found)
    still = do(model, {"squeak": "none", "rust": "severe"}, {"rust": "severe"})
    assert "none was observed, and none comes of this" in str(still)


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
    for actions in ("rust", ["rust"], None):
        with pytest.raises(EvidenceError, match="not-a-mapping"):
            model.diagnose({}).do(actions)  # type: ignore[arg-type]


def test_observations_that_exclude_each_other_are_named(model: dx.Model) -> None:
    with pytest.raises(ImpossibleEvidenceError, match="annoyed_owner"):
        model.do({"rust": "absent"}, {"squeak": "loud", "annoyed_owner": False})


@pytest.fixture(scope="module")
def shipped() -> dx.Model:
    return dx.load_model("knee_twitching")


def test_less_coffee_makes_the_twitch_of_a_coffee_drinker_rarer(shipped: dx.Model) -> None:
    evidence = {"caffeine_intake": "high", "muscle_twitching": "frequent"}
    found, other = (
        shipped.do({"caffeine_intake": "low"}, evidence, engine=each) for each in ("exact", "pgmpy")
    )
    assert found.persists_unchanged == 1.0
    assert 0.5 < found.persists_after < 0.65
    assert other.after == pytest.approx(found.after, rel=1e-9)
    assert other.unchanged == pytest.approx(found.unchanged, rel=1e-9)
    assert found.may_change[-1] == "muscle_twitching"
    six_coffees = evidence | {"twitching_duration": "weeks", "insomnia": True, "muscle_weakness": False}
    assert 0.3 < shipped.do({"caffeine_intake": "low"}, six_coffees).persists_after < 0.45
    assert shipped.do({"caffeine_intake": "high"}, six_coffees).persists_after == 1.0


def test_a_water_tablet_is_stopped_and_potassium_put_right(shipped: dx.Model) -> None:
    evidence = {"diuretic_use": True, "serum_potassium": "low", "muscle_twitching": "frequent"}
    diagnosis = shipped.diagnose(evidence)
    stopped, put_right = (
        diagnosis.do(action) for action in ({"diuretic_use": False}, {"hypokalaemia": "absent"})
    )
    for found in (stopped, put_right):
        assert found.persists_unchanged == 1.0
        assert found.persists_after < 0.9
    assert "hypokalaemia" in stopped.may_change
    assert put_right.may_change == ("muscle_twitching",)


# Intervals

EVIDENCE = {"squeak": "loud", "wobble": True, "season": "damp"}
UNSEEN = {"wobble": True, "season": "damp"}


def persistence(
    model: dx.Model, actions: Mapping[str, object], evidence: Mapping[str, object]
) -> list[float]:
    found = model.do(actions, evidence)
    pair = (found.persists_after, found.persists_unchanged)
    return [math.log(p / (1.0 - p)) if p < 1.0 else math.inf for p in pair]


@pytest.mark.parametrize("evidence", [EVIDENCE, UNSEEN])
@pytest.mark.parametrize("actions", [{"rust": "absent"}, {"season": "dry"}, {"friction": "present"}])
def test_slopes_are_what_a_small_change_of_a_number_does(
    model: dx.Model, actions: Mapping[str, str], evidence: Mapping[str, object]
) -> None:
    network, engine, spec = model.network, ExactEngine(), model.spec
    assert spec is not None
    states = {name: network[name].states.index(state) for name, state in actions.items()}
    pair = (open_windows(network, "squeak", settings_of(states)), stay(network, "squeak"))
    told = model.diagnose(evidence).evidence.likelihoods
    after, unchanged = (
        engine.answer(each.network, {**told, **each.certain}, (each.complaint,)).marginals[each.complaint]
        for each in pair
    )
    slopes = differentiate_persistence(network, pair, (after, unchanged), told, engine)
    assert slopes.log_odds == pytest.approx(persistence(model, actions, evidence))
    known = measure_uncertainty(spec, network, engine)
    by_estimate = known.jacobian.by_estimate(slopes.by_number)
    # What was observed stays, whatever the numbers.
    compared = 1 if "squeak" in evidence else 2
    assert not by_estimate[compared:].any()
    numbers = {each.path: each.value for each in model.parameters()}
    tried = 0
    for path, slope in zip(known.jacobian.paths, by_estimate.T, strict=True):
        name = ".".join(map(str, path))
        value = numbers[name]
        step = 1e-5 * value
        if value + step > 1.0 and value - step < 1.0:
            continue
        up, down = (
            np.array(persistence(model.with_parameters({name: moved}), actions, evidence)[:compared])
            for moved in (value + step, value - step)
        )
        assert slope[:compared] == pytest.approx((up - down) / (2.0 * step), rel=1e-4, abs=1e-6), name
        tried += 1
    assert tried > 20


def test_the_interval_holds_the_value_and_is_said(model: dx.Model) -> None:
    found = do(model, UNSEEN, {"rust": "absent"})
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
