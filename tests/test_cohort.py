"""Many patients at once get what `diagnose` gives each of them alone."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import twitchdx as dx
from frames import KINDS, frame_of, rows_of
from models import spoiled, write_model
from twitchdx import engines
from twitchdx.engines import Answer, Answers, Engine, Rows
from twitchdx.errors import Where
from twitchdx.network import Network
from twitchdx.numerics import Array


@pytest.fixture(scope="module")
def hinge(tmp_path_factory: pytest.TempPathFactory) -> dx.Model:
    return dx.load_model(write_model(tmp_path_factory.mktemp("models") / "squeaking_hinge"))


def alone(model: dx.Model, evidence: Mapping[str, Any], **choices: Any) -> dict[str, Any]:
    """The row that a patient should get, from `diagnose`."""
    columns = [*model.causes, "log_evidence", "triage"]
    columns += [*(f"responsibility_{cause}" for cause in model.causes), "unexplained", "error"]
    row: dict[str, Any] = dict.fromkeys(columns)
    try:
        answer = model.diagnose(
            {name: cell for name, cell in evidence.items() if cell is not None}, **choices
        )
    except (dx.EvidenceError, dx.EngineError) as error:
        return row | {"error": " ".join(f"{each.where}: {each.message} {each.fix}" for each in error.issues)}
    assert answer.triage is not None
    row |= answer.posterior
    row |= {"log_evidence": answer.log_evidence, "triage": answer.triage.level}
    row |= {f"responsibility_{each.cause}": each.responsibility for each in answer.differential}
    return row | {"unexplained": answer.unexplained}


SOFT = {"none": 0.2, "soft": 1.0, "loud": 0.5}
# Cells of each variable; the last ones are wrong.
CELLS: Mapping[str, Sequence[Any]] = {
    "season": ("dry", "damp", " damp ", True, "wet"),
    "age": (12, 3.5, "25", "old", "30 months", Decimal(7), 0, -1, "seven", 1e9, "3 weeks"),
    "rust": ("absent", "mild", "severe", {"absent": 1, "mild": 1, "severe": 0.1}, 2, "Rust"),
    "wear": (True, False, "present", {"absent": 0.0, "present": 3}, np.True_, "yes"),
    "squeak": (
        "none",
        "soft",
        "loud",
        SOFT,
        list(SOFT.items()),
        [SOFT, SOFT],
        {"none": 1, "soft": 1, "loud": 1},
        1.0,
    ),
    "wobble": (True, False, {"absent": 0.9, "present": 1}, {"absent": 0.5}, date(2020, 1, 1)),
    "annoyed_owner": (True, False, "absent", 3),
    "rust_meter": ("normal", 7, "60 mg/dL", "6,5", 5.5, np.float32(5.5), "5 g", float("inf")),
}


def random_cells(count: int, seed: int) -> list[dict[str, Any]]:
    """Patients with about half of the variables observed, now and then with a cell that is wrong."""
    generator = random.Random(seed)
    return [
        {name: generator.choice(cells) if generator.random() < 0.5 else None for name, cells in CELLS.items()}
        for _ in range(count)
    ]


def columns_of(patients: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    return {name: [patient[name] for patient in patients] for name in CELLS}


@pytest.mark.parametrize("name", list(engines.ENGINES))
def test_a_row_is_what_diagnose_gives_to_the_last_bit(hinge: dx.Model, name: str) -> None:
    patients = random_cells(60 if name == "pgmpy" else 600, seed=1)
    frame = pd.DataFrame(columns_of(patients), dtype=object)
    result = rows_of(hinge.diagnose_many(frame, engine=name, responsibility=True))
    assert result == [alone(hinge, patient, engine=name) for patient in patients]
    # The draw holds all that can happen.
    assert {row["triage"] for row in result} >= {None, "self_care", "soon", "emergency"}
    assert any("cannot be true together" in (row["error"] or "") for row in result)
    assert any(row["error"] is None and row["unexplained"] is None for row in result)


def test_levels_that_hang_on_responsibilities_are_those_of_diagnose(tmp_path: Path) -> None:
    texts = spoiled(
        (
            "{posterior: {rust: {at_least: 0.5}}}",
            "{responsibility: {rust: {below: 0.2}, wear: {below: 0.4}}}",
        ),
        ("{posterior: {wear: {at_least: 0.9999}}}", "{responsibility: {wear: {at_least: 0.6}}}"),
    )
    model = dx.load_model(write_model(tmp_path, texts))
    patients = [
        {name: cell for name, cell in patient.items() if name != "wobble" and cell in CELLS[name][:2]}
        for patient in random_cells(300, seed=11)
    ]
    frame = pl.DataFrame(
        {name: pl.Series([patient.get(name) for patient in patients], dtype=pl.Object) for name in CELLS}
    )
    expected = [alone(model, patient) for patient in patients]
    assert {row["triage"] for row in expected} >= {"self_care", "routine", "soon"}
    assert [row["triage"] for row in rows_of(model.diagnose_many(frame))] == [
        row["triage"] for row in expected
    ]
    assert rows_of(model.diagnose_many(frame, responsibility=True)) == expected
    # What lets many of these levels be decided without a responsibility.
    for row in expected:
        for cause in model.causes:
            if row["unexplained"] is not None:
                assert row[f"responsibility_{cause}"] <= row[cause] * (1.0 + 1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_frame_gives_the_same_and_comes_back(hinge: dx.Model, kind: str) -> None:
    columns = {
        "door": [7, 7, 5, 1, 0],
        "squeak": ["loud", None, "sof", "none", ""],
        "wobble": [True, False, None, True, None],
        "age": [12.0, None, 3.5, -4.0, float("nan")],
        "wear": ["present", None, None, None, "  "],
    }
    frame = frame_of(kind, columns)
    result = hinge.diagnose_many(frame, keep="door", responsibility=True)
    assert type(result) is type(frame)
    expected = [
        {"squeak": "loud", "wobble": True, "age": 12.0, "wear": "present"},
        {"wobble": False},
        {"squeak": "sof", "age": 3.5},
        {"squeak": "none", "wobble": True, "age": -4.0},
        {},
    ]
    assert rows_of(result) == [
        {"door": door} | alone(hinge, patient)
        for door, patient in zip(columns["door"], expected, strict=True)
    ]


def test_the_shipped_model_answers_many_as_one_by_one() -> None:
    model = dx.load_model("knee_twitching")
    patients: list[dict[str, Any]] = [
        {"muscle_twitching": "occasional", "strenuous_exercise": True, "age": 30, "sex": "female"},
        {
            "muscle_twitching": "frequent",
            "caffeine_intake": "high",
            "insomnia": True,
            "muscle_weakness": False,
        },
        {"muscle_twitching": "frequent", "serum_potassium": "3.1 mmol/L", "diuretic_use": True, "age": 61},
        {"age": 7},
        {"muscle_twitching": "none", "palpitations": True, "chest_pain": True},
    ]
    names = list(dict.fromkeys(name for patient in patients for name in patient))
    frame = pl.DataFrame(
        {name: pl.Series([patient.get(name) for patient in patients], dtype=pl.Object) for name in names}
    )
    result = rows_of(model.diagnose_many(frame, responsibility=True))
    assert result == [alone(model, patient) for patient in patients]
    # Levels that hang on a responsibility are the same where responsibilities are not wanted.
    levels = rows_of(model.diagnose_many(frame))
    assert [row["triage"] for row in levels] == [row["triage"] for row in result]


def kind_of(series: Any) -> str:
    kind = getattr(series, "dtype", getattr(series, "type", None))
    return f"{type(series).__module__.partition('.')[0]} {kind}"


@pytest.mark.parametrize(
    "series",
    [
        pd.Series(["loud", "none", None], dtype="category"),
        pd.Series(["loud", "none", pd.NA], dtype="string"),
        pd.Series(["loud", "none", float("nan")], dtype=object),
        pd.Series(["loud", "none", None], dtype=pd.ArrowDtype(pa.string())),
        pl.Series(["loud", "none", None], dtype=pl.Categorical),
        pl.Series(["loud", "none", None], dtype=pl.Enum(["loud", "none"])),
        pl.Series(["loud", "none", None], dtype=pl.Object),
        pa.chunked_array([["loud"], ["none", None]]),
        pa.chunked_array(
            [pa.array(["loud"]).dictionary_encode(), pa.array(["none", None]).dictionary_encode()]
        ),
        pa.array(["loud", "none", None], type=pa.large_string()),
    ],
    ids=kind_of,
)
def test_texts_of_every_type_are_states(hinge: dx.Model, series: Any) -> None:
    expected = [alone(hinge, patient) for patient in ({"squeak": "loud"}, {"squeak": "none"}, {})]
    assert rows_of(hinge.diagnose_many(single("squeak", series), responsibility=True)) == expected


@pytest.mark.parametrize(
    "series",
    [
        pd.Series([True, False, None], dtype=object),
        pd.Series([True, False, pd.NA], dtype="boolean"),
        pd.Series([True, False, None], dtype=pd.ArrowDtype(pa.bool_())),
        pd.Series([True, False, None], dtype="category"),
        pl.Series([True, False, None]),
        pa.array([True, False, None]),
    ],
    ids=kind_of,
)
def test_truth_values_of_every_type_are_states(hinge: dx.Model, series: Any) -> None:
    expected = [alone(hinge, patient) for patient in ({"wobble": True}, {"wobble": False}, {})]
    assert rows_of(hinge.diagnose_many(single("wobble", series), responsibility=True)) == expected


@pytest.mark.parametrize(
    "series",
    [
        pd.Series([12, 3, None], dtype="Int64"),
        pd.Series([12.0, 3.0, float("nan")]),
        pd.Series([12, 3, None], dtype="Float32"),
        pd.Series([12, 3, None], dtype="category"),
        pd.Series([12, 3, None], dtype=object),
        pd.Series([Decimal(12), Decimal(3), None], dtype=object),
        pd.Series(["12", "3 years", ""]),
        pl.Series([12, 3, None], dtype=pl.UInt8),
        pl.Series([12.0, 3.0, float("nan")]),
        pl.Series([Decimal(12), Decimal(3), None]),
        pa.array([12, 3, None], type=pa.int16()),
        pa.array([12, 3, None], type=pa.decimal128(5, 1)),
        pa.array([12.0, 3.0, float("nan")]),
    ],
    ids=kind_of,
)
def test_numbers_of_every_type_are_measurements(hinge: dx.Model, series: Any) -> None:
    expected = [alone(hinge, patient) for patient in ({"age": 12}, {"age": 3}, {})]
    assert rows_of(hinge.diagnose_many(single("age", series), responsibility=True)) == expected


@pytest.mark.parametrize(
    "series",
    [
        pd.Series([SOFT, None, SOFT]),
        pl.Series([SOFT, None, SOFT]),
        pa.array([SOFT, None, SOFT]),
        pa.array([list(SOFT.items()), None, list(SOFT.items())], type=pa.map_(pa.string(), pa.float64())),
    ],
    ids=["pandas objects", "polars structs", "arrow structs", "arrow maps"],
)
def test_mappings_and_structs_are_soft_evidence(hinge: dx.Model, series: Any) -> None:
    soft, nothing = alone(hinge, {"squeak": SOFT}), alone(hinge, {})
    result = rows_of(hinge.diagnose_many(single("squeak", series), responsibility=True))
    assert result == [soft, nothing, soft]


def single(name: str, series: Any) -> Any:
    """A data frame of one column."""
    if isinstance(series, pd.Series):
        return series.to_frame(name)
    if isinstance(series, pl.Series):
        return pl.DataFrame({name: series})
    return pa.table({name: series})


def test_equal_objects_of_different_kinds_are_told_apart(hinge: dx.Model) -> None:
    # 1 == True == 1.0: a truth value is a state of the wobble, a number is none.
    for order in ([True, 1, 1.0], [1.0, 1, True]):
        result = rows_of(hinge.diagnose_many(pd.DataFrame({"wobble": pd.Series(order, dtype=object)})))
        assert [row["error"] is None for row in result] == [each is True for each in order]


@pytest.mark.parametrize("empty", [pa.nulls(2), pl.Series([None, None]), pd.Series([None, None])])
def test_a_column_without_any_cell_changes_nothing(hinge: dx.Model, empty: Any) -> None:
    prior = alone(hinge, {})
    assert rows_of(hinge.diagnose_many(single("squeak", empty), responsibility=True)) == [prior, prior]


@pytest.mark.parametrize("kind", KINDS)
def test_no_rows_give_no_rows_with_the_same_columns_and_types(hinge: dx.Model, kind: str) -> None:
    frame = frame_of(kind, {"door": [1], "squeak": ["loud"]})
    full = hinge.diagnose_many(frame, keep="door", responsibility=True, distributions="rust")
    empty = hinge.diagnose_many(frame[:0], keep="door", responsibility=True, distributions="rust")
    assert type(empty) is type(frame)
    assert rows_of(empty) == []
    if kind == "pandas":
        assert full.dtypes.equals(empty.dtypes)
    else:
        assert full.schema == empty.schema


def test_the_index_of_pandas_stays_whatever_it_is(hinge: dx.Model) -> None:
    index = pd.MultiIndex.from_tuples([("b", 1), ("a", 2), ("b", 1)], names=["ward", "bed"])
    frame = pd.DataFrame({"squeak": ["loud", "none", "wrong"], "note": ["x", "y", "z"]}, index=index)
    result = hinge.diagnose_many(frame, keep=["note"])
    assert result.index.equals(index)
    assert result.index.names == ["ward", "bed"]
    assert list(result["note"]) == ["x", "y", "z"]
    assert list(result["triage"].isna()) == [False, False, True]


def test_columns_stand_in_the_order_that_is_promised(hinge: dx.Model) -> None:
    frame = pl.DataFrame({"wobble": [True], "b": [1], "squeak": ["loud"], "a": [[2]]})
    result = hinge.diagnose_many(
        frame, keep=["a", "b"], responsibility=True, distributions=["rust", "season"], prefix="p_"
    )
    causes = ["rust", "wear", "loose_screw"]
    assert result.columns == [
        "a",
        "b",
        *(f"p_{cause}" for cause in causes),
        *("rust=absent", "rust=mild", "rust=severe", "season=dry", "season=damp"),
        *("log_evidence", "triage"),
        *(f"responsibility_{cause}" for cause in causes),
        *("unexplained", "error"),
    ]
    assert result.select("b", "a").equals(frame.select("b", "a"))


def test_distributions_change_no_bit_of_the_rest(hinge: dx.Model) -> None:
    frame = pd.DataFrame(columns_of(random_cells(60, 3)), dtype=object)
    plain = rows_of(hinge.diagnose_many(frame))
    more = rows_of(hinge.diagnose_many(frame, distributions=["friction", "rust_meter"]))
    assert [{name: row[name] for name in plain[0]} for row in more] == plain


def test_distributions_are_those_of_diagnose(hinge: dx.Model) -> None:
    frame = pa.table({"squeak": ["loud", "none"], "wobble": [True, None]})
    result = rows_of(hinge.diagnose_many(frame, distributions=["rust", "friction", "squeak"]))
    for row, evidence in zip(result, frame.to_pylist(), strict=True):
        answer = hinge.diagnose(evidence)
        for name in ("rust", "friction", "squeak"):
            found = {state: row[f"{name}={state}"] for state in hinge.variables[name].states}
            assert found == pytest.approx(answer.distribution(name), rel=1e-12)


def test_another_complaint_is_explained_where_asked(hinge: dx.Model) -> None:
    evidence = {"wobble": True, "squeak": "loud"}
    (row,) = rows_of(
        hinge.diagnose_many(
            single("wobble", pa.array([True])).append_column("squeak", [["loud"]]),
            complaint="wobble",
            responsibility=True,
        )
    )
    assert row == alone(hinge, evidence, complaint="wobble")
    assert row["responsibility_rust"] == 0.0 != alone(hinge, evidence)["responsibility_rust"]
    with pytest.raises(dx.UnknownNameError, match=r"Did you mean 'wobble'\?"):
        hinge.diagnose_many(pa.table({}), complaint="wobbel")


def test_a_network_file_gives_the_log_evidence_and_distributions(tmp_path: Path) -> None:
    file = tmp_path / "coin.bif"
    file.write_text(
        "network coin { }\nvariable side { type discrete [ 2 ] { heads, tails }; }\n"
        "probability ( side ) { table 0.25, 0.75; }\n",
        encoding="utf-8",
    )
    model = dx.load_model(file)
    result = model.diagnose_many(pl.DataFrame({"side": ["heads", None, "edge"]}), distributions="side")
    assert result.columns == ["side=heads", "side=tails", "log_evidence", "error"]
    assert result["log_evidence"].to_list() == [model.diagnose({"side": "heads"}).log_evidence, 0.0, None]
    assert result["side=heads"].to_list() == [1.0, 0.25, None]
    assert "'edge' is not one of its states" in result["error"][2]


class Counting:
    """An engine that counts what it is asked."""

    name = "counting"

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.questions_at_once = engine.questions_at_once
        self.rows: list[tuple[int, ...]] = []
        self.single = 0

    def answer(self, network: Network, likelihoods: Mapping[str, Array], targets: Collection[str]) -> Answer:
        self.single += 1
        return self.engine.answer(network, likelihoods, targets)

    def answer_many(self, network: Network, rows: Rows, targets: Collection[str]) -> Answers:
        self.rows.extend(map(tuple, rows.codes.tolist()))
        return self.engine.answer_many(network, rows, targets)


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> Counting:
    engine = Counting(engines.get_engine(engines.DEFAULT_ENGINE))
    monkeypatch.setitem(engines.ENGINES, engine.name, engine)
    return engine


def test_equal_rows_are_computed_once_however_they_are_said(hinge: dx.Model, counting: Counting) -> None:
    said = [
        {"age": "12", "wobble": "present"},
        {"age": "144 months", "wobble": "present "},
        {"age": "old", "wobble": ""},
        {"age": None, "wobble": "present"},
    ]
    result = rows_of(hinge.diagnose_many(pl.DataFrame(said * 50), engine="counting"))
    assert sorted(counting.rows) == sorted(set(counting.rows))
    assert len(counting.rows) == 3
    assert result[:4] * 50 == result
    assert result[0] == result[1] != result[2]


def test_the_same_contradiction_is_not_sought_again_for_every_row(
    hinge: dx.Model, counting: Counting
) -> None:
    contradiction = {"squeak": "loud", "annoyed_owner": False}
    patients = [patient | contradiction for patient in random_cells(400, seed=3)]
    result = rows_of(hinge.diagnose_many(pd.DataFrame(columns_of(patients), dtype=object), engine="counting"))
    contradictory = {row["error"] for row in result if "cannot be true" in row["error"]}
    assert len(contradictory) > 1  # some rows have a smaller conflict besides
    assert counting.single < len(counting.rows)


class Narrow:
    """An engine for which many observations are too wide, and fewer in the networks of responsibilities."""

    name = "narrow"
    questions_at_once = 64

    def __init__(self, engine: Engine, plain: Network) -> None:
        self.engine, self.plain = engine, plain

    def room(self, network: Network) -> int:
        return 4 if network is self.plain else 3

    def answer(self, network: Network, likelihoods: Mapping[str, Array], targets: Collection[str]) -> Answer:
        if len(likelihoods) > self.room(network):
            issue = dx.Issue(
                "error", "too-wide", Where("evidence"), f"{len(likelihoods)} are too many.", "Fewer."
            )
            raise dx.EngineError("Too wide.", [issue])
        return self.engine.answer(network, likelihoods, targets)

    def answer_many(self, network: Network, rows: Rows, targets: Collection[str]) -> Answers:
        answers = self.engine.answer_many(network, rows, targets)
        cells = np.where((rows.codes != -1).sum(axis=1) > self.room(network), 1e9, 0.0)
        return Answers(
            np.where(cells > 0.0, -np.inf, answers.log_evidence),
            {name: np.where(cells[:, None] > 0.0, 0.0, each) for name, each in answers.marginals.items()},
            cells,
        )


def test_rows_too_wide_for_the_engine_say_what_diagnose_says(
    hinge: dx.Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    narrow = Narrow(engines.get_engine(engines.DEFAULT_ENGINE), hinge.network)
    monkeypatch.setitem(engines.ENGINES, "narrow", narrow)
    contradiction = {"squeak": "loud", "annoyed_owner": False}
    patients = [*random_cells(150, seed=5), *(each | contradiction for each in random_cells(50, seed=6))]
    frame = pd.DataFrame(columns_of(patients), dtype=object)
    result = rows_of(hinge.diagnose_many(frame, engine="narrow", responsibility=True))
    assert result == [alone(hinge, patient, engine="narrow") for patient in patients]
    errors = {row["error"] for row in result}
    # Too wide for an answer, too wide for responsibilities alone, contradictory, and answered.
    assert {"evidence: 5 are too many. Fewer.", "evidence: 4 are too many. Fewer.", None} <= errors
    assert any("cannot be true together" in (error or "") for error in errors)
