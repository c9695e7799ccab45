"""What `diagnose_many` refuses, and that it says why."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import twitchdx as dx
from frames import rows_of
from models import write_model
from twitchdx.engines import ExactEngine


@pytest.fixture(scope="module")
def hinge(tmp_path_factory: pytest.TempPathFactory) -> dx.Model:
    return dx.load_model(write_model(tmp_path_factory.mktemp("models") / "squeaking_hinge"))


def test_errors_raise_at_once_with_every_row_and_all_its_problems(hinge: dx.Model) -> None:
    frame = pd.DataFrame(
        {
            "squeak": ["loud", "lout", "loud", None],
            "annoyed_owner": [False, None, None, None],
            "age": [1.0, -1.0, 3.0, np.inf],
        },
        index=list("wxyz"),
    )
    with pytest.raises(dx.EvidenceError) as caught:
        hinge.diagnose_many(frame, errors="raise")
    assert caught.value.summary == "3 of 4 rows have no answer (rows count from 0)."
    assert [(each.where.path, each.code) for each in caught.value.issues] == [
        ("row 0, squeak, annoyed_owner", "impossible-evidence"),
        ("row 1, squeak", "unknown-state"),
        ("row 1, age", "implausible"),
        ("row 3, age", "not-finite"),
    ]
    fine = hinge.diagnose_many(frame.iloc[2:3], errors="raise")
    assert rows_of(fine)[0]["error"] is None


def test_an_error_does_not_list_a_million_problems(hinge: dx.Model) -> None:
    with pytest.raises(dx.EvidenceError) as caught:
        hinge.diagnose_many(pl.DataFrame({"squeak": ["lout"] * 1234}), errors="raise")
    assert "1234 of 1234 rows have no answer" in caught.value.summary
    assert "The first 100 problems of 1234" in caught.value.summary
    assert [each.where.path for each in caught.value.issues] == [f"row {row}, squeak" for row in range(100)]


@pytest.mark.parametrize("errors", ["report", "raise"])
def test_columns_that_are_nothing_are_one_error(hinge: dx.Model, errors: Any) -> None:
    frame = pd.DataFrame([["loud", 1, 2, 3]], columns=["squeek", "door", 5, "wobble"])
    with pytest.raises(dx.EvidenceError) as caught:
        hinge.diagnose_many(frame, keep=["doors"], errors=errors)
    assert [each.where.path for each in caught.value.issues] == ["squeek", "door", "5", "keep"]
    text = str(caught.value)
    assert "Did you mean 'squeak'?" in text
    assert "Did you mean 'door'?" in text
    assert "name it in `keep=`" in text


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame([["loud", "none"]], columns=["squeak", "squeak"]),
        pa.table([["loud"], ["none"]], names=["squeak", "squeak"]),
        pa.record_batch([pa.array(["loud"]), pa.array(["none"])], names=["squeak", "squeak"]),
    ],
    ids=lambda frame: type(frame).__name__,
)
def test_two_columns_of_one_name_are_an_error(hinge: dx.Model, frame: Any) -> None:
    with pytest.raises(dx.EvidenceError, match="two columns have this name"):
        hinge.diagnose_many(frame)


@pytest.mark.parametrize(
    "name", ["rust", "triage", "log_evidence", "error", "responsibility_wear", "rust=mild"]
)
def test_no_column_of_the_result_can_hide_another(hinge: dx.Model, name: str) -> None:
    choices: dict[str, Any] = {"keep": name, "responsibility": True, "distributions": "rust"}
    with pytest.raises(dx.EvidenceError, match="two columns of the result"):
        hinge.diagnose_many(pa.table({name: ["mild"]}), **choices)
    if name == "rust":
        (row,) = rows_of(hinge.diagnose_many(pa.table({name: ["mild"]}), prefix="p_", **choices))
        assert (row["rust"], row["p_rust"]) == ("mild", 1.0)


@pytest.mark.parametrize(
    ("choice", "error", "said"),
    [
        ({"errors": "rais"}, dx.UnknownNameError, "Did you mean 'raise'"),
        ({"distributions": ["rusd"]}, dx.UnknownNameError, "Did you mean 'rust'"),
        ({"engine": "exakt"}, dx.EngineError, "Did you mean 'exact'"),
        ({"threads": 0}, dx.OptionError, "threads"),
        ({"threads": True}, dx.OptionError, "threads"),
        ({"threads": 1.5}, dx.OptionError, "threads"),
        ({"keep": 3}, dx.OptionError, "a name or a list of names"),
        ({"distributions": None}, dx.OptionError, "a name or a list of names"),
        ({"responsibility": "no"}, dx.OptionError, "True or False"),
        ({"progress": "yes"}, dx.OptionError, "True or False"),
        ({"prefix": None}, dx.OptionError, "Give a text"),
    ],
)
def test_choices_are_checked_before_any_row(
    hinge: dx.Model, choice: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        hinge.diagnose_many(pa.table({"squeak": ["lout"]}), **choice)
    with pytest.raises(error, match=said):
        hinge.diagnose_batches(iter([]), **choice)


@pytest.mark.parametrize("given", [None, "squeak", 3, {"squeak": "loud"}, [{"squeak": "loud"}]])
def test_what_is_no_data_frame_is_refused(hinge: dx.Model, given: Any) -> None:
    with pytest.raises(dx.EvidenceError, match="Give a pandas or polars data frame or an Arrow table"):
        hinge.diagnose_many(given)


def test_a_lazy_frame_is_refused_with_what_to_do(hinge: dx.Model) -> None:
    with pytest.raises(dx.EvidenceError, match=r"collect\(\)"):
        hinge.diagnose_many(pl.LazyFrame({"squeak": ["loud"]}))


class Stream:
    """Something else with an Arrow stream."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.table.__arrow_c_stream__(requested_schema)


