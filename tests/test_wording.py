"""Explanations in words: every word from the ledger, no false certainty, nothing left out that weighs."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import twitchdx as dx
from explaining import case_of
from models import write_model
from twitchdx.explain.ledger import explain_cause
from twitchdx.explain.wording import put_in_words, spoken_frequency

CREAKING: dict[str, Any] = {"squeak": "loud", "season": "damp", "wobble": False, "rust_meter": "raised"}


@pytest.fixture(scope="module")
def hinge(tmp_path_factory: pytest.TempPathFactory) -> dx.Model:
    return dx.load_model(write_model(tmp_path_factory.mktemp("models") / "squeaking_hinge"))


def read_frequency(said: str) -> float:
    """The number that a reader understands."""
    if said.startswith("all but "):
        return 1.0 - read_frequency(said.removeprefix("all but "))
    count, whole = re.fullmatch(r"(?:fewer than )?([\d,]+) in ([\d,]+)", said).groups()  # type: ignore[union-attr]
    return int(count.replace(",", "")) / int(whole.replace(",", ""))


@given(st.floats(0.0, 1.0))
def test_a_frequency_is_read_as_it_was_meant_and_never_as_nought_or_all(probability: float) -> None:
    said = spoken_frequency(probability)
    read = read_frequency(said)
    assert 0.0 < read < 1.0
    if said.startswith("fewer"):
        assert probability < read
    elif said.startswith("all but fewer"):
        assert probability > read
    elif said.startswith("all but"):
        assert 1.0 - read == pytest.approx(1.0 - probability, rel=0.051)
    else:
        assert read == pytest.approx(probability, rel=0.051, abs=0.0051 * (probability > 0.02))


@given(st.floats(1e-9, 1.0), st.floats(1e-9, 1.0))
def test_a_larger_probability_is_never_said_as_a_smaller_one(first: float, second: float) -> None:
    low, high = sorted((first, second))
    assert read_frequency(spoken_frequency(low)) <= read_frequency(spoken_frequency(high)) * (1 + 1e-12)


@pytest.mark.parametrize(
    ("probability", "verdict"),
    [
        (0.95, "very likely"),
        (0.7, "likely"),
        (0.5, "about as likely as not"),
        (0.2, "possible, though less likely than not"),
        (0.05, "unlikely"),
        (0.0001, "very unlikely"),
    ],
)
def test_the_verdict_follows_the_probability(hinge: dx.Model, probability: float, verdict: str) -> None:
    ledger = replace(explain_cause(case_of(hinge, CREAKING), "rust"), posterior=probability)
    assert put_in_words(ledger).patient.startswith(f"Rust: {verdict}. ")


def test_both_paragraphs_name_what_speaks_for_and_against(hinge: dx.Model) -> None:
    for cause in hinge.causes:
        ledger = explain_cause(case_of(hinge, CREAKING), cause)
        words = put_in_words(ledger)
        for said, heads in (
            (words.patient, ("What makes it more likely: ", "What makes it less likely: ")),
            (words.clinician, ("For: ", "Against: ")),
        ):
            for head, entries in zip(heads, (ledger.findings_for, ledger.findings_against), strict=True):
                after = said.partition(head)[2].partition(". ")[0]
                for each in entries:
                    assert f"{each.label} ({each.state_label})" in after
        assert spoken_frequency(ledger.posterior) in words.patient
        assert spoken_frequency(ledger.prior) in words.patient
        assert "can be wrong" in words.patient
        assert "it cannot examine you" in words.patient


def test_the_clinician_gets_figures_method_and_the_weakest_number(hinge: dx.Model) -> None:
    ledger = explain_cause(case_of(hinge, CREAKING), "rust")
    said = put_in_words(ledger).clinician
    assert ledger.weakest is not None
    number = ledger.weakest.number
    assert f"{number.path} = {number.value:g}" in said
    assert number.grade in said
    assert all(source in said for source in number.sources)
    assert "Shapley values over all 16 sets of 4 observations" in said
    for entry in (*ledger.findings_for, *ledger.findings_against):
        assert f"{entry.decibans:+.1f} dB".replace("-", "\u2212") in said
    assert hinge.variables["squeak"].label in said


def test_what_is_certain_is_said_with_its_reason(hinge: dx.Model) -> None:
    words = put_in_words(explain_cause(case_of(hinge, {"rust": "mild", "squeak": "loud"}), "rust"))
    assert words.patient.startswith(
        "Rust: present for certain in this model, because of: Rust (a little rust)."
    )


def test_every_cause_of_the_shipped_model_can_be_put_in_words() -> None:
    model = dx.load_model("knee_twitching")
    evidence = {
        "age": 34,
        "muscle_twitching": "frequent",
        "caffeine_intake": "high",
        "muscle_weakness": False,
    }
    case = case_of(model, evidence)
    for cause in model.causes:
        words = put_in_words(explain_cause(case, cause))
        for said in (words.patient, words.clinician):
            assert said.startswith(model.causes[cause].label)
            assert said.endswith(".")
            assert not re.search(r"nan|inf\b|None|  |\.\.|: \.", said)
        # Weights in decibans are for professionals.
        assert "dB" not in words.patient
