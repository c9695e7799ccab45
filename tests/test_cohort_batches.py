"""Batches in, batches out: lazily, with the same bits, and without leftovers."""

from __future__ import annotations

import _thread
import io
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import twitchdx as dx
from frames import rows_of
from models import write_model
from twitchdx import engines
from twitchdx.cohort.workers import work_through
from twitchdx.engines import Answer, Answers, Rows
from twitchdx.network import Network
from twitchdx.numerics import Array


@pytest.fixture(scope="module")
def hinge(tmp_path_factory: pytest.TempPathFactory) -> dx.Model:
    return dx.load_model(write_model(tmp_path_factory.mktemp("models") / "squeaking_hinge"))


def cohort(rows: int) -> pl.DataFrame:
    """Made-up patients, one in a hundred or so contradictory."""
    generator = np.random.default_rng(7)
    states = {
        "squeak": ["none", "soft", "loud", None],
        "wobble": ["absent", "present", None, None],
        "annoyed_owner": ["absent", None, None, None, None, None],
        "rust": [None, None, "mild"],
        "season": ["dry", "damp", None],
    }
    columns = {
        name: [cells[k] for k in generator.integers(len(cells), size=rows)] for name, cells in states.items()
    }
    return pl.DataFrame({**columns, "age": generator.uniform(0.0, 20.0, rows)})


def test_batches_threads_and_the_order_of_rows_leave_every_bit_as_it_is(hinge: dx.Model) -> None:
    frame = cohort(500)
    whole = hinge.diagnose_many(frame, responsibility=True, threads=1)
    assert whole["error"].null_count() not in (0, 500)
    for threads in (2, 5):
        assert hinge.diagnose_many(frame, responsibility=True, threads=threads).equals(whole)
    for rows in (1, 7, 499):
        batches = hinge.diagnose_batches(frame, batch_rows=rows, responsibility=True)
        assert pl.concat(batches).equals(whole)
    backwards = hinge.diagnose_many(frame.reverse(), responsibility=True)
    assert backwards.reverse().equals(whole)
    shuffled = frame.select(frame.columns[::-1])
    assert hinge.diagnose_many(shuffled, responsibility=True).equals(whole)


