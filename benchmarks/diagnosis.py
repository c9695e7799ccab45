"""The shipped model and the dense synthetic network: one patient, and a cohort."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.contest import Caps, Result, disagreement, run_contestant, summarise
from benchmarks.contestants import title_of
from benchmarks.networks import DENSE, SHIPPED, clinic, link_count
from benchmarks.patients import describe, simulate_cohort
from benchmarks.report import Cell, Section
from benchmarks.throughput import Run, run_cohort

_NAMES = (SHIPPED, DENSE)
_SEED = 11


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is run."""

    patients: int
    caps: Caps
    aside: Caps
    few: int
    many: int
    seconds: float


_FULL = Sizes(205, Caps(patient=10.0, total=60.0), Caps(patient=10.0, total=12.0), 10_000, 1_000_000, 600.0)
_QUICK = Sizes(12, Caps(patient=3.0, total=4.0), Caps(patient=3.0, total=4.0), 200, 1000, 20.0)
# What the targets are about; the others are there to be seen beside them, on fewer patients.
_MAIN = ("ours", "pyagrum", "pgmpy", "responsibility", "diagnose")


def measure_diagnosis(*, quick: bool, rows: int | None = None) -> list[Section]:
    """Latency of one patient, throughput over a cohort, and memory; peers on the same patients.

    Parameters
    ----------
    quick : bool
        Whether all is tiny.
    rows : int, optional
        Length of the long cohort, if not a million.
    """
    sizes = _QUICK if quick else _FULL
    if rows is not None:
        sizes = replace(sizes, many=max(rows, sizes.few))
    results = {name: _latencies(name, sizes) for name in _NAMES}
    return [
        _networks(),
        Section("One patient, warm", _LATENCY, _latency_rows(results), _LATENCY_NOTES),
        Section("What comes on top", _EXTRA, _extra_rows(results), _EXTRA_NOTES),
        _cohorts(results, sizes),
    ]


def _latencies(name: str, sizes: Sizes) -> dict[str, Result]:
    contestants = ["ours", "numpy", "pgmpy_engine", "pyagrum", "pyagrum_or", "pgmpy", "responsibility"]
    contestants += ["diagnose"] if name == SHIPPED else []
    return {
        each: run_contestant(name, each, sizes.patients, sizes.caps if each in _MAIN else sizes.aside)
        for each in contestants
    }


def _networks() -> Section:
    rows: list[tuple[Cell, ...]] = []
    for name in _NAMES:
        subject = clinic(name)
        network = subject.network
        graded = sum(network.cardinality(each) > 2 for each in network)
        observed = describe(simulate_cohort(subject, 10_000, _SEED), subject.findings)
        rows.append((subject.title, len(network), link_count(network), graded, len(subject.causes), observed))
    columns = ("network", "nodes", "links", "nodes of more than two states", "causes", "a patient")
    note = "Patients are worlds of the network itself, three of four with the complaint."
    return Section("The networks", columns, rows, (note,))


_LATENCY = (
    "network",
    "contestant",
    "patients",
    "median (s)",
    "p95 (s)",
    "mean (s)",
    "medians against twitchdx (x)",
    "largest relative difference",
    "without an answer",
)
_ASKED = (
    "Posteriors of all causes and log P(evidence) (pgmpy returns posteriors alone). Each patient is timed "
    "once, after others have warmed the process; nobody is asked the same twice. The ratio compares the same "
    "patients. `largest relative difference` is between the posteriors of the contestant and ours, over all "
    "patients and causes, however rare."
)
_CONFIGURED = (
    "pyAgrum: one inference object, hard evidence, causes as targets, one thread, all tensors combined "
    "(`FIND_ALL`, the fastest of its four ways; more threads did not help), noisy nodes divorced into tables "
    "of at most 256 cells (for the shipped model the fastest of 16 to 1,024). It can keep noisy-OR nodes of "
    "two-state parents as such (`addNoisyORNet`), but lazy propagation walks through all their 2^n cells. "
    "pgmpy: one query a cause, the default order of elimination, which was the fastest."
)
_LATENCY_NOTES = (_ASKED, _CONFIGURED)
_EXTRA = ("network", "what", "patients", "median (s)", "mean (s)", "means against posteriors alone (x)")
_EXTRA_NOTES = ("`Model.diagnose` adds understanding the evidence, triage and the next steps.",)


