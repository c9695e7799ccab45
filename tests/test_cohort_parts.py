"""The parts of the cohort against their plain counterparts: conditions, measurements, equal rows."""

from __future__ import annotations

import dataclasses
import math
from collections import defaultdict
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import twitchdx as dx
from models import write_model
from twitchdx.care.columns import (
    Situations,
    holds_for,
    levels_of_care,
    observed_states,
    unexplained_situations,
)
from twitchdx.cohort import duplicates
from twitchdx.cohort.duplicates import group_rows
from twitchdx.cohort.encoding import states_of_numbers
from twitchdx.engines import Rows
from twitchdx.errors import Issue
from twitchdx.evidence import parse_value
from twitchdx.spec import LEVELS, CareLevel, Condition, Distribution, Threshold, TriageRule, Variable
from twitchdx.steps import Situation, TriageRules, predicate

STATES = ("none", "some", "much")
SPECS = {
    name: Variable(
        label=name, definition="", distribution=Distribution(), states={each: each for each in STATES}
    )
    for name in "abc"
}
# Few values, so that bounds are met exactly.
SHARES = st.sampled_from((0.0, 0.1, 0.25, 0.5, 1.0))
THRESHOLDS = st.one_of(st.builds(Threshold, at_least=SHARES), st.builds(Threshold, below=SHARES))
BOUNDS = st.dictionaries(st.sampled_from("xy"), THRESHOLDS, max_size=2)
LEAVES = st.builds(
    Condition,
    evidence=st.dictionaries(
        st.sampled_from("abc"),
        st.lists(st.sampled_from(STATES), unique=True, max_size=2).map(tuple),
        max_size=2,
    ),
    posterior=BOUNDS,
    responsibility=BOUNDS,
)


def _nest(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    parts = st.lists(inner, max_size=3).map(tuple)
    return st.builds(
        lambda leaf, every, some: dataclasses.replace(leaf, all=every, any=some), LEAVES, parts, parts
    )


CONDITIONS = st.recursive(LEAVES, _nest, max_leaves=6)


@st.composite
def situations(draw: st.DrawFn) -> list[Situation]:
    """Some patients; variable c is observed of none."""
    patient = st.builds(
        Situation,
        states=st.dictionaries(st.sampled_from("ab"), st.sampled_from(STATES)),
        probability=st.fixed_dictionaries({"x": SHARES, "y": SHARES}),
        responsibility=st.none() | st.fixed_dictionaries({"x": SHARES, "y": SHARES}),
    )
    return draw(st.lists(patient, min_size=1, max_size=8))


def in_columns(patients: list[Situation], *, computed: bool = True) -> Situations:
    """The same patients in columns, with their responsibilities or with bounds on them."""
    share = {
        cause: np.array([(each.responsibility or {"x": 0.0, "y": 0.0})[cause] for each in patients])
        for cause in "xy"
    }
    has_any = np.array([each.responsibility is not None for each in patients])
    half = np.arange(len(patients)) % 2 == 0
    return Situations(
        len(patients),
        {
            name: np.array(
                [STATES.index(each.states[name]) if name in each.states else -1 for each in patients]
            )
            for name in "ab"
        },
        {cause: np.array([each.probability[cause] for each in patients]) for cause in "xy"},
        share if computed else {cause: values * half for cause, values in share.items()},
        share if computed else {cause: values + 0.3 * half for cause, values in share.items()},
        has_any if computed else has_any & half,
        has_any if computed else has_any | half,
    )


@given(CONDITIONS, situations())
def test_a_condition_holds_for_many_as_for_each(condition: Condition, patients: list[Situation]) -> None:
    surely, possibly = holds_for(condition, in_columns(patients), SPECS)
    assert surely.tolist() == possibly.tolist() == [predicate(condition)(each) for each in patients]


@given(CONDITIONS, situations())
def test_bounds_on_responsibilities_bound_what_holds(condition: Condition, patients: list[Situation]) -> None:
    surely, possibly = holds_for(condition, in_columns(patients, computed=False), SPECS)
    for low, found, high in zip(
        surely, (predicate(condition)(each) for each in patients), possibly, strict=True
    ):
        assert low <= found <= high


def test_before_any_is_computed_a_responsibility_is_bounded_by_the_probability() -> None:
    codes = np.array([[0, 1], [-1, 1], [2, -1], [-2, -1]], dtype=np.int32)
    rows = Rows(("complaint", "sign"), codes, (np.array([[0.1, 0.9, 1.0]]), np.zeros((0, 2))))
    probability = {"x": np.array([0.1, 0.2, 0.3, 0.4])}
    found = unexplained_situations(rows, probability, "complaint")
    assert found.known.tolist() == [False, False, True, False]
    assert (found.least["x"] <= probability["x"]).all()
    assert (found.greatest["x"] >= probability["x"]).all()
    assert found.greatest["x"] == pytest.approx(probability["x"], rel=1e-8)


@given(st.lists(st.tuples(st.sampled_from(LEVELS), CONDITIONS), max_size=4), situations())
def test_the_level_of_many_is_that_of_each(
    asked: list[tuple[Any, Condition]], patients: list[Situation]
) -> None:
    rules = {
        str(number): TriageRule(label="", level=level, when=when, reason="")
        for number, (level, when) in enumerate(asked)
    }
    care = {level: CareLevel(label="", action="", reason="") for level in LEVELS}
    found = levels_of_care(rules.values(), in_columns(patients), SPECS)
    assert found[0].tolist() == found[1].tolist()
    assert [LEVELS[level] for level in found[0]] == [
        (t := TriageRules(rules, care)).triage(t.fired(each)).level for each in patients
    ]


def test_soft_evidence_counts_as_its_most_supported_state() -> None:
    tables = (np.array([[0.5, 1.0, 0.2], [1.0, 1.0, 1.0]]), np.zeros((0, 3)))
    rows = Rows(("a", "b"), np.array([[-1, 2], [-2, 1], [-3, 0], [2, -1]], dtype=np.int32), tables)
    found = {name: states.tolist() for name, states in observed_states(rows).items()}
    assert found == {"a": [-1, 1, 0, 2], "b": [2, 1, 0, -1]}


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, Variable]]:
    """Every variable that takes a number, of two models, and one that does not."""
    models = [
        dx.load_model("knee_twitching"),
        dx.load_model(write_model(tmp_path_factory.mktemp("models") / "squeaking_hinge")),
    ]
    variables = [pair for model in models if model.spec for pair in model.spec.variables().items()]
    found = [(name, each) for name, (_, each) in variables if each.measurement is not None]
    assert len(found) > 10
    return [*found, ("rust", SPECS["a"])]


