"""What becomes of the complaint when a variable is set: against every resistance in small networks."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import twitchdx as dx
from models import write_model
from oracle import Enumeration
from strategies import possible_evidence, small_networks
from twitchdx.engines import ENGINES, Engine
from twitchdx.errors import EvidenceError
from twitchdx.network import Network, Node, NoisyMax, Table
from twitchdx.numerics import Array
from twitchdx.whatif import Intervention, intervene
from twitchdx.whatif.intervention import add_consequences


class Resisted:
    """Every combination of resistances, the world that they make now, and the world that follows.

    Each arrow of a noisy node, each inhibitor, the leak, and each table has a resistance of its own. One
    number stands for all in a gap between the probabilities to which the resistance is compared.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        self.order = Enumeration(network).order
        self.gaps = {(name, source): gaps(rows) for name in self.order for source, rows in self.sources(name)}

    def sources(self, name: str) -> Iterator[tuple[str, list[Array]]]:
        """What has a resistance, with P(at least g) for all states of what it resists."""
        mechanism = self.network[name].mechanism
        if isinstance(mechanism, Table):
            cells = mechanism.values.reshape(-1, mechanism.values.shape[-1])
            yield "table", [at_least(row) for row in cells]
            return
        yield "leak", [mechanism.leak]
        for parent, reach in zip(mechanism.producers, mechanism.reach, strict=True):
            yield f"arrow {parent}", list(reach)
        for parent, passes in zip(mechanism.inhibitors, mechanism.passes, strict=True):
            yield f"gate {parent}", list(passes[:, None])

    def complaint(
        self, name: str, likelihoods: Mapping[str, Array], states: Mapping[str, int]
    ) -> list[float]:
        """P(complaint after some variables are set | evidence)."""
        found: list[list[float]] = [[] for _ in self.network[name].states]
        for chosen in itertools.product(*self.gaps.values()):
            resistances = dict(zip(self.gaps, (middle for _, middle in chosen), strict=True))
            now = self.follow(resistances, {})
            weight = math.prod(width for width, _ in chosen)
            weight *= math.prod(float(vector[now[each]]) for each, vector in likelihoods.items())
            if weight > 0.0:
                found[self.follow(resistances, states)[name]].append(weight)
        total = math.fsum(itertools.chain(*found))
        return [math.fsum(each) / total for each in found]

    def follow(
        self, resistances: Mapping[tuple[str, str], float], states: Mapping[str, int]
    ) -> dict[str, int]:
        """The state of every variable, some of them set."""
        found: dict[str, int] = {}
        for name in self.order:
            found[name] = states[name] if name in states else self.state(name, found, resistances)
        return found

    def state(self, name: str, above: Mapping[str, int], resistances: Mapping[tuple[str, str], float]) -> int:
        mechanism = self.network[name].mechanism

        def grade(source: str, probabilities: Array) -> int:
            return sum(resistances[name, source] < float(p) for p in probabilities)

        if isinstance(mechanism, Table):
            return grade(
                "table", at_least(mechanism.values[tuple(above[each] for each in mechanism.parents)])
            )
        for parent, passes in zip(mechanism.inhibitors, mechanism.passes, strict=True):
            if not grade(f"gate {parent}", passes[above[parent]][None]):
                return 0
        contributions = [
            grade(f"arrow {parent}", reach[above[parent]])
            for parent, reach in zip(mechanism.producers, mechanism.reach, strict=True)
        ]
        return max([grade("leak", mechanism.leak), *contributions])


def at_least(row: Array) -> Array:
    return np.array([math.fsum(row[grade:]) for grade in range(1, len(row))])


def gaps(rows: list[Array]) -> list[tuple[float, float]]:
    """Width and middle of each gap between some probabilities."""
    marks = sorted({0.0, 1.0, *(min(float(p), 1.0) for row in rows for p in row)})
    return [(high - low, (low + high) / 2) for low, high in itertools.pairwise(marks)]


# Combinations of resistances that the oracle goes through.
MOST = 10_000


@st.composite
def questions(draw: st.DrawFn) -> tuple[Network, dict[str, Array], dict[str, int], str]:
    network = draw(small_networks(max_nodes=4))
    below = [name for name in network if network[name].parents]
    assume(below)
    complaint = draw(st.sampled_from(below))
    above = sorted(network.ancestors([complaint]) - {complaint})
    others = st.sampled_from([name for name in network if name != complaint])
    chosen = {draw(st.sampled_from(above)), *draw(st.lists(others, max_size=1))}
    states = {name: draw(st.integers(0, network.cardinality(name) - 1)) for name in sorted(chosen)}
    assume(math.prod(map(len, Resisted(network).gaps.values())) <= MOST)
    return network, draw(possible_evidence(network)), states, complaint


@given(questions())
def test_what_follows_agrees_with_enumeration_of_all_resistances(engine: Engine, question: tuple) -> None:
    network, evidence, states, complaint = question
    later = add_consequences(network, states, complaint)
    target = f"{complaint}__later"
    found = engine.answer(later, evidence, (target,)).marginals[target]
    expected = Resisted(network).complaint(complaint, evidence, states)
    assert found.tolist() == pytest.approx(expected, rel=1e-9, abs=1e-12)


