"""One answer with everything: triage, plan, value of information of every test and question, intervals."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

import twitchdx as dx
from benchmarks.networks import SHIPPED, clinic
from benchmarks.patients import simulate_cohort
from benchmarks.report import Cell, Section
from twitchdx.model import Model

_SEED = 13
_CASES = Path(__file__).resolve().parent.parent / "models" / SHIPPED / "cases"
_STAGES = ("`diagnose`, with triage", "plan: every test and question, bundles, dangers", "intervals", "all")
_BUDGETS = (0.05, 0.25)


def measure_plans(*, quick: bool) -> list[Section]:
    """Times of whole answers on one core: simulated patients, and the shipped cases."""
    subject, model = clinic(SHIPPED), dx.load_model(SHIPPED)
    count = 8 if quick else 200
    cohort = simulate_cohort(subject, count, _SEED)
    patients = [
        {name: subject.network[name].states[state] for name, state in cohort.patient(row).items()}
        for row in range(count)
    ]
    cases = [json.loads(path.read_text())["evidence"] for path in sorted(_CASES.glob("*.json"))]
    with _one_core():
        rows = [*_rows("simulated", model, patients), *_rows("shipped cases", model, cases)]
    note = (
        "On one core, warm, each patient once after the same patient; simulated patients are worlds of the "
        "network, three of four with the complaint, seen whole. A plan weighs every variable that is not "
        "observed. The last columns are the shares of patients within 50 and 250 ms."
    )
    columns = ("patients", "what", "number", "median (s)", "p90 (s)", "largest (s)", "<= 0.05 s", "<= 0.25 s")
    return [Section("A whole answer", columns, rows, (note,))]


def _rows(
    title: str, model: Model, patients: list[Mapping[str, Any]] | list[dict[str, str]]
) -> list[tuple[Cell, ...]]:
    times = np.array([_stages(model, each) for each in patients])
    return [
        (
            title,
            stage,
            len(patients),
            median(taken.tolist()),
            float(np.quantile(taken, 0.9)),
            float(taken.max()),
            *(float((taken <= budget).mean()) for budget in _BUDGETS),
        )
        for stage, taken in zip(_STAGES, times.T, strict=True)
    ]


def _stages(model: Model, evidence: Mapping[str, Any]) -> tuple[float, float, float, float]:
    found = (0.0, 0.0, 0.0, 0.0)
    for _ in range(2):  # the first warms what is kept once a model
        start = perf_counter()
        d = dx.diagnose(evidence, model)
        answered = perf_counter()
        assert d.deliberation is not None
        planned = perf_counter()
        assert d.uncertainty is not None
        end = perf_counter()
        found = (answered - start, planned - answered, end - planned, end - start)
    return found


@contextlib.contextmanager
def _one_core() -> Iterator[None]:
    """Hold this process on one core, where the system can."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)
