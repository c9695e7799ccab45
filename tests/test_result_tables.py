"""How results show: as text, as cards, as data frames and as plain data."""

from __future__ import annotations

import dataclasses
import html
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import twitchdx as dx
from models import write_model
from twitchdx.diagnosis import Diagnosis
from twitchdx.errors import OptionError
from twitchdx.tables import Tabled

EVIDENCE = {"squeak": "loud", "wobble": True, "rust_meter": 7}
CASES = {"loud": {"squeak": "loud"}, "wobbling": {"wobble": True}}
LINK = "causes.wear.distribution.noisy_or.links.age.old"


@pytest.fixture(scope="module")
def hinge(tmp_path_factory: pytest.TempPathFactory) -> dx.Model:
    return dx.load_model(write_model(tmp_path_factory.mktemp("models") / "squeaking_hinge"))


@pytest.fixture(scope="module")
def answer(hinge: dx.Model) -> Diagnosis:
    return hinge.diagnose(EVIDENCE)


RESULTS: dict[str, Callable[[dx.Model, Diagnosis], Tabled]] = {
    "sample": lambda _, answer: answer.sample(20, responsibilities=True),
    "care_thresholds": lambda _, answer: answer.care_thresholds,
    "explain": lambda _, answer: answer.explain("rust"),
    "contrast": lambda _, answer: answer.contrast("rust", "wear"),
    "joint_explanations": lambda _, answer: answer.joint_explanations(),
    "fit": lambda _, answer: answer.fit(surprise=True),
    "what_if": lambda _, answer: answer.what_if({"wobble": None}),
    "sensitivity": lambda _, answer: answer.sensitivity(["rust"]),
    "do": lambda _, answer: answer.do({"rust": "absent"}),
    "compare": lambda model, _: model.compare(model.with_parameters({LINK: 0.35}), CASES),
    "in_words": lambda _, answer: answer.in_words(),
}


@pytest.mark.parametrize("name", RESULTS)
def test_results_are_frozen_plain_data_that_show_in_three_ways(
    hinge: dx.Model, answer: Diagnosis, name: str
) -> None:
    result: Any = RESULTS[name](hinge, answer)
    with pytest.raises(AttributeError):
        setattr(result, dataclasses.fields(result)[0].name, None)
    assert json.loads(json.dumps(result.to_dict(), allow_nan=False))
    text, card = str(result), html.unescape(result._repr_html_())
    assert repr(result) == text
    assert RESULTS[name](hinge, answer).to_dict() == result.to_dict()
    assert "\n" in text
    columns = result._columns()
    for head, values, say in columns:
        assert head in text
        assert f">{head}<" in card
        for value in values:
            if value is not None:
                # A long cell is broken into lines.
                assert say(value)[:10] in text
                assert f">{say(value)}<" in card


# What each gives as a data frame: the columns that a program needs, and how many rows there are.
_ENTRY = "variable label role given state decibans leave_one_out alone speaks"
FRAMES: dict[str, tuple[str, Callable[[Any], int]]] = {
    "sample": (
        "cause label mean interval_low interval_high responsibility_mean",
        lambda found: len(found.causes),
    ),
    "care_thresholds": (
        "rule label level cause cause_label quantity bound value interval_low interval_high chance_at_least",
        lambda found: len(found.thresholds),
    ),
    "explain": (_ENTRY, lambda found: len(found.entries)),
    "contrast": (_ENTRY, lambda found: len(found.entries)),
    "joint_explanations": ("causes labels probability", lambda found: len(found.sets)),
    "fit": (
        "variables labels conflict decibans compared",
        lambda found: len(found.clashes) + len(found.against_the_rest),
    ),
    "what_if": (
        "cause label probability_before probability_after decibans responsibility_before rank_before",
        lambda found: len(found.causes),
    ),
    "sensitivity": (
        "cause label path grade value low high probability at_low at_high derivative",
        lambda found: sum(len(each.functions) for each in found.tornadoes),
    ),
    "compare": (
        "name changed leader_before leader_after level_before level_after moved_most moved_points problem",
        lambda found: len(found.cases),
    ),
    "in_words": ("cause patient clinician", lambda _: 1),
}