@given(questions())
def test_resistances_add_up_to_the_network_as_it_is(question: tuple) -> None:
    network, evidence, states, complaint = question
    later = add_consequences(network, states, complaint)
    now, beside = (ENGINES["exact"].answer(each, evidence, tuple(network)) for each in (network, later))
    assert beside.log_evidence == pytest.approx(now.log_evidence, rel=1e-9, abs=1e-12)
    for name in network:
        assert beside.marginals[name].tolist() == pytest.approx(now.marginals[name].tolist(), rel=1e-9)


@given(questions(), st.data())
def test_to_set_what_is_certainly_so_already_changes_nothing(question: tuple, data: st.DataObject) -> None:
    network, evidence, chosen, complaint = question
    worlds = [
        world
        for probability, world, _ in Enumeration(network).worlds
        if probability > 0.0 and all(vector[world[name]] > 0.0 for name, vector in evidence.items())
    ]
    world = data.draw(st.sampled_from(worlds))
    states = {name: world[name] for name in chosen}
    known = evidence | {name: np.eye(network.cardinality(name))[state] for name, state in states.items()}
    target = f"{complaint}__later"
    answer = ENGINES["exact"].answer(add_consequences(network, states, complaint), known, (complaint, target))
    now, after = (answer.marginals[each].tolist() for each in (complaint, target))
    assert after == pytest.approx(now, rel=1e-9, abs=1e-12)


@given(questions())
def test_without_evidence_it_is_the_network_with_the_arrows_into_it_cut(question: tuple) -> None:
    network, _, states, complaint = question
    cut = Network(
        Node(name, node.states, Table((), np.eye(len(node.states))[states[name]])) if name in states else node
        for name, node in network.items()
    )
    target = f"{complaint}__later"
    found = ENGINES["exact"].answer(add_consequences(network, states, complaint), {}, (target,))
    expected = Enumeration(cut).marginal(complaint, {})
    assert found.marginals[target].tolist() == pytest.approx(expected, rel=1e-9, abs=1e-12)


@given(
    st.floats(0.01, 0.9),
    st.floats(0.01, 0.9),
    st.floats(0.01, 0.99),
    st.floats(0.01, 0.99),
    st.floats(0.01, 0.9),
)
@settings(max_examples=20)
def test_without_one_of_two_causes_the_complaint_stays_where_the_other_or_the_leak_has_reached_it(
    p: float, q: float, v: float, w: float, leak: float
) -> None:
    states = ("absent", "present")
    reach = [np.array([[0.0], [link]]) for link in (v, w)]
    network = Network(
        [
            Node("a", states, Table((), np.array([1.0 - p, p]))),
            Node("b", states, Table((), np.array([1.0 - q, q]))),
            Node("y", states, NoisyMax(("a", "b"), tuple(reach), np.array([leak]))),
        ]
    )
    later = add_consequences(network, {"a": 0}, "y")
    found = ENGINES["exact"].answer(later, {"y": np.array([0.0, 1.0])}, ("y__later",)).marginals["y__later"]
    without_a = 1.0 - (1.0 - leak) * (1.0 - q * w)
    assert found[1] == pytest.approx(without_a / (1.0 - (1.0 - leak) * (1.0 - p * v) * (1.0 - q * w)))


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
    assert found.now == pytest.approx({"none": 0.0, "soft": 1.0, "loud": 0.0})
    assert found.persists_now == pytest.approx(1.0)
    assert found.persists_after == found.no_better_after == pytest.approx(1.0 - found.after["none"])
    later = add_consequences(model.network, {"rust": 0, "wear": 0}, "squeak")
    answer = ENGINES["pgmpy"].answer(later, diagnosis.evidence.likelihoods, ("squeak__later",))
    assert list(found.after.values()) == pytest.approx(answer.marginals["squeak__later"].tolist())
    already = {each.variable: each.probability for each in found.actions}
    assert already == pytest.approx({name: diagnosis.distribution(name)["absent"] for name in already})
    assert found.reaches


@pytest.mark.parametrize("squeak", ["soft", "loud"])
@pytest.mark.parametrize("cause", ["rust", "wear", "loose_screw"])
def test_what_goes_with_a_cause_is_never_more_than_what_it_is_responsible_for(
    model: dx.Model, squeak: str, cause: str
) -> None:
    evidence = {"squeak": squeak, "rust_meter": "raised", "wobble": True}
    (candidate,) = [each for each in model.diagnose(evidence).differential if each.cause == cause]
    found = do(model, evidence, {cause: "absent"})
    assert candidate.responsibility is not None
    assert found.no_better_after is not None
    assert 0.0 <= 1.0 - found.no_better_after <= candidate.responsibility + 1e-12
    if candidate.responsibility > 0.0:
        assert found.no_better_after < 1.0


def test_how_much_better_is_not_said_where_the_complaint_is_not_known(model: dx.Model) -> None:
    found = do(model, {"wobble": True}, {"wear": False})
    assert found.no_better_after is None


def test_what_does_not_lead_to_the_complaint_leaves_it_as_it_is() -> None:
    model = dx.load_model("chest_clinic")
    diagnosis = model.diagnose({"dyspnoea": True, "chest_xray": "abnormal"})
    found, apart = (
        intervene(model._assembled, diagnosis.evidence, action, diagnosis.engine, "chest_xray")
        for action in ({"smoking": False}, {"bronchitis": False})
    )
    assert (found.reaches, apart.reaches) == (True, False)
    assert found.after["abnormal"] < found.now["abnormal"] == 1.0
    assert apart.after == apart.now == {"normal": 0.0, "abnormal": 1.0}


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
