"""Responsibility against the enumeration of contributions, leaks and suppressions."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from oracle import Enumeration
from strategies import possible_evidence, small_networks
from twitchdx.engines import ENGINES, UNOBSERVED, Answer, Answers, Engine, Rows
from twitchdx.explain import Responsibilities, responsibilities, responsibility
from twitchdx.explain.chains import AT, find_chains, fix_grade
from twitchdx.explain.indicators import add_indicators
from twitchdx.explain.inquiry import Inquiry
from twitchdx.explain.reach import suppose_reached, suppose_unreached
from twitchdx.network import Network, Node, NoisyMax, Table, contribution
from twitchdx.numerics import Array


@dataclass(frozen=True)
class Asking:
    """An engine that is asked a stated number of questions in one network."""

    engine: Engine
    questions_at_once: int

    @property
    def name(self) -> str:
        return self.engine.name

    def answer(self, network: Network, likelihoods: Mapping[str, Array], targets: Collection[str]) -> Answer:
        return self.engine.answer(network, likelihoods, targets)

    def answer_many(self, network: Network, rows: Rows, targets: Collection[str]) -> Answers:
        return self.engine.answer_many(network, rows, targets)


@pytest.fixture(scope="session", params=[(name, count) for name in ENGINES for count in (1, 2, 64)], ids=str)
def engine(request: pytest.FixtureRequest) -> Asking:
    """Each engine, asked one question at a time, two (so that one may be left over), and all."""
    name, count = request.param
    return Asking(ENGINES[name], count)


@st.composite
def questions(draw: st.DrawFn, *, rare: bool = False) -> tuple[Network, str, list[str], Mapping]:
    """A network, a noisy complaint in it, some causes, and evidence from which responsibility follows."""
    network = draw(small_networks(rare=rare, max_nodes=5))
    noisy = [
        name
        for name, node in network.items()
        if isinstance(node.mechanism, NoisyMax) and node.mechanism.producers
    ]
    assume(noisy)
    complaint = draw(st.sampled_from(noisy))
    # The complaint may be a cause of other findings; it does not reach itself.
    causes = draw(st.lists(st.sampled_from(list(network)), unique=True, min_size=1))
    observed = draw(st.sampled_from(sorted(network.descendants([complaint]))))
    evidence = draw(possible_evidence(network, must=[observed]))
    assume(
        any(
            vector.min() < vector.max()
            for name, vector in evidence.items()
            if name in network.descendants([complaint])
        )
    )
    assume(any(Enumeration(network).marginal(complaint, evidence)[1:]))
    return network, complaint, causes, evidence


@given(questions())
def test_it_agrees_with_enumeration_over_the_mechanisms(engine: Engine, question: tuple) -> None:
    network, complaint, causes, evidence = question
    _agrees(engine, network, complaint, causes, evidence)


@given(questions(rare=True))
def test_it_agrees_where_causes_are_rare(engine: Engine, question: tuple) -> None:
    network, complaint, causes, evidence = question
    _agrees(engine, network, complaint, causes, evidence)


def _agrees(engine: Engine, network: Network, complaint: str, causes: list[str], evidence: Mapping) -> None:
    oracle = Enumeration(network, mechanisms=True)
    found = responsibility(network, complaint, causes, evidence, engine)
    assert found is not None
    assert set(found.of) == set(causes)
    for cause in causes:
        expected = oracle.responsibility(complaint, cause, evidence)
        assert found.of[cause] == pytest.approx(expected, rel=1e-9, abs=0.0)
    expected = oracle.unexplained(complaint, causes, evidence)
    assert found.unexplained == pytest.approx(expected, rel=1e-9, abs=0.0)


@given(questions(rare=True), st.data())
def test_every_way_to_ask_agrees_with_enumeration(
    engine: Engine, question: tuple, data: st.DataObject
) -> None:
    network, complaint, causes, evidence = question
    grade = data.draw(st.integers(1, network.cardinality(complaint) - 1))
    observed = {**evidence, complaint: np.eye(network.cardinality(complaint))[grade]}
    oracle = Enumeration(network, mechanisms=True)
    chained = tuple(cause for cause in causes if find_chains(network, complaint, {cause}))
    assume(chained)
    assume(engine.answer(network, observed, ()).log_evidence > -math.inf)
    fixed = fix_grade(network, complaint, grade)
    none = suppose_unreached(fixed, complaint, chained)
    together = (add_indicators(fixed, complaint, chained),)
    selected = (suppose_reached(fixed, complaint, chained),)
    one_by_one = tuple(suppose_reached(fixed, complaint, (cause,)) for cause in chained)
    for indicated, supposed in ((together, ()), ((), selected), ((), one_by_one)):
        inquiry = Inquiry(complaint, chained, fixed, indicated, supposed, none)
        found = inquiry.answer(_rows([evidence]), engine.answer_many)
        for cause, reached in zip(chained, found.reached, strict=True):
            expected = oracle.responsibility(complaint, cause, observed)
            assert reached.tolist() == pytest.approx([expected], rel=1e-10, abs=0.0)
        expected = oracle.unexplained(complaint, chained, observed)
        assert found.unreached.tolist() == pytest.approx([expected], rel=1e-10, abs=0.0)


@given(questions())
def test_it_never_exceeds_the_probability_of_cause_and_complaint(engine: Engine, question: tuple) -> None:
    network, complaint, causes, evidence = question
    found = responsibility(network, complaint, causes, evidence, engine)
    assert found is not None
    posterior = engine.answer(network, evidence, [complaint, *causes]).marginals
    rounding = 1e-12
    for cause in causes:
        assert 0.0 <= found.of[cause] <= posterior[cause][1:].sum() + rounding
        assert found.of[cause] <= posterior[complaint][1:].sum() + rounding
    # Whoever explains it and nobody at all are exhaustive, and nobody excludes each cause.
    present = posterior[complaint][1:].sum()
    assert found.unexplained <= present + rounding
    assert max(found.of.values()) <= present - found.unexplained + rounding
    assert sum(found.of.values()) >= present - found.unexplained - rounding


@given(questions(), st.data())
def test_without_an_observation_below_the_complaint_there_is_none(
    engine: Engine, question: tuple, data: st.DataObject
) -> None:
    network, complaint, causes, _ = question
    below = network.descendants([complaint])
    evidence = data.draw(possible_evidence(network))
    elsewhere = {name: vector for name, vector in evidence.items() if name not in below}
    assert responsibility(network, complaint, causes, elsewhere, engine) is None


@given(questions())
def test_with_the_complaint_absent_there_is_none(engine: Engine, question: tuple) -> None:
    network, complaint, causes, evidence = question
    absent = np.eye(network.cardinality(complaint))[0]
    assert responsibility(network, complaint, causes, {**evidence, complaint: absent}, engine) is None


@given(questions())
def test_a_flat_likelihood_is_no_observation(engine: Engine, question: tuple) -> None:
    network, complaint, causes, _ = question
    flat = {complaint: np.ones(network.cardinality(complaint))}
    assert responsibility(network, complaint, causes, flat, engine) is None


def test_a_complaint_that_other_evidence_excludes_is_absent(engine: Engine) -> None:
    # The sign cannot be there without the complaint, nor the complaint without the cause, which is absent.
    follows = np.array([[1.0, 0.0], [0.5, 0.5]])
    network = Network(
        [
            _root("k", 0.1),
            Node("s", ("absent", "present"), NoisyMax(("k",), (np.array([[0.0], [0.9]]),), np.array([0.0]))),
            Node("sign", ("absent", "present"), Table(("s",), follows)),
        ]
    )
    absent, present = np.eye(2)
    assert responsibility(network, "s", ["k"], {"k": absent, "sign": absent}, engine) is None
    found = responsibility(network, "s", ["k"], {"k": present, "sign": absent}, engine)
    assert found is not None
    assert found.of["k"] == pytest.approx(0.9 * 0.5 / (0.9 * 0.5 + 0.1), rel=1e-12)


def _root(name: str, p: float) -> Node:
    return Node(name, ("absent", "present"), Table((), np.array([1.0 - p, p])))


probabilities = st.floats(0.001, 0.999)


@given(probabilities, probabilities, probabilities, probabilities, probabilities, probabilities)
def test_it_is_the_closed_form_for_a_binary_leaf(
    engine: Engine, p_k: float, p_j: float, w_k: float, w_j: float, leak: float, w_f: float
) -> None:
    """w P(k present, s unobserved, rest of the evidence) / P(evidence)."""
    complaint = NoisyMax(("k", "j"), (np.array([[0.0], [w_k]]), np.array([[0.0], [w_j]])), np.array([leak]))
    other = NoisyMax(("k",), (np.array([[0.0], [w_f]]),), np.array([leak / 2.0]))
    nodes = [_root("k", p_k), _root("j", p_j)]
    network = Network(
        [*nodes, Node("s", ("absent", "present"), complaint), Node("f", ("absent", "present"), other)]
    )
    rest = {"f": np.array([0.0, 1.0])}
    evidence = {**rest, "s": np.array([0.0, 1.0])}
    found = responsibility(network, "s", ["k", "j"], evidence, engine)
    assert found is not None
    for cause, link in (("k", w_k), ("j", w_j)):
        without = math.exp(engine.answer(network, {**rest, cause: np.array([0.0, 1.0])}, ()).log_evidence)
        whole = math.exp(engine.answer(network, evidence, ()).log_evidence)
        assert found.of[cause] == pytest.approx(link * without / whole, rel=1e-9, abs=0.0)


def test_a_chain_through_a_process_counts_and_a_table_breaks_it(engine: Engine) -> None:
    # cause -> process (link 0.5) -> complaint (link 0.4); nothing leaks, so only the chain can explain it.
    link = NoisyMax(("cause",), (np.array([[0.0], [0.5]]),), np.array([0.0]))
    last = NoisyMax(("process",), (np.array([[0.0], [0.4]]),), np.array([0.0]))
    states = ("absent", "present")
    chained = Network([_root("cause", 0.1), Node("process", states, link), Node("s", states, last)])
    present = {"s": np.array([0.0, 1.0])}
    found = responsibility(chained, "s", ["cause"], present, engine)
    assert found is not None
    assert found.of["cause"] == pytest.approx(1.0, rel=1e-12, abs=0.0)
    assert found.unexplained == pytest.approx(0.0, abs=1e-15)
    # The same probabilities as a table: no contribution, no chain.
    table = Node("process", states, Table(("cause",), np.array([[1.0, 0.0], [0.5, 0.5]])))
    broken = Network([_root("cause", 0.1), table, Node("s", states, last)])
    found = responsibility(broken, "s", ["cause"], present, engine)
    assert found is not None
    assert found.of["cause"] == 0.0
    assert found.unexplained == pytest.approx(1.0, rel=1e-12, abs=0.0)


def test_a_cause_on_the_chain_of_another_explains_whatever_it_contributes(engine: Engine) -> None:
    # early -> late -> process -> complaint; `late` may also come by itself, and nothing else does.
    states = ("absent", "present")
    link = (np.array([[0.0], [0.5]]),)
    network = Network(
        [
            _root("early", 0.1),
            Node("late", states, NoisyMax(("early",), link, np.array([0.3]))),
            Node("process", states, NoisyMax(("late",), link, np.array([0.0]))),
            Node("s", states, NoisyMax(("process",), link, np.array([0.0]))),
        ]
    )
    found = responsibility(network, "s", ["early", "late"], {"s": np.array([0.0, 1.0])}, engine)
    assert found is not None
    # P(early contributes to late) / P(late) = 0.05 / (1 - 0.95 * 0.7).
    assert found.of["early"] == pytest.approx(0.05 / 0.335, rel=1e-12, abs=0.0)
    assert found.of["late"] == pytest.approx(1.0, rel=1e-12, abs=0.0)
    assert found.unexplained == 0.0


def test_a_lower_contribution_does_not_explain_a_higher_grade(engine: Engine) -> None:
    # `weak` only ever produces the first grade; the second can come from `strong` or the leak alone.
    noisy = NoisyMax(
        ("weak", "strong"),
        (np.array([[0.0, 0.0], [1.0, 0.0]]), np.array([[0.0, 0.0], [0.5, 0.5]])),
        np.array([0.1, 0.1]),
    )
    states = ("none", "some", "much")
    network = Network([_root("weak", 0.5), _root("strong", 0.5), Node("s", states, noisy)])
    found = responsibility(network, "s", ["weak", "strong"], {"s": np.array([0.0, 0.0, 1.0])}, engine)
    assert found is not None
    assert found.of["weak"] == 0.0
    # P(strong's contribution is 2) / P(2) = 0.25 / (1 - 0.75 * 0.9) = 0.25 / 0.325.
    assert found.of["strong"] == pytest.approx(0.25 / 0.325, rel=1e-12, abs=0.0)


@given(questions(), st.data())
def test_what_is_added_changes_nothing_else(engine: Engine, question: tuple, data: st.DataObject) -> None:
    network, complaint, causes, _ = question
    evidence = data.draw(possible_evidence(network))
    grade = data.draw(st.integers(1, network.cardinality(complaint) - 1))
    rest = {name: vector for name, vector in evidence.items() if name != complaint}
    others = [name for name in network if name != complaint]
    observed = np.eye(network.cardinality(complaint))[grade]
    expected = engine.answer(network, {**rest, complaint: observed}, others)
    assume(expected.log_evidence > -math.inf)
    fixed = fix_grade(network, complaint, grade)
    chained = [cause for cause in causes if find_chains(network, complaint, {cause})]
    indicated = add_indicators(fixed, complaint, chained)
    at = {complaint: np.eye(fixed.cardinality(complaint))[AT]}
    for augmented, given_grade in ((fixed, at), (indicated.network, indicated.given)):
        found = engine.answer(augmented, {**rest, **given_grade}, others)
        assert found.log_evidence == pytest.approx(expected.log_evidence, rel=1e-12, abs=1e-12)
        for name in others:
            before = expected.marginals[name].tolist()
            assert found.marginals[name].tolist() == pytest.approx(before, rel=1e-9, abs=0.0)


@given(questions(rare=True))
def test_marks_leave_every_contribution_as_it_was_to_the_last_bit(question: tuple) -> None:
    network, complaint, causes, _ = question
    network = fix_grade(network, complaint, network.cardinality(complaint) - 1)
    chained = [cause for cause in causes if find_chains(network, complaint, {cause})]
    for marked in (
        suppose_unreached(network, complaint, chained),
        *(suppose_reached(network, complaint, cause) for cause in chained),
    ):
        for name in marked.marked:
            before, after = network[name].mechanism, marked.network[name].mechanism
            assert isinstance(before, NoisyMax)
            assert isinstance(after, NoisyMax)
            original = dict(zip(before.producers, before.reach, strict=True))
            for parent, wide in zip(after.producers, after.reach, strict=True):
                plain = original[parent]
                masses = contribution(plain)
                states = (
                    [0, *np.repeat(range(1, len(plain)), 2)] if parent in marked.marked else range(len(plain))
                )
                for state, row in zip(states, contribution(wide), strict=True):
                    assert (row[1::2] + row[2::2]).tolist() == masses[state, 1:].tolist()
                    assert row[0] == masses[state, 0]
                    # One mark has it all, so that nothing was added up.
                    assert not row[1::2].any() or not row[2::2].any()


@pytest.mark.parametrize("likelihood", [(0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (0.0, 0.5, 1.0)])
def test_a_tiny_responsibility_keeps_its_digits(engine: Engine, likelihood: Sequence[float]) -> None:
    # rare -> process -> complaint, beside a common cause and a leak, with links of 1e-9 next to links near 1.
    p_rare, p_common = 2e-9, 0.3
    to_process = [0.7, 3e-9]
    from_process, from_common, leak = [[0.9, 4e-9], [0.95, 0.6]], [0.8, 5e-9], [0.2, 1e-9]
    states = ("none", "some", "much")
    silent = [0.0, 0.0]
    process = NoisyMax(("rare",), (np.array([silent, to_process]),), np.array([0.1, 0.02]))
    reach = (np.array([silent, *from_process]), np.array([silent, from_common]))
    network = Network(
        [
            _root("rare", p_rare),
            _root("common", p_common),
            Node("process", states, process),
            Node("s", states, NoisyMax(("process", "common"), reach, np.array(leak))),
        ]
    )
    found = responsibility(network, "s", ["rare", "common"], {"s": np.array(likelihood)}, engine)
    assert found is not None

    # In fractions, every combination of contributions.
    def masses(at_least: Sequence[float]) -> list[Fraction]:
        first, second = map(Fraction, at_least)
        return [1 - first, first - second, second]

    def roots(p: float) -> list[Fraction]:
        return [Fraction(1.0 - p), Fraction(p)]

    evidence, by_rare, by_common, by_none = Fraction(0), Fraction(0), Fraction(0), Fraction(0)
    grades = range(3)
    cells = product((0, 1), (0, 1), grades, grades, grades, grades, grades)
    for rare, common, through, background, own, other, leaked in cells:
        at = max(through, background)
        weight = roots(p_rare)[rare] * roots(p_common)[common]
        weight *= masses([silent, to_process][rare])[through] * masses([0.1, 0.02])[background]
        weight *= masses([silent, *from_process][at])[own] * masses([silent, from_common][common])[other]
        weight *= masses(leak)[leaked] * Fraction(likelihood[max(own, other, leaked)])
        grade = max(own, other, leaked)
        evidence += weight
        reached = [own == grade > 0 and through == at > 0, other == grade > 0]
        by_rare += weight * reached[0]
        by_common += weight * reached[1]
        by_none += weight * (grade > 0 and not any(reached))
    assert by_rare / evidence < 1e-8
    assert found.of["rare"] == pytest.approx(float(by_rare / evidence), rel=1e-10, abs=0.0)
    assert found.of["common"] == pytest.approx(float(by_common / evidence), rel=1e-10, abs=0.0)
    assert found.unexplained == pytest.approx(float(by_none / evidence), rel=1e-10, abs=0.0)


def _rows(patients: Sequence[Mapping[str, Array]]) -> Rows:
    """Patients in a table; what is certain as a state, everything else as a row of likelihoods."""
    names = tuple(dict.fromkeys(name for each in patients for name in each))
    codes = np.full([len(patients), len(names)], UNOBSERVED, dtype=np.int32)
    likelihoods = []
    for column, name in enumerate(names):
        vectors: list[Array] = []
        states = next(len(each[name]) for each in patients if name in each)
        for row, vector in enumerate(each.get(name) for each in patients):
            if vector is None:
                continue
            if np.count_nonzero(vector) == 1:
                codes[row, column] = np.flatnonzero(vector)[0]
            else:
                codes[row, column] = UNOBSERVED - 1 - len(vectors)
                vectors.append(vector)
        likelihoods.append(np.reshape(vectors, [len(vectors), states]).astype(np.float64))
    return Rows(names, codes, tuple(likelihoods))


@given(questions(), st.data())
def test_many_patients_have_the_bits_of_each_alone(
    engine: Engine, question: tuple, data: st.DataObject
) -> None:
    network, complaint, causes, evidence = question
    others = data.draw(st.lists(possible_evidence(network), max_size=4))
    patients = [*others, evidence, {**evidence, complaint: np.eye(network.cardinality(complaint))[0]}, {}]
    found = responsibilities(network, complaint, causes, _rows(patients), engine)
    assert set(found.of) == set(causes)
    assert not found.cells.any()
    for row, patient in enumerate(patients):
        possible = engine.answer(network, patient, ()).log_evidence > -math.inf
        alone = responsibility(network, complaint, causes, patient, engine) if possible else None
        assert found.known[row] == (alone is not None)
        expected = dict.fromkeys(causes, 0.0) if alone is None else alone.of
        assert {cause: shares[row] for cause, shares in found.of.items()} == expected
        assert found.unexplained[row] == (0.0 if alone is None else alone.unexplained)


def test_nobody_is_asked_of_no_patients(engine: Engine) -> None:
    noisy = NoisyMax(("k",), (np.array([[0.0], [0.9]]),), np.array([0.1]))
    network = Network([_root("k", 0.1), Node("s", ("absent", "present"), noisy)])
    nobody = Rows(("s",), np.zeros([0, 1], dtype=np.int32), (np.zeros([0, 2]),))
    found: Responsibilities = responsibilities(network, "s", ["k"], nobody, engine)
    assert found.of["k"].shape == found.unexplained.shape == found.known.shape == (0,)