@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_has_a_record_in_each_row_under_the_names_of_its_fields(
    hinge: dx.Model, answer: Diagnosis, name: str
) -> None:
    result = RESULTS[name](hinge, answer)
    names, count = FRAMES[name]
    frame = result.to_frame()
    assert set(names.split()) <= set(frame.columns)
    assert len(frame) == count(result) > 0
    assert all(column.isidentifier() for column in frame.columns)
    for backend in ("polars", "pyarrow"):
        other = result.to_frame(backend)  # type: ignore[arg-type]
        columns = other.columns if backend == "polars" else other.column_names
        assert list(columns) == list(frame.columns)
        assert len(other) == len(frame)
    for column in frame.columns:
        for cell in frame[column]:
            assert isinstance(cell, str | bool | int | float | np.generic)


def test_the_frame_of_a_result_is_its_records(answer: Diagnosis) -> None:
    ledger = answer.explain("rust")
    frame = ledger.to_frame()
    assert list(frame["variable"]) == [each.variable for each in ledger.entries]
    assert list(frame["decibans"]) == [each.decibans for each in ledger.entries]
    thresholds = answer.care_thresholds
    ends = [each.interval for each in thresholds.thresholds]
    frame = thresholds.to_frame("polars")
    assert list(zip(frame["interval_low"], frame["interval_high"], strict=True)) == ends
    fit = answer.fit()
    frame = fit.to_frame("polars")
    assert frame.filter(frame["compared"] == "pair").height == len(fit.clashes)
    moved = answer.what_if({"wobble": None})
    assert list(moved.to_frame()["cause"]) == [each.cause for each in moved.causes]


def test_a_diagnosis_is_a_frame_of_its_differential(hinge: dx.Model, answer: Diagnosis) -> None:
    frame = answer.to_frame("polars")
    assert frame.columns == [
        *("cause", "label", "prior", "probability", "interval_low", "interval_high"),
        *("responsibility", "watched", "responsibility_interval_low", "responsibility_interval_high"),
    ]
    for row, each in zip(frame.rows(named=True), answer.differential, strict=True):
        assert (row["cause"], row["probability"], row["watched"]) == (
            each.cause,
            each.probability,
            each.watched,
        )
        assert (row["interval_low"], row["interval_high"]) == each.interval
    # Columns are the same where there are no intervals, and have their types.
    bare = hinge.diagnose(EVIDENCE, engine="pgmpy").to_frame("polars")
    assert bare.schema == frame.schema
    assert bare["interval_low"].null_count() == len(bare)
    assert hinge.diagnose(EVIDENCE, engine="pgmpy").to_frame()["interval_low"].dtype == "float64"


def test_a_data_frame_that_cannot_be_made_says_what_to_do(
    answer: Diagnosis, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(OptionError, match="Did you mean 'pandas'"):
        answer.to_frame("panda")  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, "polars", None)
    for result in (answer, answer.explain("rust")):
        with pytest.raises(OptionError, match="pip install polars"):
            result.to_frame("polars")


def test_no_line_of_a_card_is_broken_between_a_figure_and_its_unit(answer: Diagnosis) -> None:
    card = answer.what_if({"wobble": None})._repr_html_()
    assert re.search(r"td\.twitchdx-figure \{ white-space: nowrap", card)
    cells = re.findall(r'<td class="twitchdx-figure">([^<]*)<', card)
    assert any(each.endswith(" %") for each in cells)
    assert any(each.endswith(" dB") for each in cells)


def test_no_label_of_a_model_becomes_markup(tmp_path: Path) -> None:
    from models import spoiled

    texts = spoiled(("    label: Rust\n", "    label: '<img src=x>'\n"))
    model = dx.load_model(write_model(tmp_path / "hostile", texts))
    for show in RESULTS.values():
        assert "<img" not in show(model, model.diagnose(EVIDENCE))._repr_html_()
