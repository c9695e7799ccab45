"""Run the benchmarks and write what they found: `python -m benchmarks`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from benchmarks.bundled import measure_bundled
from benchmarks.diagnosis import measure_diagnosis
from benchmarks.environment import describe_environment, require_core
from benchmarks.growth import measure_growth
from benchmarks.interviews import measure_interviews
from benchmarks.plans import measure_plans
from benchmarks.report import Group, Section, write_results
from benchmarks.startup import measure_startup
from benchmarks.sureness import measure_sureness

_HERE = Path(__file__).resolve().parent
_GROUPS: dict[str, tuple[str, Callable[..., list[Section]]]] = {
    "startup": ("Import, load, first diagnosis", measure_startup),
    "diagnosis": ("One patient, and a cohort", measure_diagnosis),
    "sureness": ("How sure, and why", measure_sureness),
    "interviews": ("Interviews with simulated patients", measure_interviews),
    "plans": ("What to do next", measure_plans),
    "bundled": ("Bundled clinical networks", measure_bundled),
    "growth": ("Growth", measure_growth),
}


def main() -> None:
    """Run the groups that are asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", choices=_GROUPS, nargs="+", default=list(_GROUPS), help="groups to run")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="tiny sizes, to see whether it runs; not into the committed files",
    )
    parser.add_argument("--out", type=Path, help="folder of RESULTS.md and results.json")
    parser.add_argument("--rows", type=int, help="length of the long cohort, if not a million")
    chosen = parser.parse_args()
    require_core()
    folder = chosen.out or (_HERE / "quick" if chosen.quick else _HERE)
    for name in chosen.only:
        title, measure = _GROUPS[name]
        print(f"{name} ...", file=sys.stderr, flush=True)
        start = perf_counter()
        options = {"rows": chosen.rows} if name == "diagnosis" else {}
        sections = measure(quick=chosen.quick, **options)
        took = f"{perf_counter() - start:.0f} s"
        group = Group(title, {**describe_environment(), "took": took}, sections)
        # After each group, so that an interrupted run keeps what it has found.
        write_results(folder, {name: group}, list(_GROUPS))
        print(f"{name}: {took}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
