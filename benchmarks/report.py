"""Tables of results, as Markdown and as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Cell = str | int | float | None

_HEAD = (
    "Written by `python -m benchmarks`; the same figures with all digits are in `results.json`. Times depend "
    "on the machine, ratios much less: within a table all contestants were given the same network and the "
    "same patients, one after another in one run, one thread each unless it says otherwise."
)


@dataclass(frozen=True, slots=True)
class Section:
    """One table.

    Attributes
    ----------
    title : str
        What it shows.
    columns : tuple of str
        Heads; the unit stands in brackets, and decides how numbers are written.
    rows : list of tuples
        One value a column; None where there is none, infinity where nothing came in time.
    notes : tuple of str
        What a reader must know.
    """

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[Cell, ...]]
    notes: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Group:
    """The tables of one group of measurements, with what they depend on."""

    title: str
    facts: Mapping[str, str]
    sections: Sequence[Section]


def write_results(folder: Path, groups: Mapping[str, Group], order: Sequence[str]) -> None:
    """Write RESULTS.md and results.json; groups that were not run this time stay as they were."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "results.json"
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    for name, group in groups.items():
        sections = [_plain(section) for section in group.sections]
        known[name] = {"title": group.title, "facts": dict(group.facts), "sections": sections}
    ordered = {name: known[name] for name in order if name in known}
    path.write_text(json.dumps(ordered, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (folder / "RESULTS.md").write_text(_markdown(ordered), encoding="utf-8")


def _plain(section: Section) -> dict[str, Any]:
    """JSON has no infinity: it becomes the text that the table shows."""
    rows = [[_finite(value) for value in row] for row in section.rows]
    return {
        "title": section.title,
        "columns": list(section.columns),
        "rows": rows,
        "notes": list(section.notes),
    }


def _finite(value: Cell) -> Cell:
    if isinstance(value, float) and not math.isfinite(value):
        return "none in time" if math.isinf(value) else None
    return value


def _markdown(groups: Mapping[str, Any]) -> str:
    lines = ["# Benchmarks", "", _HEAD]
    for name, group in groups.items():
        lines += ["", f"## {group['title']}", ""]
        facts = [f"{key} {value}" for key, value in group["facts"].items()]
        lines += [f"`python -m benchmarks --only {name}`. " + ", ".join(facts) + "."]
        for section in group["sections"]:
            lines += ["", f"### {section['title']}", "", *_table(section)]
            for note in section["notes"]:
                lines += ["", note]
    return "\n".join(lines) + "\n"


def _table(section: Mapping[str, Any]) -> list[str]:
    heads, rows = section["columns"], section["rows"]
    numeric = [any(isinstance(row[column], int | float) for row in rows) for column in range(len(heads))]
    shown = [[show(value, head) for value, head in zip(row, heads, strict=True)] for row in rows]
    return [_row(heads), _row(["---:" if each else "---" for each in numeric]), *map(_row, shown)]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def show(value: Cell, head: str) -> str:
    """A value as its column writes it."""
    if value is None or isinstance(value, str):
        return value or ""
    if head.endswith("(s)"):
        return _time(float(value))
    if head.endswith("(x)"):
        return f"{_digits(float(value), 2)}x"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.0e}" if 0.0 < abs(value) < 1e-3 else _digits(value, 3)


def _time(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{_digits(seconds / size, 3)} {unit}"
    return f"{_digits(seconds * 1e6, 3)} µs"


def _digits(number: float, digits: int) -> str:
    """A number with that many significant digits, never in exponents."""
    if number == 0.0:
        return "0"
    places = digits - 1 - math.floor(math.log10(abs(number)))
    rounded = round(number, places)
    return f"{rounded:,.{max(places, 0)}f}"