def test_anything_with_an_arrow_stream_gives_an_arrow_table(hinge: dx.Model) -> None:
    table = pa.table({"squeak": ["loud", None]})
    result = hinge.diagnose_many(Stream(table))
    assert isinstance(result, pa.Table)
    assert result.equals(hinge.diagnose_many(table))
    assert pa.Table.from_batches(hinge.diagnose_batches(Stream(table))).equals(result)


@pytest.mark.parametrize("rows", [0, -1, 2.5, True, None])
def test_batches_have_at_least_one_row(hinge: dx.Model, rows: Any) -> None:
    with pytest.raises(dx.OptionError, match="batch_rows"):
        hinge.diagnose_batches(pa.table({"squeak": ["loud"]}), batch_rows=rows)


@pytest.mark.parametrize(
    "column", [pd.Series(["loud"]), pl.Series(["loud"]), pa.chunked_array([["loud"]]), pa.array(["loud"])]
)
def test_a_single_column_is_no_data_frame(hinge: dx.Model, column: Any) -> None:
    with pytest.raises(dx.EvidenceError, match="no data frame"):
        hinge.diagnose_many(column)


def test_patients_of_whom_nothing_is_observed_have_the_priors(hinge: dx.Model) -> None:
    nothing = pa.table({"squeak": ["loud", "soft"]}).select([])
    prior = hinge.diagnose({}).posterior["rust"]
    assert [row["rust"] for row in rows_of(hinge.diagnose_many(nothing))] == [prior, prior]


@pytest.mark.parametrize("budget", [0, -5, "2GB", True, float("nan")])
def test_a_budget_is_a_number_of_cells(budget: Any) -> None:
    with pytest.raises(dx.OptionError, match="budget"):
        ExactEngine(budget=budget)


@pytest.mark.parametrize("text", ["True", "yes", "NO", "false"])
def test_a_truth_value_in_quotes_is_refused_with_what_to_write(hinge: dx.Model, text: str) -> None:
    with pytest.raises(
        dx.EvidenceError, match=r"Write '(absent|present)', or the truth value without quotes"
    ):
        hinge.diagnose({"wobble": text})
