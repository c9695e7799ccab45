"""How the time grows with causes, findings and positive findings, beside what theory says."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter

import numpy as np

from benchmarks.children import stream_child
from benchmarks.contest import WARM_UP, Caps, run_contestant, summarise
from benchmarks.environment import require_core
from benchmarks.problems import make_problem
from benchmarks.report import Cell, Section
from twitchdx.engines import DEFAULT_ENGINE, ENGINES, Rows


@dataclass(frozen=True, slots=True)
class Sweep:
    """One quantity that grows while the others stay.

    Attributes
    ----------
    title, quantity : str
        What grows.
    sizes : tuple of int
        How far.
    shape : tuple of int
        Causes, findings, causes of a finding, positive findings; -1 stands for the size, and -20 for a
        twentieth of it.
    exponential : bool
        Whether theory speaks of doublings a step, and not of a power.
    reason : str
        What theory says.
    """

    title: str
    quantity: str
    sizes: tuple[int, ...]
    shape: tuple[int, int, int, int]
    exponential: bool
    reason: str

    def key(self, size: int) -> str:
        """The problem of one size."""
        numbers = [size if each == -1 else max(1, size // -each) if each < 0 else each for each in self.shape]
        return ":".join(["layered", *map(str, numbers)])


SWEEPS = (
    Sweep(
        "Causes (200 findings, each linked to a twentieth of the causes; 6 positive, all others negative)",
        "causes",
        (20, 50, 100, 200, 400, 600),
        (-1, 200, -20, 6),
        exponential=False,
        reason="Each link is touched a fixed number of times: a negative finding multiplies one number into "
        "each of its causes, and the distribution over which of the positive findings are explained is "
        "carried from cause to cause. So time should grow as the links do: power 1.",
    ),
    Sweep(
        "Findings (300 causes, ten a finding; 6 positive, all others negative)",
        "findings",
        (50, 200, 500, 1000, 2000, 4000),
        (300, -1, 10, 6),
        exponential=False,
        reason="A negative finding costs one multiplication a link: power 1, once they are most of the work.",
    ),
    Sweep(
        "Positive findings, sparse (600 causes, 4,000 findings, ten causes a finding: the size of QMR-DT)",
        "positive findings, sparse",
        (1, 2, 4, 6, 8, 10, 12, 14, 16),
        (600, 4000, 10, -1),
        exponential=True,
        reason="At most 2^n sets of positive findings can be explained: one doubling a finding is the bound. "
        "Where they share few causes, only small sets are ever kept at once, and the 4,000 observations "
        "are most of the work.",
    ),
    Sweep(
        "Positive findings, dense (100 causes, 200 findings, fifty causes a finding)",
        "positive findings, dense",
        (1, 2, 4, 6, 8, 10, 12, 14, 16),
        (100, 200, 50, -1),
        exponential=True,
        reason="Where positive findings share most causes the bound is reached: all 2^n sets are kept, "
        "and each of 100 causes is added to them.",
    ),
)
_COLUMNS = ("twitchdx, one of a batch (s)", "twitchdx, alone (s)", "pyAgrum (s)", "pyAgrum, remark")
_NOTE = (
    "Least-squares fits of the logarithm of the time of one patient of a batch (`answer_many`). Alone "
    "(`answer`), a patient pays for a vector of likelihoods an observation as well. Medians; a batch is "
    "timed five times. pyAgrum gets three patients and ten seconds each, and nothing larger after it failed: "
    "to it a negative finding ties its causes together as a positive one does."
)
#: Patients of a batch.
_BATCH = 20


def measure_growth(*, quick: bool) -> list[Section]:
    """Every sweep, with fitted and theoretical slopes."""
    measured = [(sweep, _times(sweep, quick=quick)) for sweep in SWEEPS]
    slopes: list[tuple[Cell, ...]] = []
    for sweep, rows in measured:
        sizes, times = [row[0] for row in rows], [row[1] for row in rows]
        half = len(rows) // 2
        slopes.append(
            (
                sweep.quantity,
                "doublings a finding" if sweep.exponential else "power",
                fitted_slope(sizes, times, exponential=sweep.exponential),
                fitted_slope(sizes[half:], times[half:], exponential=sweep.exponential),
                "at most 1" if sweep.exponential else "1",
            )
        )
    sections = [
        Section(f"Growth: {sweep.title}", (sweep.quantity, *_COLUMNS), list(rows), (sweep.reason,))
        for sweep, rows in measured
    ]
    columns = ("grows", "slope", "fitted", "fitted, upper half", "theory")
    return [Section("Slopes", columns, slopes, (_NOTE,)), *sections]


def _times(sweep: Sweep, *, quick: bool) -> list[tuple[int, float, float, float | None, str]]:
    rows: list[tuple[int, float, float, float | None, str]] = []
    remark = ""
    for size in sweep.sizes[:3] if quick else sweep.sizes:
        key = sweep.key(size)
        alone = summarise(run_contestant(key, "ours", 2 * WARM_UP + 5, Caps(patient=30.0, total=10.0)))
        peer: float | None = None
        remark = "not tried" if remark else ""
        if not remark:
            result = run_contestant(key, "pyagrum", 3, Caps(patient=10.0, total=10.0))
            peer, remark = summarise(result).median, result.remark
        rows.append((size, _batch_seconds(key), alone.median, peer, remark))
    return rows


def _batch_seconds(key: str) -> float:
    lines = list(stream_child("growth:time_batches", {"problem": key}, patience=60.0))
    values = [line.value for line in lines if line.value is not None]
    return median(value["seconds"] for value in values) if values else math.inf


def time_batches(problem: str) -> Iterator[dict[str, float]]:
    """What the child does: seconds a patient, of one batch after another."""
    require_core()
    asked = make_problem(problem, _BATCH)
    engine, network = ENGINES[DEFAULT_ENGINE], asked.network
    variables = tuple(asked.patients[0])
    codes = np.array([list(patient.values()) for patient in asked.patients], dtype=np.int32)
    rows = Rows(variables, codes, tuple(np.empty([0, network.cardinality(name)]) for name in variables))
    engine.answer_many(network, rows, asked.targets)
    for _ in range(5):
        start = perf_counter()
        answers = engine.answer_many(network, rows, asked.targets)
        seconds = (perf_counter() - start) / _BATCH
        yield {"seconds": math.inf if answers.cells.any() else seconds}


def fitted_slope(sizes: Sequence[int], times: Sequence[float], *, exponential: bool) -> float | None:
    """Slope of log time over log size, or of log2 time over size."""
    pairs = [(size, time) for size, time in zip(sizes, times, strict=True) if math.isfinite(time)]
    if len(pairs) < 2:
        return None
    x, y = np.array(pairs).T
    slope = np.polyfit(x if exponential else np.log(x), np.log2(y) if exponential else np.log(y), 1)[0]
    return float(slope)
