"""A cohort in one child process: rows a second, and peak memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks.children import peak_megabytes, stream_child
from benchmarks.environment import require_core
from benchmarks.networks import SHIPPED, Clinic, clinic
from benchmarks.patients import Cohort
from twitchdx.engines import DEFAULT_ENGINE, ENGINES
from twitchdx.network import Network

# As large as what `diagnose_many` works on at once is not needed: the engine takes rows as they come.
_BATCH = 10_000


@dataclass(frozen=True, slots=True)
class Run:
    """What one run did.

    Attributes
    ----------
    rows : int
        Patients answered.
    seconds : float
        Time for them.
    before, peak : float
        Megabytes of memory that the process needed before it began, and in all.
    failure : str
        Why it ended early; empty otherwise.
    """

    rows: int
    seconds: float
    before: float
    peak: float
    failure: str


def run_cohort(kind: str, name: str, codes: Path, rows: int, threads: int | None, seconds: float) -> Run:
    """Answer the first rows of a cohort in a child.

    Parameters
    ----------
    kind : str
        `answer_many`, `diagnose_many` or `responsibility` (`diagnose_many` with responsibilities).
    name : str
        Which clinic.
    codes : path
        Where the codes of the cohort lie.
    rows : int
        How many.
    threads : int or None
        For `diagnose_many`.
    seconds : float
        When to give up.
    """
    arguments = {"kind": kind, "name": name, "codes": str(codes), "rows": rows, "threads": threads}
    done, took, before, peak, failure = 0, 0.0, 0.0, 0.0, ""
    for line in stream_child("throughput:answer_cohort", arguments, patience=seconds):
        if line.value is None:
            failure = line.failure
            break
        done, took, before, peak = (line.value[key] for key in ("rows", "seconds", "before", "peak"))
        if took > seconds:
            failure = f"stopped after {took:.0f} s" if done < rows else ""
            break
    return Run(done, took, before, peak, failure)


def answer_cohort(
    kind: str, name: str, codes: str, rows: int, threads: int | None
) -> Iterator[dict[str, float]]:
    """What the child does."""
    subject = clinic(name)
    require_core()
    cohort = Cohort(subject.observable, np.load(codes, mmap_mode="r")[:rows])
    if kind == "answer_many":
        yield from _answer_many(subject, cohort)
    else:
        yield from _diagnose_many(subject, name, cohort, kind, threads)


def _answer_many(subject: Clinic, cohort: Cohort) -> Iterator[dict[str, float]]:
    engine, network = ENGINES[DEFAULT_ENGINE], subject.network
    engine.answer_many(network, cohort.rows(network, 0, 100), subject.causes)
    before, took = peak_megabytes(), 0.0
    yield {"rows": 0, "seconds": 0.0, "before": before, "peak": before}
    for start in range(0, len(cohort), _BATCH):
        rows = cohort.rows(network, start, start + _BATCH)
        begun = perf_counter()
        engine.answer_many(network, rows, subject.causes)
        took += perf_counter() - begun
        done = min(start + _BATCH, len(cohort))
        yield {"rows": done, "seconds": took, "before": before, "peak": peak_megabytes()}


def _diagnose_many(
    subject: Clinic, name: str, cohort: Cohort, kind: str, threads: int | None
) -> Iterator[dict[str, float]]:
    options: dict[str, Any] = {"threads": threads, "progress": False}
    if name == SHIPPED:
        import twitchdx as dx

        model = dx.load_model(SHIPPED)
        options["responsibility"] = kind == "responsibility"
    else:
        model = _plain_model(subject.network)
        # A network without roles has no causes of its own.
        options["distributions"] = subject.causes
    model.diagnose_many(arrow_table(subject.network, Cohort(cohort.variables, cohort.codes[:100])), **options)
    table = arrow_table(subject.network, cohort)
    before = peak_megabytes()
    yield {"rows": 0, "seconds": 0.0, "before": before, "peak": before}
    begun = perf_counter()
    model.diagnose_many(table, **options)
    took = perf_counter() - begun
    yield {"rows": len(cohort), "seconds": took, "before": before, "peak": peak_megabytes()}


def _plain_model(network: Network) -> Any:
    from twitchdx.assembly import Assembled
    from twitchdx.model import Model

    return Model(Assembled("dense", "", "", None, network))


def arrow_table(network: Network, cohort: Cohort) -> Any:
    """The cohort as an Arrow table of dictionary columns, null where nothing was observed."""
    pa = import_module("pyarrow")

    columns = {}
    for index, name in enumerate(cohort.variables):
        codes = np.ascontiguousarray(cohort.codes[:, index])
        indices = pa.array(codes, mask=codes < 0)
        columns[name] = pa.DictionaryArray.from_arrays(indices, list(network[name].states))
    return pa.table(columns)
