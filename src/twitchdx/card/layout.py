"""Where each variable of a model stands in a picture: a column a role, neighbours at like heights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from twitchdx.model import Model
from twitchdx.records import Variable

#: Width of the picture in pixels, that of a page.
WIDTH = 1200.0
MARGIN = 20.0
#: Width of a box, and the height of its first and of each further line of text.
BOX, LINE, FURTHER = 152.0, 17.0, 12.0
#: Where the columns begin, below their headings.
TOP = 56.0
_GAP = 4.0
# Rounds of moving each variable to the middle of its neighbours; more change nothing that can be seen.
_ROUNDS = 40
# Widths of the letters of a rather wide sans-serif face, in parts of its size.
_NARROW, _WIDE = frozenset("iljtfrI.,:;'()|-1 "), frozenset("mwMWABCDEGHKNOQRSTUVXYZ%@")
_NARROW_WIDTH, _WIDE_WIDTH, _USUAL_WIDTH = 0.36, 0.8, 0.61
FONT_SIZE = 10.5
_TEXT_WIDTH = (BOX - 14.0) / FONT_SIZE


@dataclass(frozen=True, slots=True)
class Box:
    """One variable in the picture.

    Attributes
    ----------
    name, label : str
        The variable.
    lines : tuple of str
        Its label, broken into lines.
    column : int
        Index of its column.
    x, middle, height : float
        Its left edge, the middle of its height, and its height.
    """

    name: str
    label: str
    lines: tuple[str, ...]
    column: int
    x: float
    middle: float
    height: float


@dataclass(frozen=True, slots=True)
class Layout:
    """The whole picture.

    Attributes
    ----------
    columns : tuple of str
        The role of each column, from left to right.
    lefts : tuple of float
        The left edge of each column.
    boxes : mapping of str to Box
        Variable -> its box; columns one after the other, each from the top.
    bottom : float
        Where the longest column ends.
    """

    columns: tuple[str, ...]
    lefts: tuple[float, ...]
    boxes: Mapping[str, Box]
    bottom: float


def lay_out(model: Model) -> Layout:
    """Place the variables of a model.

    Variables are moved to the mean height of their neighbours, over and over, column by column; where two
    would overlap they share the room (the barycentres of Sugiyama, Tagawa and Toda, 1981). The same model
    gives the same picture.
    """
    roles = tuple(dict.fromkeys(str(each.role) for each in model.variables.values()))
    spacing = (WIDTH - 2 * MARGIN - BOX) / max(len(roles) - 1, 1)
    lefts = tuple(MARGIN + spacing * column for column in range(len(roles)))
    columns = [[each for each in model.variables.values() if each.role == role] for role in roles]
    boxes = {
        each.name: _make_box(each, column, lefts[column])
        for column, members in enumerate(columns)
        for each in members
    }
    names = [[each.name for each in members] for members in columns]
    bottom = TOP + max(sum(boxes[name].height + _GAP for name in each) for each in names)
    neighbours = _find_neighbours(model)
    middles = {name: place for each in names for name, place in _spread(each, boxes, bottom).items()}
    for turn in range(_ROUNDS):
        for members in names if turn % 2 == 0 else reversed(names):
            wanted = {
                name: _mean([middles[other] for other in neighbours[name]], middles[name]) for name in members
            }
            members.sort(key=wanted.__getitem__)
            middles |= _settle(members, wanted, boxes, bottom)
    placed = {name: replace(boxes[name], middle=middles[name]) for each in names for name in each}
    return Layout(roles, lefts, placed, bottom)


def _make_box(variable: Variable, column: int, left: float) -> Box:
    lines = break_lines(variable.label)
    height = LINE + FURTHER * (len(lines) - 1)
    return Box(variable.name, variable.label, lines, column, left, 0.0, height)


def text_width(text: str) -> float:
    """About how wide a text is, in parts of its size."""
    widths = {True: _NARROW_WIDTH, False: _USUAL_WIDTH}
    return sum(_WIDE_WIDTH if each in _WIDE else widths[each in _NARROW] for each in text)


def break_lines(label: str) -> tuple[str, ...]:
    """A label in lines that fit into a box; a single word that does not is cut."""
    lines: list[str] = []
    for word in label.split():
        if lines and text_width(f"{lines[-1]} {word}") <= _TEXT_WIDTH:
            lines[-1] = f"{lines[-1]} {word}"
        else:
            lines.append(word)
    return tuple(_cut(line) for line in lines)


def _cut(line: str) -> str:
    if text_width(line) <= _TEXT_WIDTH:
        return line
    kept = line
    while text_width(f"{kept}…") > _TEXT_WIDTH:
        kept = kept[:-1]
    return f"{kept}…"


def _find_neighbours(model: Model) -> dict[str, list[str]]:
    neighbours: dict[str, list[str]] = {name: [] for name in model.variables}
    for name, each in model.variables.items():
        for parent in each.parents:
            neighbours[name].append(parent)
            neighbours[parent].append(name)
    return neighbours


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _spread(names: Sequence[str], boxes: Mapping[str, Box], bottom: float) -> dict[str, float]:
    """Evenly from the top to the bottom, in the order given."""
    used = sum(boxes[name].height for name in names)
    gap = (bottom - TOP - used) / len(names)
    middles, reached = {}, TOP
    for name in names:
        middles[name] = reached + (gap + boxes[name].height) / 2
        reached += gap + boxes[name].height
    return middles


def _settle(
    names: Sequence[str], wanted: Mapping[str, float], boxes: Mapping[str, Box], bottom: float
) -> dict[str, float]:
    """As near to where each wants to be as the order and the room allow, in the sense of least squares.

    Variables that would overlap become a block that lies at the mean of what its members want (the
    algorithm of pooled adjacent violators).
    """
    offsets, reached = [], 0.0
    for name in names:
        offsets.append(reached + boxes[name].height / 2)
        reached += boxes[name].height + _GAP
    last = max(bottom - reached, TOP)
    blocks: list[tuple[float, int]] = []
    for name, offset in zip(names, offsets, strict=True):
        total, count = wanted[name] - offset, 1
        while blocks and blocks[-1][0] / blocks[-1][1] > total / count:
            before, more = blocks.pop()
            total, count = total + before, count + more
        blocks.append((total, count))
    starts = [min(max(total / count, TOP), last) for total, count in blocks for _ in range(count)]
    return {name: start + offset for name, start, offset in zip(names, starts, offsets, strict=True)}
