"""Each kind of expectation is met where the answer says so, and only there."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path
from typing import Any

import pytest

import twitchdx as dx
from models import write_model
from twitchdx.spec import Expectation, LevelRange, ProbabilityRange, Vignette
from twitchdx.validation import VignetteResult, check_vignette, read_validation, validate_model
from validating import VIGNETTES, changed, write_validation

EVIDENCE = {"squeak": "loud", "wobble": True}


@functools.cache
def hinge() -> dx.Model:
    with tempfile.TemporaryDirectory() as folder:
        return dx.load_model(write_model(Path(folder) / "hinge"))


def result(evidence: dict[str, Any] | None = None, **expect: Any) -> VignetteResult:
    vignette = Vignette(
        title="x", evidence=EVIDENCE if evidence is None else evidence, expect=Expectation(**expect)
    )
    return check_vignette(hinge(), "x", vignette)


def answer() -> dx.Diagnosis:
    return hinge().diagnose(EVIDENCE)


def order() -> list[str]:
    return [each.cause for each in answer().differential]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_the_leading_cause_is_the_first_of_the_differential(place: int) -> None:
    assert result(leading=(order()[place],)).failed == (place > 0)
    assert not result(leading=tuple(order())).failed


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_cause_is_among_the_first_down_to_its_place(place: int) -> None:
    met = [not result(among_first={order()[place]: worst}).failed for worst in (1, 2, 3)]
    assert met == [place + 1 <= worst for worst in (1, 2, 3)]


def test_one_cause_is_above_another_in_one_order_only() -> None:
    first, _, last = order()
    assert not result(above=((first, last),)).failed
    assert result(above=((last, first),)).failed


@pytest.mark.parametrize("what", ["probability", "responsibility"])
def test_bounds_hold_up_to_the_number_itself(what: str) -> None:
    for candidate in answer().differential:
        value = getattr(candidate, what)
        for bounds, met in (
            (ProbabilityRange(at_least=value), True),
            (ProbabilityRange(at_least=value + 1e-9), False),
            (ProbabilityRange(below=value), False),
            (ProbabilityRange(below=value + 1e-9), True),
            (ProbabilityRange(at_least=value, below=value + 1e-9), True),
            (ProbabilityRange(at_least=value + 1e-9, below=1.0), False),
        ):
            assert result(**{what: {candidate.cause: bounds}}).failed != met


def test_without_the_complaint_no_bound_on_a_responsibility_holds() -> None:
    bounds = {"rust": ProbabilityRange(below=1.0)}
    assert result(responsibility=bounds).failed is False
    found = result({"squeak": "none"}, responsibility=bounds)
    assert [each.found for each in found.unmet] == ["there is none"]


@pytest.mark.parametrize(
    ("low", "high", "met"),
    [
        ("emergency", None, True),
        ("soon", None, True),
        (None, "emergency", True),
        (None, "urgent", False),
        ("self_care", "soon", False),
        ("emergency", "emergency", True),
    ],
)
def test_the_level_of_care_lies_between_its_bounds(low: Any, high: Any, met: bool) -> None:
    assert result().level == "emergency"
    assert result(triage=LevelRange(at_least=low, at_most=high)).failed != met


def test_steps_tests_and_kinds_are_those_that_are_offered() -> None:
    offered = {each.id for each in answer().next_steps}
    assert offered == {"seek_care", "oil_it", "measure_rust"}
    assert not result(steps=tuple(offered), tests=("rust_meter",), no_kinds=("question", "treatment")).failed
    assert result(steps=("ask_for_wobble",)).failed
    assert result({"squeak": "none"}, tests=("rust_meter",)).failed
    found = result(no_kinds=("self_care", "test"))
    assert [each.found for each in found.unmet] == ["oil_it", "measure_rust"]


def test_every_expectation_is_looked_at() -> None:
    found = result(
        leading=("rust", "wear"), above=(("wear", "loose_screw"), ("loose_screw", "wear")), steps=("oil_it",)
    )
    assert [each.met for each in found.expectations] == [True, True, False, True]


def test_impossible_evidence_fails_and_says_what_excludes_what() -> None:
    found = result({"squeak": "loud", "annoyed_owner": False}, leading=("rust", "wear", "loose_screw"))
    assert (found.failed, found.leading, found.level) == (True, "", None)
    assert "annoyed_owner" in found.unmet[0].found


def test_a_report_names_what_failed(tmp_path: Path) -> None:
    vignettes = changed(VIGNETTES, ("no_kinds: [self_care]", "no_kinds: [question]"))
    for text, failures in ((VIGNETTES, ()), (vignettes, ("damp_cellar",))):
        folder = write_validation(tmp_path / "hinge", vignettes=text)
        assert validate_model(dx.load_model(folder), read_validation(folder)).failures == failures
