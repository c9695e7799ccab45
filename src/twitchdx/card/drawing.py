"""The network of a model as a picture: one SVG text, the same for the same model."""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape

from twitchdx.card.layout import BOX, FONT_SIZE, FURTHER, MARGIN, TOP, WIDTH, Box, Layout, lay_out
from twitchdx.model import Model

# Colours of a role: of its lines and headings by day, of its boxes by day, and the same by night.
_COLOURS = {
    "risk_factor": ("#b45309", "#fdf3e3", "#f0b35e", "#3a2c17"),
    "cause": ("#be185d", "#fdecf3", "#f48bb4", "#3d1d2c"),
    "process": ("#6d28d9", "#f2ecfe", "#b79cf7", "#2d2347"),
    "finding": ("#0f766e", "#e6f6f3", "#5fd0c0", "#15352f"),
    "test": ("#1d4ed8", "#e9effd", "#8ab0fb", "#1b2b4d"),
}
_PLURALS = {"process": "Processes"}
# Arrows that pass a column share a few lanes, so that they run together.
_LANE = 48.0
# How far from a box a lane runs: in the middle of a gap.
_ASIDE = 2.0
_BOTTOM = 16.0


def draw_structure(model: Model) -> str:
    """Every variable as a box in the column of its role, every arrow as a thin curve.

    Returns
    -------
    str
        SVG, with a background of its own and colours for bright and dark screens.
    """
    layout = lay_out(model)
    height = math.ceil(layout.bottom + _BOTTOM)
    title = f"The network of the model {model.name}"
    arrows = sum(len(each.parents) for each in model.variables.values())
    first, last = (_heading(layout.columns[index]).lower() for index in (0, -1))
    content = f"{len(model.variables)} variables and {arrows} arrows, from {first} on the left to {last}"
    size = f'viewBox="0 0 {WIDTH:.0f} {height}" width="{WIDTH:.0f}" height="{height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-labelledby="title description">',
        f'<title id="title">{escape(title)}</title>',
        f'<desc id="description">{escape(content)} on the right.</desc>',
        f"<style>{_style()}</style>",
        f'<rect class="page" width="{WIDTH:.0f}" height="{height}" rx="10"/>',
        *_draw_arrows(model, layout),
        *_draw_headings(layout),
        *(_draw_box(model, layout, each) for each in layout.boxes.values()),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _style() -> str:
    rules = [
        ".page{fill:#fff}",
        f"text{{font:{FONT_SIZE}px system-ui,'Segoe UI',Helvetica,Arial,sans-serif;fill:#1f2430}}",
        "text.heading{font-size:14px;font-weight:600}",
        ".arrow{fill:none;stroke-width:.9;stroke-opacity:.42}",
        ".box{stroke-width:.8;stroke-opacity:.65}",
        ".complaint .box{stroke-width:2;stroke-opacity:1}",
        ".complaint text{font-weight:700}",
    ]
    night = [".page{fill:#12151c}", "text{fill:#e8eaf0}", ".arrow{stroke-opacity:.5}"]
    for role, (line, fill, bright_line, dark_fill) in _COLOURS.items():
        rules.append(f".{role} .arrow,.{role} .box{{stroke:{line}}}.{role} .box{{fill:{fill}}}")
        rules.append(f".{role} text.heading{{fill:{line}}}")
        night.append(f".{role} .arrow,.{role} .box{{stroke:{bright_line}}}.{role} .box{{fill:{dark_fill}}}")
        night.append(f".{role} text.heading{{fill:{bright_line}}}")
    return f"{''.join(rules)}@media(prefers-color-scheme:dark){{{''.join(night)}}}"


def _heading(role: str) -> str:
    return _PLURALS.get(role, f"{role}s".replace("_", " ").capitalize())


def _draw_headings(layout: Layout) -> Iterator[str]:
    for column, (role, left) in enumerate(zip(layout.columns, layout.lefts, strict=True)):
        count = sum(each.column == column for each in layout.boxes.values())
        yield (
            f'<g class="{role}"><text class="heading" x="{left:.1f}" y="{TOP - 20:.1f}">'
            f"{_heading(role)} ({count})</text></g>"
        )


