"""Results that show as tables: as text in a terminal, as HTML in Jupyter, as a data frame."""

from __future__ import annotations

import importlib
import math
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from functools import partial
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints
from xml.etree.ElementTree import Element, SubElement, tostring

from twitchdx.errors import Issue, OptionError, Where, suggest

WIDTH = 96
# The widest column of text; longer cells are broken between words.
_WIDEST = 44

#: Name of a column, its values, and how one of them is said.
Column = tuple[str, Sequence[Any], Callable[[Any], str]]

#: A kind of data frame.
Backend = Literal["pandas", "polars", "pyarrow"]

# The look of the card of a diagnosis, in so far as a table needs it. Notebooks align the cells of every table
# by a rule of two classes and an element: these outrank it.
_STYLE = """
.twitchdx-card {
  color: var(--jp-content-font-color1, #1a1a1a);
  background: var(--jp-layout-color1, #ffffff);
  border: 1px solid var(--jp-border-color2, #bdbdbd);
  border-radius: 6px;
  font-family: var(--jp-content-font-family, system-ui, sans-serif);
  line-height: 1.4;
  overflow-x: auto;
  padding: 0.8rem 1.2rem;
}
.twitchdx-card p { margin: 0.3rem 0; }
.twitchdx-card table { border-collapse: collapse; margin: 0.4rem 0; }
.twitchdx-card table.twitchdx-table th,
.twitchdx-card table.twitchdx-table td {
  font-weight: 400;
  padding: 0.15rem 0.9rem 0.15rem 0.3rem;
  text-align: left;
}
.twitchdx-card table.twitchdx-table td.twitchdx-figure { white-space: nowrap; }
.twitchdx-card thead th { color: var(--jp-content-font-color2, #5c5c5c); font-size: 0.9em; }
"""


@dataclass(frozen=True, slots=True)
class Records:
    """The rows of a data frame: each of one record, or of several side by side.

    A column has the name of a field. Fields that hold numbers, text or truth values are columns; names in a
    tuple are joined; the two ends of an interval are two columns; what is nested deeper is left out.

    Attributes
    ----------
    kinds : tuple of type
        The dataclasses side by side; of two fields with one name the last is taken.
    rows : sequence of tuple
        In each row one record of each kind.
    """

    kinds: tuple[type, ...]
    rows: Sequence[tuple[Any, ...]]

    def to_frame(self, backend: Backend) -> Any:
        """The rows as a data frame.

        Raises
        ------
        OptionError
            There is no such kind of data frame, or it is not installed.
        """
        columns = {
            name: (kind, [value(row[place]) for row in self.rows])
            for place, each in enumerate(self.kinds)
            for name, kind, value in _cells(each)
        }
        return _frame(columns, backend)


@dataclass(frozen=True, slots=True, repr=False)
class Tabled:
    """A result that is one table, with a line above it and sentences below.

    `print` shows the table, Jupyter shows it as HTML, `to_frame` gives the records behind its rows, and
    `to_dict` gives everything that the result holds.
    """

    def _title(self) -> str:
        raise NotImplementedError

    def _columns(self) -> list[Column]:
        raise NotImplementedError

    def _notes(self) -> list[str]:
        return []

    def _records(self) -> Records | None:
        """The rows of the data frame; None: those of the table."""
        return None

    def to_dict(self) -> dict[str, Any]:
        """Everything that it holds as plain data: dicts, tuples, numbers, text."""
        return asdict(self)

    def to_frame(self, backend: Backend = "pandas") -> Any:
        """The records as a data frame: one a row, with the names of their fields.

        Parameters
        ----------
        backend : str, optional
            Of which kind: "pandas", "polars" or "pyarrow", which must be installed.

        Raises
        ------
        OptionError
            There is no such kind, or it is not installed.
        """
        records = self._records()
        if records is not None:
            return records.to_frame(backend)
        return _frame({head: (object, list(values)) for head, values, _ in self._columns()}, backend)

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
        SubElement(card, "style").text = _STYLE
        SubElement(card, "p").text = self._title()
        columns = self._columns()
        if columns and columns[0][1]:
            _add_table(card, columns)
        for each in self._notes():
            SubElement(card, "p").text = each
        return tostring(card, encoding="unicode", method="html")