def test_a_table_longer_than_a_piece_is_one_table(hinge: dx.Model, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = cohort(100)
    whole = hinge.diagnose_many(frame)
    monkeypatch.setattr("twitchdx.cohort.many._PIECE", 33)
    assert hinge.diagnose_many(frame).equals(whole)
    with pytest.raises(dx.EvidenceError) as caught:
        hinge.diagnose_many(frame, errors="raise")
    wrong = whole.with_row_index().filter(pl.col("error").is_not_null())["index"].to_list()
    assert [each.where.path.partition(",")[0] for each in caught.value.issues] == [
        f"row {row}" for row in wrong
    ]


def test_a_batch_is_taken_when_the_one_before_has_been_given(hinge: dx.Model) -> None:
    taken: list[int] = []

    def source() -> Iterator[pa.RecordBatch]:
        for number in range(5):
            taken.append(number)
            yield pa.record_batch({"squeak": ["loud", None]})

    results = hinge.diagnose_batches(source())
    assert taken == []
    next(results)
    next(results)
    assert taken == [0, 1]
    results.close()
    assert taken == [0, 1]
    assert not [
        each for each in threading.enumerate() if each is not threading.main_thread() and not each.daemon
    ]


def test_batches_come_back_as_the_kind_that_they_were(hinge: dx.Model) -> None:
    table = pa.table({"squeak": ["loud", None, "none", "soft"]})
    whole = hinge.diagnose_many(table)
    reader = pa.RecordBatchReader.from_batches(table.schema, table.to_batches(max_chunksize=3))
    batches = list(hinge.diagnose_batches(reader))
    assert [(type(each), each.num_rows) for each in batches] == [(pa.RecordBatch, 3), (pa.RecordBatch, 1)]
    assert pa.Table.from_batches(batches).equals(whole)
    chunks = pd.read_csv(io.StringIO("squeak\nloud\n\nnone\nsoft\n"), chunksize=3, skip_blank_lines=False)
    frames = list(hinge.diagnose_batches(chunks))
    assert [list(each.index) for each in frames] == [[0, 1, 2], [3]]
    assert rows_of(pd.concat(frames)) == rows_of(whole)
    assert [len(each) for each in hinge.diagnose_batches(pl.DataFrame(table), batch_rows=2)] == [2, 2]


def test_rows_in_errors_count_on_from_batch_to_batch(hinge: dx.Model) -> None:
    batches = [pl.DataFrame({"squeak": cells}) for cells in (["loud", "none"], ["soft"], ["none", "lout"])]
    results = hinge.diagnose_batches(batches, errors="raise")
    assert [len(next(results)), len(next(results))] == [2, 1]
    with pytest.raises(dx.EvidenceError, match="row 4, squeak"):
        next(results)


def test_what_is_wrong_with_a_batch_is_said_when_its_turn_comes(hinge: dx.Model) -> None:
    results = hinge.diagnose_batches([pl.DataFrame({"squeak": ["loud"]}), pl.DataFrame({"squeek": ["loud"]})])
    assert next(results)["triage"].to_list() == ["self_care"]
    with pytest.raises(dx.EvidenceError, match="Did you mean 'squeak'"):
        next(results)


class Faulty:
    """An engine with which something happens at one of its calls."""

    name = "faulty"
    questions_at_once = 1

    def __init__(self, happening: Callable[[], None], call: int = 3) -> None:
        self.happening = happening
        self.call = call
        self.calls = 0

    def answer(self, network: Network, likelihoods: Mapping[str, Array], targets: Collection[str]) -> Answer:
        return engines.get_engine(engines.DEFAULT_ENGINE).answer(network, likelihoods, targets)

    def answer_many(self, network: Network, rows: Rows, targets: Collection[str]) -> Answers:
        self.calls += 1
        if self.calls == self.call:
            self.happening()
        elif self.calls > self.call:
            time.sleep(0.05)  # the rest would take seconds
        return engines.get_engine(engines.DEFAULT_ENGINE).answer_many(network, rows, targets)


@pytest.mark.parametrize("call", [1, 2, 3, 50])
def test_an_interrupt_ends_the_run_and_leaves_no_thread(
    hinge: dx.Model, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    engine = Faulty(_thread.interrupt_main, call)
    monkeypatch.setitem(engines.ENGINES, "faulty", engine)
    # So many slices that the run would go on for long after the interrupt.
    monkeypatch.setattr("twitchdx.cohort.workers._LONGEST", 1)
    before = set(threading.enumerate())
    frame = cohort(2000)
    different = len(frame.with_columns(pl.col("age") >= 10).unique())
    assert different > 200
    with pytest.raises(KeyboardInterrupt):
        hinge.diagnose_many(frame, engine="faulty", threads=3)
    assert set(threading.enumerate()) == before
    assert call <= engine.calls < different
    # Nothing stays behind that could spoil the next run.
    assert hinge.diagnose_many(frame[:50]).equals(hinge.diagnose_many(frame[:50], threads=1))


def test_an_interrupt_waits_for_what_has_begun() -> None:
    # The interpreter ends after this error: whoever still works then works in memory that is gone.
    ended: list[int] = []

    def work(start: int, stop: int) -> None:
        _thread.interrupt_main()
        time.sleep(0.3)
        ended.append(stop - start)

    with pytest.raises(KeyboardInterrupt):
        work_through(100, work, 2, lambda _: None)
    begun = len(ended)
    assert begun
    time.sleep(0.4)
    assert len(ended) == begun


def test_an_error_in_a_thread_is_raised_and_ends_the_others(
    hinge: dx.Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        message = "no more memory"
        raise MemoryError(message)

    monkeypatch.setitem(engines.ENGINES, "faulty", Faulty(fail))
    before = set(threading.enumerate())
    with pytest.raises(MemoryError, match="no more memory"):
        hinge.diagnose_many(cohort(2000), engine="faulty", threads=3)
    assert set(threading.enumerate()) == before


@pytest.mark.parametrize(("total", "threads"), [(0, 3), (1, 3), (1000, 1), (1000, 4)])
def test_every_index_is_worked_on_once(total: int, threads: int) -> None:
    seen: list[int] = []
    told: list[int] = []
    lock = threading.Lock()

    def work(start: int, stop: int) -> None:
        with lock:
            seen.extend(range(start, stop))

    work_through(total, work, threads, told.append)
    assert sorted(seen) == list(range(total))
    assert told == sorted(told)
    assert (told or [0])[-1] == total


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "progress", "shown"),
    [
        (io.StringIO, None, False),
        (io.StringIO, True, True),
        (io.StringIO, False, False),
        (Terminal, None, True),
        (Terminal, False, False),
    ],
)
def test_progress_is_shown_on_a_terminal_or_where_asked(
    hinge: dx.Model,
    monkeypatch: pytest.MonkeyPatch,
    stream: type[io.StringIO],
    progress: bool | None,
    shown: bool,
) -> None:
    before = set(threading.enumerate())
    runs = (hinge.diagnose_many, lambda *given, **choices: list(hinge.diagnose_batches(*given, **choices)))
    for run, counted in zip(runs, ("300/300", "300 patients"), strict=True):
        standard_error = stream()
        with monkeypatch.context() as patch:
            patch.setattr("twitchdx.cohort.progress._DELAY", 0.0)
            patch.setattr(sys, "stderr", standard_error)
            run(cohort(300), progress=progress)
        assert (counted in standard_error.getvalue()) is shown
        assert bool(standard_error.getvalue()) is shown
    assert set(threading.enumerate()) == before


def test_a_short_run_shows_no_bar_on_a_terminal(hinge: dx.Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twitchdx.cohort.progress._DELAY", 1e6)
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    hinge.diagnose_many(cohort(10))
    assert terminal.getvalue() == ""


def test_an_arrow_table_needs_neither_pandas_nor_polars() -> None:
    code = (
        "import sys, twitchdx as dx\n"
        "model = dx.load_model('knee_twitching')\n"
        "print(*(name in sys.modules for name in ('narwhals', 'tqdm', 'pyarrow')))\n"
        "class Absent:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name in ('pandas', 'polars'): raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Absent())\n"
        "import pyarrow as pa\n"
        "print(model.diagnose_many(pa.table({'muscle_twitching': ['none', 'oft']}))['error'].null_count)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    assert done.stdout.split() == ["False", "False", "False", "1"]
