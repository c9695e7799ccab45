"""Laws of `Engine.answer_many`: every row has the bits that it has alone, whatever stands beside it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies import any_evidence, as_rows, possible_evidence, small_networks
from twitchdx.engines import ENGINES, UNOBSERVED, Answers, Engine, Rows, ThreadedEngine
from twitchdx.network import Network, Node, NoisyMax, Table
from twitchdx.numerics import Array

Patients = list[dict[str, Array]]


@pytest.fixture(scope="module")
def engine(every_engine: Engine) -> Engine:
    return every_engine


@st.composite
def cohorts(draw: st.DrawFn, *, max_size: int = 6) -> tuple[Network, Patients]:
    """A network and some patients: hard, soft, empty and impossible evidence, and duplicates."""
    network = draw(st.one_of(small_networks(max_nodes=5), small_networks(rare=True, max_nodes=5)))
    kinds = st.one_of(possible_evidence(network), any_evidence(network), st.just({}))
    patients = draw(st.lists(kinds, min_size=1, max_size=max_size))
    patients.extend(draw(st.lists(st.sampled_from(patients), max_size=2)))
    return network, draw(st.permutations(patients))


def bits(answers: Answers, row: int) -> tuple[str, ...]:
    """Everything that is answered for one row, to the last bit."""
    return (
        float(answers.log_evidence[row]).hex(),
        float(answers.cells[row]).hex(),
        *(
            f"{name} {np.ascontiguousarray(each[row]).tobytes().hex()}"
            for name, each in sorted(answers.marginals.items())
        ),
    )


def all_bits(answers: Answers) -> list[tuple[str, ...]]:
    return [bits(answers, row) for row in range(len(answers.log_evidence))]


@given(cohorts())
def test_each_row_has_the_bits_of_the_patient_alone(engine: Engine, cohort: tuple[Network, Patients]) -> None:
    network, patients = cohort
    targets = list(network)
    answers = engine.answer_many(network, as_rows(network, patients), targets)
    assert set(answers.marginals) == set(targets)
    assert answers.log_evidence.shape == answers.cells.shape == (len(patients),)
    for row, patient in enumerate(patients):
        alone = engine.answer(network, patient, targets)
        assert answers.log_evidence[row] == alone.log_evidence
        assert answers.cells[row] == 0
        for name in targets:
            expected = alone.marginals.get(name, np.zeros(network.cardinality(name)))
            assert answers.marginals[name][row].tobytes() == expected.tobytes()
    # Minus infinity and zeros, which is what the loop has compared, are what the contract says; never NaN.
    impossible = np.isneginf(answers.log_evidence)
    for name in targets:
        assert (answers.marginals[name][impossible] == 0.0).all()
        assert answers.marginals[name][~impossible].sum(axis=1) == pytest.approx(1.0, abs=1e-12)


@given(cohorts(max_size=8), st.data())
def test_order_and_company_of_rows_never_matter(
    engine: Engine, cohort: tuple[Network, Patients], data: st.DataObject
) -> None:
    network, patients = cohort
    rows, targets = as_rows(network, patients), list(network)
    expected = all_bits(engine.answer_many(network, rows, targets))
    chosen = data.draw(st.lists(st.integers(0, len(patients) - 1)))
    some = engine.answer_many(network, replace(rows, codes=rows.codes[chosen]), targets)
    assert all_bits(some) == [expected[row] for row in chosen]


@given(cohorts(max_size=8), st.data())
def test_chunks_give_the_same_as_the_whole(
    engine: Engine, cohort: tuple[Network, Patients], data: st.DataObject
) -> None:
    network, patients = cohort
    rows, targets = as_rows(network, patients), list(network)
    cut = data.draw(st.integers(0, len(patients)))
    chunks = [replace(rows, codes=part) for part in (rows.codes[:cut], rows.codes[cut:])]
    parts = [all_bits(engine.answer_many(network, chunk, targets)) for chunk in chunks]
    assert parts[0] + parts[1] == all_bits(engine.answer_many(network, rows, targets))


@given(cohorts(), st.data())
def test_order_of_columns_and_targets_and_layout_in_memory_never_matter(
    engine: Engine, cohort: tuple[Network, Patients], data: st.DataObject
) -> None:
    network, patients = cohort
    rows, targets = as_rows(network, patients), list(network)
    order = data.draw(st.permutations(range(len(rows.variables))))
    shuffled = Rows(
        tuple(rows.variables[column] for column in order),
        # A strided view of a larger array, in the order of Fortran.
        np.repeat(np.asfortranarray(rows.codes[:, order]), 2, axis=0)[::2],
        tuple(np.repeat(rows.likelihoods[column], 2, axis=1)[:, ::2] for column in order),
    )
    again = engine.answer_many(network, shuffled, data.draw(st.permutations(targets)))
    assert all_bits(again) == all_bits(engine.answer_many(network, rows, targets))


@given(cohorts())
def test_the_rows_are_only_read(engine: Engine, cohort: tuple[Network, Patients]) -> None:
    network, patients = cohort
    rows = as_rows(network, patients)
    rows.codes.setflags(write=False)
    before = rows.codes.tobytes(), [each.tobytes() for each in rows.likelihoods]
    engine.answer_many(network, rows, list(network))
    assert before == (rows.codes.tobytes(), [each.tobytes() for each in rows.likelihoods])


@given(cohorts(), st.data())
def test_a_likelihood_that_is_certain_is_the_state(
    engine: Engine, cohort: tuple[Network, Patients], data: st.DataObject
) -> None:
    network, patients = cohort
    hard, targets = as_rows(network, patients), list(network)
    codes, tables = hard.codes.copy(), []
    for column, (name, soft) in enumerate(zip(hard.variables, hard.likelihoods, strict=True)):
        certain = data.draw(st.booleans())
        first = len(soft)
        tables.append(np.concatenate([soft, np.eye(network.cardinality(name))]))
        if certain:
            codes[:, column] = np.where(
                codes[:, column] >= 0, UNOBSERVED - 1 - first - codes[:, column], codes[:, column]
            )
    same = Rows(hard.variables, codes, tuple(tables))
    assert all_bits(engine.answer_many(network, same, targets)) == all_bits(
        engine.answer_many(network, hard, targets)
    )


@given(small_networks(), st.data())
def test_nothing_observed_gives_the_prior_in_every_row(
    engine: Engine, network: Network, data: st.DataObject
) -> None:
    prior = engine.answer(network, {}, list(network))
    columns = data.draw(st.lists(st.sampled_from(list(network)), unique=True))
    rows = Rows(
        tuple(columns),
        np.full([3, len(columns)], UNOBSERVED, dtype=np.int32),
        tuple(np.zeros([0, network.cardinality(name)]) for name in columns),
    )
    answers = engine.answer_many(network, rows, list(network))
    assert answers.log_evidence.tolist() == [prior.log_evidence] * 3
    for name in network:
        assert answers.marginals[name].tolist() == [prior.marginals[name].tolist()] * 3


@given(cohorts())
def test_no_rows_and_no_targets(engine: Engine, cohort: tuple[Network, Patients]) -> None:
    network, patients = cohort
    rows, targets = as_rows(network, patients), list(network)
    nobody = engine.answer_many(network, replace(rows, codes=rows.codes[:0]), targets)
    assert nobody.log_evidence.shape == nobody.cells.shape == (0,)
    assert {name: each.shape for name, each in nobody.marginals.items()} == {
        name: (0, network.cardinality(name)) for name in targets
    }
    nothing = engine.answer_many(network, rows, [])
    assert nothing.marginals == {}
    expected = [engine.answer(network, patient, []).log_evidence for patient in patients]
    assert nothing.log_evidence.tolist() == expected


def test_many_duplicates_and_many_patterns(engine: Engine) -> None:
    # Every pattern of observed, not observed and soft over five findings of two causes, three times each.
    network = _small()
    findings = [name for name in network if name.startswith("f")]
    soft = np.array([0.3, 1.0])
    choices = (None, *np.eye(2), soft)
    patients: Patients = [{}]
    for name in findings:
        patients = [{**old, **_about(name, new)} for old in patients for new in choices]
    step = 7 if engine.name == "pgmpy" else 1
    patients = patients[::step] * 3
    answers = engine.answer_many(network, as_rows(network, patients), ["a", "b"])
    third = len(patients) // 3
    found = all_bits(answers)
    assert found[:third] == found[third : 2 * third] == found[2 * third :]
    # The law of total probability, over all patterns of states: each hard pattern once sums to 1.
    hard = [
        math.exp(answers.log_evidence[row])
        for row, patient in enumerate(patients[:third])
        if len(patient) == len(findings) and all(v.min() == 0.0 for v in patient.values())
    ]
    if step == 1:
        assert len(hard) == 2 ** len(findings)
        assert math.fsum(hard) == pytest.approx(1.0, rel=1e-13, abs=0.0)


def _about(name: str, vector: Array | None) -> dict[str, Array]:
    return {} if vector is None else {name: vector}


def _small() -> Network:
    binary = ("absent", "present")
    nodes = [Node(name, binary, Table((), np.array([1.0 - p, p]))) for name, p in (("a", 0.1), ("b", 1e-6))]
    for k in range(5):
        reach = (np.array([[0.0], [0.2 + 0.1 * k]]), np.array([[0.0], [0.9 - 0.1 * k]]))
        nodes.append(Node(f"f{k}", binary, NoisyMax(("a", "b"), reach, np.array([0.01 * k]))))
    return Network(nodes)


@pytest.mark.parametrize("dtype", [np.int8, np.int32, np.int64])
def test_codes_of_any_type_are_understood_and_none_is_trusted(dtype: type[np.signedinteger]) -> None:
    engine = ENGINES["exact"]
    states = ("absent", "present")
    nodes = [Node("x", states, Table((), np.array([0.3, 0.7])))]
    table = Table(("x",), np.array([[0.9, 0.1], [0.2, 0.8]]))
    network = Network([*nodes, Node("y", states, table), Node("z", states, table)])
    nothing = (np.empty((0, 2)), np.empty((0, 2)))
    codes = np.array([[1, 0], [1, 1], [-1, 1]], dtype=dtype)
    found = engine.answer_many(network, Rows(("y", "z"), codes, nothing), ["x"]).marginals["x"]
    # P(x) P(y | x) P(z | x) by hand.
    masses = np.array([[0.3 * 0.1 * 0.9, 0.7 * 0.8 * 0.2], [0.3 * 0.01, 0.7 * 0.64], [0.3 * 0.1, 0.7 * 0.8]])
    expected = masses / masses.sum(axis=1, keepdims=True)
    assert found.ravel().tolist() == pytest.approx(expected.ravel().tolist(), rel=1e-14)
    for wrong in (2, -2):
        with pytest.raises(ValueError, match="y: codes"):
            engine.answer_many(network, Rows(("y", "z"), np.array([[wrong, 0]], dtype=dtype), nothing), ["x"])
    with pytest.raises(ValueError, match="y: 2 likelihoods are needed"):
        engine.answer(network, {"y": np.ones(3)}, ["x"])


@given(cohorts(max_size=5), st.integers(3, 9))
def test_rows_that_threads_share_have_the_same_bits(cohort: tuple[Network, Patients], times: int) -> None:
    network, patients = cohort
    rows = as_rows(network, patients * times)
    alone = ENGINES["exact"].answer_many(network, rows, tuple(network))
    shared = ThreadedEngine(ENGINES["exact"]).answer_many(network, rows, tuple(network))
    for row in range(len(rows.codes)):
        assert bits(shared, row) == bits(alone, row)