def _draw_box(model: Model, layout: Layout, box: Box) -> str:
    role = layout.columns[box.column]
    marked = " complaint" if box.name == model.complaint else ""
    place = f'x="{box.x:.1f}" y="{box.middle - box.height / 2:.1f}"'
    first = box.middle - FURTHER * (len(box.lines) - 1) / 2 + FONT_SIZE * 0.35
    lines = "".join(
        f'<text x="{box.x + 7:.1f}" y="{first + FURTHER * index:.1f}">{escape(line)}</text>'
        for index, line in enumerate(box.lines)
    )
    return (
        f'<g class="{role}{marked}"><title>{escape(box.label)} ({box.name})</title>'
        f'<rect class="box" {place} width="{BOX:.0f}" height="{box.height:.0f}" rx="4"/>'
        f"{lines}</g>"
    )


def _draw_arrows(model: Model, layout: Layout) -> Iterator[str]:
    """The arrows, those from one column together."""
    lanes = _Lanes(layout)
    paths: dict[int, list[str]] = {}
    for target in layout.boxes.values():
        for parent in model.variables[target.name].parents:
            source = layout.boxes[parent]
            path = _loop(source, target) if source.column == target.column else lanes.route(source, target)
            paths.setdefault(source.column, []).append(path)
    for column in sorted(paths):
        drawn = "".join(f'<path class="arrow" d="{each}"/>' for each in paths[column])
        yield f'<g class="{layout.columns[column]}">{drawn}</g>'


def _loop(source: Box, target: Box) -> str:
    """An arrow within a column, at its right side: the further it goes, the wider it swings out."""
    right = source.x + BOX
    out = right + min(14.0 + 0.16 * abs(target.middle - source.middle), (WIDTH - MARGIN - BOX) / 8)
    start, end = f"{source.middle:.1f}", f"{target.middle:.1f}"
    return f"M{right:.1f} {start}C{out:.1f} {start} {out:.1f} {end} {right:.1f} {end}"


class _Lanes:
    """Where arrows pass the columns that they do not end in: between boxes, a few lanes a column."""

    def __init__(self, layout: Layout) -> None:
        self.lefts = layout.lefts
        self.lanes = [self._lanes(column, layout) for column in range(len(layout.lefts))]

    @staticmethod
    def _lanes(column: int, layout: Layout) -> list[float]:
        """The gaps between boxes and the empty room, about `_LANE` apart."""
        lanes, free = [TOP - _ASIDE], TOP - _ASIDE
        for each in (box for box in layout.boxes.values() if box.column == column):
            while lanes[-1] + _LANE < each.middle - each.height / 2 - _ASIDE:
                lanes.append(lanes[-1] + _LANE)
            free = each.middle + each.height / 2 + _ASIDE
            if free - lanes[-1] >= _LANE:
                lanes.append(free)
        if free > lanes[-1]:
            lanes.append(free)
        while lanes[-1] + _LANE < layout.bottom:
            lanes.append(lanes[-1] + _LANE)
        return lanes

    def route(self, source: Box, target: Box) -> str:
        """A smooth curve from the right side of one box to the left side of another."""
        x, y = source.x + BOX, source.middle
        path = f"M{x:.1f} {y:.1f}"
        for column in range(source.column + 1, target.column):
            share = (column - source.column) / (target.column - source.column)
            straight = source.middle + share * (target.middle - source.middle)
            lane = min(self.lanes[column], key=lambda each: (abs(each - straight), each))
            path += _bend(x, y, self.lefts[column], lane) + f"H{self.lefts[column] + BOX:.1f}"
            x, y = self.lefts[column] + BOX, lane
        return path + _bend(x, y, target.x, target.middle)


def _bend(x: float, y: float, to_x: float, to_y: float) -> str:
    """A curve that leaves and arrives horizontally."""
    middle = (x + to_x) / 2
    return f"C{middle:.1f} {y:.1f} {middle:.1f} {to_y:.1f} {to_x:.1f} {to_y:.1f}"