@given(st.data())
def test_many_numbers_lie_in_the_bands_of_each(
    measured: list[tuple[str, Variable]], data: st.DataObject
) -> None:
    name, variable = data.draw(st.sampled_from(measured))
    edges = [0.0, 5.0]
    if variable.measurement is not None:
        plausible = variable.measurement.plausible
        bands = variable.measurement.bands.values()
        edges = [plausible.at_least, plausible.below]
        edges += [end for band in bands for end in (band.at_least, band.below) if end is not None]
    near = [
        each
        for edge in edges
        for each in (edge, math.nextafter(edge, -math.inf), math.nextafter(edge, math.inf))
    ]
    numbers = data.draw(
        st.lists(st.sampled_from([*near, math.inf, -math.inf]) | st.floats(allow_nan=False), min_size=1)
    )
    expected = []
    for number in numbers:
        found = parse_value(name, number, variable)
        expected.append(-1 if isinstance(found, Issue) else list(variable.states).index(str(found.state)))
    assert states_of_numbers(np.array(numbers), variable).tolist() == expected
    assert states_of_numbers(np.array([math.nan]), variable).tolist() == [-1]


MATRICES = st.integers(0, 4).flatmap(
    lambda width: st.lists(st.lists(st.integers(-3, 3), min_size=width, max_size=width), max_size=30).map(
        lambda rows: np.array(rows, dtype=np.int8).reshape(len(rows), width)
    )
)


@pytest.mark.parametrize("collide", [False, True])
@given(MATRICES)
@example(np.zeros((0, 0), dtype=np.int8))
def test_rows_are_grouped_by_all_that_they_hold(collide: bool, codes: Any) -> None:
    with pytest.MonkeyPatch.context() as patch:
        if collide:  # different rows of the same hash must still be told apart
            patch.setattr(duplicates, "_hash", lambda matrix: np.zeros(len(matrix), dtype=np.uint64))
        grouped = group_rows(np.asfortranarray(codes))
    expected = defaultdict(list)
    for row, cells in enumerate(codes.tolist()):
        expected[tuple(cells)].append(row)
    found = []
    for kind in range(len(grouped)):
        members, kinds = grouped.scatter(kind, kind + 1)
        assert kinds.tolist() == [0] * len(members)
        assert grouped.first[kind] == members[0]
        found.append(sorted(members.tolist()))
    assert sorted(found) == sorted(expected.values())
    members, kinds = grouped.scatter(0, len(grouped))
    assert (codes[members] == codes[grouped.first[kinds]]).all()