def _cells(kind: type) -> Iterator[tuple[str, type, Callable[[Any], Any]]]:
    """The columns that the fields of a record make: name, type, and the value of one record."""
    hints = get_type_hints(kind)
    for each in fields(kind):
        name, hint = each.name, hints[each.name]
        given = [part for part in _alternatives(hint) if part is not NoneType]
        types = {type(get_args(part)[0]) if get_origin(part) is Literal else part for part in given}
        if given == [tuple[float, float]]:
            yield f"{name}_low", float, partial(_end_of, name, 0)
            yield f"{name}_high", float, partial(_end_of, name, 1)
        elif given == [tuple[str, ...]]:
            yield name, str, partial(_joined, name)
        elif len(types) == 1 and types <= {str, bool, int, float}:
            yield name, types.pop(), attrgetter(name)


def _end_of(name: str, place: int, record: Any) -> Any:
    interval = getattr(record, name)
    return None if interval is None else interval[place]


def _joined(name: str, record: Any) -> str:
    return "; ".join(getattr(record, name) or ())


def _alternatives(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in {Union, UnionType} else (hint,)


def _frame(columns: dict[str, tuple[type, list[Any]]], backend: Backend) -> Any:
    """A data frame of columns with their types; `object` where the type shows in the values."""
    import narwhals as nw

    require_backend(backend)
    data = {name: values for name, (_, values) in columns.items()}
    types = {float: nw.Float64, int: nw.Int64, bool: nw.Boolean, str: nw.String}
    schema = {name: types[kind] for name, (kind, _) in columns.items() if kind in types}
    if backend == "pandas":
        # A text that is missing would become the text "None" in some of its versions, were it told the types.
        for name, (kind, values) in columns.items():
            if kind is float:
                data[name] = [math.nan if value is None else value for value in values]
        schema = {}
    whole: Any = schema if len(schema) == len(data) else None
    return nw.from_dict(data, schema=whole, backend=backend).to_native()


def require_backend(backend: object) -> None:
    """That there is such a kind of data frame.

    Raises
    ------
    OptionError
        There is none of this name, or it is not installed.
    """
    known = get_args(Backend)
    if backend not in known:
        message, fix = f"found {backend!r}.", suggest(str(backend), known)
    else:
        try:
            importlib.import_module(str(backend))
        except ImportError:
            others = " or ".join(repr(each) for each in known if each != backend)
            message = f"{backend} is not installed."
            fix = f"`pip install {backend}`, or give {others}."
        else:
            return
    issue = Issue("error", "wrong-option", Where("backend"), message, fix)
    raise OptionError("There is no such data frame.", [issue])


def _add_table(card: Element, columns: Sequence[Column]) -> None:
    table = SubElement(card, "table", {"class": "twitchdx-table"})
    head = SubElement(SubElement(table, "thead"), "tr")
    for name, _, _ in columns:
        SubElement(head, "th", {"scope": "col"}).text = name
    body = SubElement(table, "tbody")
    for number, row in enumerate(_said(columns)):
        line = SubElement(body, "tr")
        for (_, values, _), cell in zip(columns, row, strict=True):
            # No line is broken between a figure and its unit.
            css = {} if isinstance(values[number], str) else {"class": "twitchdx-figure"}
            first = len(line) == 0
            SubElement(line, "th" if first else "td", {"scope": "row"} if first else css).text = cell


def _said(columns: Sequence[Column]) -> list[tuple[str, ...]]:
    """The cells of every row as text; nothing where there is no value."""
    said = [["" if value is None else say(value) for value in values] for _, values, say in columns]
    return list(zip(*said, strict=True))


def _text_table(columns: Sequence[Column]) -> Iterator[str]:
    rows = [tuple(head for head, _, _ in columns), *_said(columns)]
    # A word is never broken: the path of a number must be found again, and copied.
    broken = [
        [textwrap.wrap(cell, _WIDEST, break_long_words=False, break_on_hyphens=False) or [""] for cell in row]
        for row in rows
    ]
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
