"""Results that show as tables: as text in a terminal, as HTML in Jupyter, as a data frame."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal
from xml.etree.ElementTree import Element, SubElement, tostring

WIDTH = 96
# The widest column of text; longer cells are broken.
_WIDEST = 44

#: Name of a column, its values, and how one of them is said.
Column = tuple[str, Sequence[Any], Callable[[Any], str]]


@dataclass(frozen=True, slots=True, repr=False)
class Tabled:
    """A result that is one table, with a line above it and sentences below.

    `print` shows the table, Jupyter shows it as HTML, `to_frame` gives its columns as they are, and `to_dict`
    gives everything that the result holds.
    """

    def _title(self) -> str:
        raise NotImplementedError

    def _columns(self) -> list[Column]:
        raise NotImplementedError

    def _notes(self) -> list[str]:
        return []

    def to_dict(self) -> dict[str, Any]:
        """Everything that it holds as plain data: dicts, tuples, numbers, text."""
        return asdict(self)

    def to_frame(self, backend: Literal["pandas", "polars", "pyarrow"] = "pandas") -> Any:
        """The table as a data frame.

        Parameters
        ----------
        backend : str, optional
            Of which kind: "pandas", "polars" or "pyarrow", which must be installed.
        """
        import narwhals as nw

        return nw.from_dict(
            {head: list(values) for head, values, _ in self._columns()}, backend=backend
        ).to_native()

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def __repr__(self) -> str:
        return str(self)

    def _lines(self) -> Iterator[str]:
        yield from textwrap.wrap(self._title(), WIDTH, subsequent_indent="  ", break_long_words=False)
        columns = self._columns()
        if columns and columns[0][1]:
            yield ""
            yield from _text_table(columns)
        for each in self._notes():
            yield from textwrap.wrap(each, WIDTH, break_long_words=False, break_on_hyphens=False)

    def _repr_html_(self) -> str:
        card = Element("div", {"class": "twitchdx-card"})
        SubElement(card, "p").text = self._title()
        columns = self._columns()
        table = SubElement(card, "table")
        head = SubElement(SubElement(table, "thead"), "tr")
        for name, _, _ in columns:
            SubElement(head, "th", {"scope": "col"}).text = name
        body = SubElement(table, "tbody")
        for row in _said(columns):
            line = SubElement(body, "tr")
            for place, cell in enumerate(row):
                SubElement(line, "td" if place else "th", {} if place else {"scope": "row"}).text = cell
        for each in self._notes():
            SubElement(card, "p").text = each
        return tostring(card, encoding="unicode", method="html")


def _said(columns: Sequence[Column]) -> list[tuple[str, ...]]:
    """The cells of every row as text; nothing where there is no value."""
    said = [["" if value is None else say(value) for value in values] for _, values, say in columns]
    return list(zip(*said, strict=True))


def _text_table(columns: Sequence[Column]) -> Iterator[str]:
    rows = [tuple(head for head, _, _ in columns), *_said(columns)]
    broken = [[textwrap.wrap(cell, _WIDEST) or [""] for cell in row] for row in rows]
    widths = [max(len(line) for row in broken for line in row[place]) for place in range(len(columns))]
    for row in broken:
        for at in range(max(map(len, row))):
            cells = (lines[at] if at < len(lines) else "" for lines in row)
            line = "  ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True))
            yield f"  {line}".rstrip()


def spoken_probability(probability: float) -> str:
    """A probability as people read it: percent, or "1 in so many" where percent would hide it.

    >>> [spoken_probability(p) for p in (0.9999, 0.42, 0.034, 0.0021, 0.000066, 0.0)]
    ['> 99 %', '42 %', '3.4 %', '0.21 %', '1 in 15,000', '0']
    """
    if probability == 0.0:
        return "0"
    if probability >= 0.995:
        return "> 99 %"
    if probability >= 0.0995:
        return f"{100.0 * probability:.0f} %"
    if probability >= 0.001:
        return f"{100.0 * probability:.2g} %"
    odds_against = 1.0 / probability
    # Two significant digits: no more is known of so rare a thing.
    return f"1 in {float(f'{odds_against:.2g}'):,.0f}"


def spoken_interval(interval: tuple[float, float]) -> str:
    """Both ends of an interval of a probability; what they have in common is said once.

    >>> [spoken_interval(each) for each in ((0.21, 0.42), (1e-4, 1e-3), (1e-5, 1e-4), (0.9, 0.999))]
    ['21–42 %', '1 in 10,000 to 0.1 %', '1 in 100,000–10,000', '90 % to > 99 %']
    """  # noqa: RUF002 - a dash between numbers is what is said
    low, high = map(spoken_probability, interval)
    if low == high:
        return low
    if low.endswith(" %") and high.endswith(" %") and not high.startswith(">"):
        return f"{low[:-2]}\N{EN DASH}{high}"
    if low.startswith("1 in ") and high.startswith("1 in "):
        return f"{low}\N{EN DASH}{high[5:]}"
    return f"{low} to {high}"


def spoken_decibans(weight: float) -> str:
    """A weight of evidence with its sign."""
    return f"{weight:+.1f} dB".replace("-", "\N{MINUS SIGN}")
