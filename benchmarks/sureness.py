"""What intervals add to a diagnosis, and what the explanations of one cost."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np

import twitchdx as dx
from benchmarks.networks import SHIPPED, clinic
from benchmarks.patients import simulate_cohort
from benchmarks.report import Cell, Section
from twitchdx.diagnosis import Diagnosis

_SEED = 12
_CASES = Path(__file__).resolve().parent.parent / "models" / SHIPPED / "cases"
_COSTS: dict[str, Callable[[Diagnosis], object]] = {
    "`d.explain(leader)`": lambda d: d.explain(_leader(d)),
    "`d.contrast(leader, 'als')`": lambda d: d.contrast(_leader(d), "als"),
    "`d.fit()`": lambda d: d.fit(),
    "`d.joint_explanations()`": lambda d: d.joint_explanations(),
    "`d.what_if({'muscle_weakness': None})`": lambda d: d.what_if({"muscle_weakness": None}),
    "`d.information()`": lambda d: d.information(),
    "`d.do({'psychological_stress': False})`": lambda d: d.do({"psychological_stress": False}),
    "`d.sensitivity([leader])`": lambda d: d.sensitivity([_leader(d)]),
    "`d.sample(20)`, each time with other draws": lambda d: d.sample(20, seed=next(_SEEDS)),
}
_SEEDS = iter(range(1_000_000))


def measure_sureness(*, quick: bool) -> list[Section]:
    """Times of intervals over simulated patients, and of explanations over the shipped cases."""
    return [_intervals(8 if quick else 200), _costs(1 if quick else 8)]


def _leader(d: Diagnosis) -> str:
    return next(each.cause for each in d.differential if each.cause != "als")


def _intervals(count: int) -> Section:
    subject, model = clinic(SHIPPED), dx.load_model(SHIPPED)
    cohort = simulate_cohort(subject, count, _SEED)
    plain, more, rest = [], [], []
    for row in range(count):
        evidence = {name: subject.network[name].states[state] for name, state in cohort.patient(row).items()}
        for turn in range(2):  # the first warms what is kept once a model
            start = perf_counter()
            d = dx.diagnose(evidence, model)
            between = perf_counter()
            found = d.uncertainty
            sure = perf_counter()
            record = d.record
            end = perf_counter()
            if turn:
                plain.append(between - start)
                more.append(sure - between)
                rest.append(end - sure)
        assert found is not None
        assert record.explained_badly is not None
    rows: list[tuple[Cell, ...]] = [
        (what, count, median(times), float(np.quantile(times, 0.9)), max(times), float(np.mean(times)))
        for what, times in (
            ("`diagnose`", plain),
            ("intervals on top", more),
            ("whether the evidence is explained badly, and the record", rest),
        )
    ]
    note = (
        "Intervals of all probabilities and responsibilities, found when they are first looked at; half of "
        "the passes in a second thread. Patients as for one patient, warm, with another seed."
    )
    columns = ("what", "patients", "median (s)", "p90 (s)", "largest (s)", "mean (s)")
    return Section("Intervals", columns, rows, (note,))


def _costs(count: int) -> Section:
    model = dx.load_model(SHIPPED)
    cases = [json.loads(path.read_text())["evidence"] for path in sorted(_CASES.glob("*.json"))][:count]
    answers = [dx.diagnose(case, model) for case in cases]
    for each in answers:
        assert each.record.differential
    rows: list[tuple[Cell, ...]] = []
    for what, ask in _COSTS.items():
        times = []
        for each in answers:
            start = perf_counter()
            ask(each)
            times.append(perf_counter() - start)
        rows.append((what, len(times), median(times), min(times), max(times)))
    note = "The cases that ship with the model, each asked once."
    return Section("Explanations", ("call", "cases", "median (s)", "least (s)", "largest (s)"), rows, (note,))
