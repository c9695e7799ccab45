"""The clinical networks that pgmpy carries: all marginals, random evidence on a fifth of the leaves."""

from __future__ import annotations

from benchmarks.contest import Caps, Result, disagreement, run_contestant, summarise
from benchmarks.contestants import title_of
from benchmarks.networks import BUNDLED, STRESS
from benchmarks.problems import make_problem
from benchmarks.report import Cell, Section

_PEERS = ("pyagrum", "pgmpy")
_COLUMNS = (
    "network",
    "nodes",
    "contestant",
    "patients",
    "median (s)",
    "p95 (s)",
    "against twitchdx (x)",
    "largest relative difference",
    "without an answer",
)


def measure_bundled(*, quick: bool) -> list[Section]:
    """Time all contestants on every bundled network."""
    names = BUNDLED[:3] if quick else BUNDLED
    caps = Caps(patient=5.0, total=5.0) if quick else Caps(patient=10.0, total=8.0)
    rows = [row for name in names for row in _rows(name, 12 if quick else 45, caps)]
    note = (
        "All marginals of all variables; evidence on 20 % of the leaves, from a world of the network. All "
        "are explicit tables, so that noisy-OR plays no part. pgmpy answers one query a variable."
    )
    sections = [Section("All marginals", _COLUMNS, rows, (note,))]
    if not quick:
        stress = Caps(patient=45.0, total=45.0, gigabytes=8.0)
        caps_said = f"{stress.patient:g} s a patient and {stress.gigabytes:g} GB"
        note = f"At most {caps_said}; the default budget refuses this network."
        sections.append(
            Section(f"Stress: {STRESS}", _COLUMNS, _rows(STRESS, 3, stress, ours="ours_wide"), (note,))
        )
    return sections


def _rows(name: str, count: int, caps: Caps, *, ours: str = "ours") -> list[tuple[Cell, ...]]:
    nodes = len(make_problem(name, 1).network)
    own = run_contestant(name, ours, count, caps)
    rows = [_row(name, nodes, ours, own, own)]
    rows += [_row(name, nodes, peer, run_contestant(name, peer, count, caps), own) for peer in _PEERS]
    return rows


def _row(name: str, nodes: int, contestant: str, result: Result, ours: Result) -> tuple[Cell, ...]:
    summary = summarise(result)
    own = summarise(ours, len(result.seconds))
    peer = result is not ours
    return (
        name,
        nodes,
        title_of(contestant),
        summary.patients,
        summary.median,
        summary.p95,
        summary.median / own.median if peer else None,
        disagreement(ours, result) if peer else None,
        result.remark,
    )