def _latency_rows(results: dict[str, dict[str, Result]]) -> list[tuple[Cell, ...]]:
    rows: list[tuple[Cell, ...]] = []
    for name, found in results.items():
        ours = found["ours"]
        for contestant in ("ours", "numpy", "pgmpy_engine", "pyagrum", "pyagrum_or", "pgmpy"):
            result = found[contestant]
            summary, own = summarise(result), summarise(ours, len(result.seconds))
            peer = result is not ours
            rows.append(
                (
                    clinic(name).title,
                    title_of(contestant),
                    summary.patients,
                    summary.median,
                    summary.p95,
                    summary.mean,
                    summary.median / own.median if peer else None,
                    disagreement(ours, result) if peer else None,
                    result.remark,
                )
            )
    return rows


def _extra_rows(results: dict[str, dict[str, Result]]) -> list[tuple[Cell, ...]]:
    rows: list[tuple[Cell, ...]] = []
    for name, found in results.items():
        for contestant in ("responsibility", "diagnose"):
            if contestant in found:
                summary = summarise(found[contestant])
                own = summarise(found["ours"], len(found[contestant].seconds))
                ratio = summary.mean / own.mean
                rows.append(
                    (
                        clinic(name).title,
                        title_of(contestant),
                        summary.patients,
                        summary.median,
                        summary.mean,
                        ratio,
                    )
                )
    return rows


_COHORT = (
    "network",
    "what",
    "threads",
    "patients",
    "wall time (s)",
    "patients a second and core",
    "twitchdx `answer_many` against it, a core (x)",
    "peak memory, MB",
    "of it before the start, MB",
    "remark",
)


def _cohorts(results: dict[str, dict[str, Result]], sizes: Sizes) -> Section:
    rows: list[tuple[Cell, ...]] = []
    with tempfile.TemporaryDirectory() as folder:
        for name in _NAMES:
            codes = Path(folder) / f"{name}.npy"
            np.save(codes, simulate_cohort(clinic(name), sizes.many, _SEED).codes)
            rows += _cohort_rows(name, codes, sizes, results[name])
    note = (
        "twitchdx: an Arrow table in and out for `diagnose_many`, with triage where the model has it. Every "
        "patient has an own pattern of evidence, so that sharing plans and dropping duplicates buys little. "
        "Peers: the sample above, where a patient without an answer counts as the time that it was given."
    )
    return Section("A cohort", _COHORT, rows, (note,))


def _cohort_rows(name: str, codes: Path, sizes: Sizes, found: dict[str, Result]) -> list[tuple[Cell, ...]]:
    cores = len(os.sched_getaffinity(0))
    plan = [("answer_many", sizes.few, 1), ("diagnose_many", sizes.few, 1)]
    plan += [("responsibility", sizes.few, 1)] if name == SHIPPED else []
    plan += [("diagnose_many", sizes.many, cores)]
    runs = [
        (kind, rows, threads, run_cohort(kind, name, codes, rows, threads, sizes.seconds))
        for kind, rows, threads in plan
    ]
    reference = _rate(runs[0][3], 1)
    rows = [_own_row(name, kind, count, threads, run, reference) for kind, count, threads, run in runs]
    for peer in ("pyagrum", "pgmpy"):
        tried = found[peer].seconds
        seconds = sum(min(each, sizes.caps.patient) for each in tried)
        rate = len(tried) / seconds if seconds else None
        versus = reference / rate if reference and rate else None
        lost = sum(each == float("inf") for each in tried)
        remark = f"{lost} without an answer" if lost else ""
        rows.append(
            (clinic(name).title, title_of(peer), 1, len(tried), seconds, rate, versus, None, None, remark)
        )
    return rows


_TITLES = {
    "answer_many": "twitchdx `answer_many`",
    "diagnose_many": "twitchdx `diagnose_many`",
    "responsibility": "twitchdx `diagnose_many`, with responsibilities",
}


def _rate(run: Run, threads: int) -> float | None:
    return run.rows / run.seconds / threads if run.rows else None


def _own_row(
    name: str, kind: str, count: int, threads: int, run: Run, reference: float | None
) -> tuple[Cell, ...]:
    rate = _rate(run, threads)
    versus = reference / rate if reference and rate and kind != "answer_many" else None
    remark = run.failure if run.rows == count or not run.failure else f"of {count:,}: {run.failure}"
    return (
        clinic(name).title,
        _TITLES[kind],
        threads,
        run.rows,
        run.seconds if run.rows else None,
        rate,
        versus,
        run.peak or None,
        run.before or None,
        remark,
    )
