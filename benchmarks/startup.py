"""Import, load and first diagnosis, each in a fresh process."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from statistics import median
from time import perf_counter

from benchmarks.children import ROOT
from benchmarks.report import Cell, Section

_CASE = (
    '{"age": 34, "muscle_twitching": "frequent", "twitching_duration": "weeks", "caffeine_intake": "high",'
    ' "muscle_weakness": False, "serum_potassium": "4.1 mmol/L"}'
)
_BARE = "bare interpreter"
_DIAGNOSIS = "import, load, one diagnosis"
_UNCOMPILED = "import, load, one diagnosis; no bytecode yet"
_PROGRAMS = {
    _BARE: "pass",
    "`import numpy`": "import numpy",
    "`import twitchdx`": "import twitchdx",
    "import and load the shipped model": "import twitchdx as dx; dx.load_model('knee_twitching')",
    _DIAGNOSIS: f"import twitchdx as dx; dx.diagnose({_CASE}, 'knee_twitching')",
    "the same, shown as text": f"import twitchdx as dx; repr(dx.diagnose({_CASE}, 'knee_twitching'))",
}
_SLOW = {
    "`import pyagrum`": "import warnings; warnings.simplefilter('ignore'); import pyagrum",
    "`import pgmpy.inference`": "import warnings; warnings.simplefilter('ignore'); import pgmpy.inference",
}


def measure_startup(*, quick: bool) -> list[Section]:
    """Medians of many fresh processes, in turn, so that a busy moment hits all alike."""
    repeats, slow_repeats = (2, 1) if quick else (21, 5)
    times: dict[str, list[float]] = {name: [] for name in (*_PROGRAMS, *_SLOW, _UNCOMPILED)}
    for turn in range(repeats + 1):  # the first turn fills the caches of the disk
        for name, program in _PROGRAMS.items():
            times[name].append(_seconds(program))
        if turn <= slow_repeats:
            for name, program in _SLOW.items():
                times[name].append(_seconds(program))
            with tempfile.TemporaryDirectory() as empty:
                times[_UNCOMPILED].append(_seconds(_PROGRAMS[_DIAGNOSIS], bytecode=empty))
    medians = {name: median(each[1:]) for name, each in times.items()}
    bare = medians[_BARE]
    rows: list[tuple[Cell, ...]] = [
        (name, len(times[name]) - 1, seconds, seconds - bare) for name, seconds in medians.items()
    ]
    note = (
        "Medians of processes that took turns. The very first process on a machine compiles the bytecode of "
        "twitchdx and of all that it imports, unless the installer has done so."
    )
    columns = ("process", "repeats", "wall time (s)", "over a bare interpreter (s)")
    return [Section("Fresh processes", columns, rows, (note,))]


def _seconds(program: str, bytecode: str = "") -> float:
    environment = dict(os.environ)
    if bytecode:
        environment["PYTHONPYCACHEPREFIX"] = bytecode
    start = perf_counter()
    subprocess.run(
        [sys.executable, "-c", program], check=True, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL
    )
    return perf_counter() - start
