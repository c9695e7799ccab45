"""YAML text to plain data, with the line of everything, in bounded time and memory.

PyYAML's own constructors read ``1e-3`` as text, ``no`` as False, ``12:30`` as 750, keep the last of two
equal keys and expand aliases without bound. Here only the event stream of the parser is used (in C where
libyaml is present): scalars are resolved as JSON would, and whatever a model file has no business
to hold ends the reading at once.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from twitchdx.errors import Issue, Where

# A model of 300 KB has about 30,000 entries nested 12 deep. These bounds leave room for ten times that
# and keep the worst file within about a second and 200 MB.
MAX_BYTES = 4_000_000
MAX_NODES = 200_000
MAX_DEPTH = 40
MAX_ISSUES = 100

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)")
_NUMBER_BEGINS = "-0123456789"
# What can move a cursor or colour a terminal; text of a model is printed there. A lone surrogate, which
# the parser in Python lets through, cannot be printed at all.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_CONSTANTS: dict[str, bool | None] = {"true": True, "false": False, "null": None}
# 10^308 is the largest power of ten in a float64; longer integers would cost time that grows with
# the square of their digits.
_LONGEST_NUMBER = 320

Scalar = str | int | float | bool | None
Data = Scalar | list["Data"] | dict[str, "Data"]


@dataclass(slots=True)
class Lines:
    """The file and line of a node, and of everything below it, shaped like the data.

    Below it a collection has `Lines` of its own; of a scalar there is the line alone, since most entries are
    scalars.
    """

    file: str
    line: int
    below: Mapping[str, Lines | int] | Sequence[Lines | int] | None = None

    def find(self, path: Sequence[str | int]) -> Lines:
        """The deepest node that exists along a path; segments that lead nowhere are skipped."""
        here = self
        for segment in path:
            found: Lines | int = here
            if isinstance(here.below, Mapping) and isinstance(segment, str):
                found = here.below.get(segment, here)
            elif isinstance(here.below, Sequence) and isinstance(segment, int):
                found = here.below[segment] if segment < len(here.below) else here
            here = found if isinstance(found, Lines) else Lines(here.file, found)
        return here


@dataclass(frozen=True, slots=True)
class Document:
    """What one file says.

    Attributes
    ----------
    data : dict, list or scalar
        The content; None where the file could not be read.
    lines : Lines
        Where each part of it stands.
    issues : tuple of Issue
        What is wrong with it as YAML.
    """

    data: Data
    lines: Lines
    issues: tuple[Issue, ...] = ()


class _Refused(Exception):  # noqa: N818 - a decision that never leaves this module
    """The rest of the file is not worth reading."""

    def __init__(self, code: str, line: int, message: str, fix: str) -> None:
        super().__init__(message)
        self.code, self.line, self.message, self.fix = code, line, message, fix


class _Mapping:
    """A mapping that is still open."""

    __slots__ = ("data", "key", "key_line", "lines", "skip_value")

    def __init__(self) -> None:
        self.data: dict[str, Data] = {}
        self.lines: dict[str, Lines | int] = {}
        self.key: str | None = None
        self.key_line = 0
        self.skip_value = False

    def place(self, value: Data, lines: Lines | int) -> None:
        """Put a value below the key that stands before it."""
        if self.key is not None and not self.skip_value:
            self.data[self.key] = value
            self.lines[self.key] = lines
        self.key = None


class _List:
    """A list that is still open."""

    __slots__ = ("data", "lines")

    def __init__(self) -> None:
        self.data: list[Data] = []
        self.lines: list[Lines | int] = []

    def place(self, value: Data, lines: Lines | int) -> None:
        """Put a value at the end."""
        self.data.append(value)
        self.lines.append(lines)


class _Root:
    """The document itself, which holds one value."""

    __slots__ = ("data", "file", "lines")

    def __init__(self, file: str) -> None:
        self.file = file
        self.data: Data = None
        self.lines = Lines(file, 1)

    def place(self, value: Data, lines: Lines | int) -> None:
        """Take the value."""
        self.data = value
        self.lines = lines if isinstance(lines, Lines) else Lines(self.file, lines)


class _Composer:
    """Builds the data of one file from the events of the parser, without recursion."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.issues: list[Issue] = []
        self.root = _Root(file)
        # The collections that the next event stands in; the innermost is last.
        self.open: list[_Root | _Mapping | _List] = [self.root]
        self.nodes = 0
        self.documents = 0

    def run(self, events: Iterator[yaml.Event]) -> Document:
        take: dict[type[yaml.Event], Callable[[Any], None]] = {
            yaml.ScalarEvent: self.take_scalar,
            yaml.MappingStartEvent: self.open_mapping,
            yaml.SequenceStartEvent: self.open_list,
            yaml.MappingEndEvent: self.close,
            yaml.SequenceEndEvent: self.close,
            yaml.AliasEvent: self.refuse_alias,
            yaml.DocumentStartEvent: self.begin_document,
        }
        try:
            for event in events:
                kind = type(event)
                if kind in take:
                    take[kind](event)
        except _Refused as refusal:
            self.give_up(refusal.code, refusal.line, refusal.message, refusal.fix)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            said = " ".join(part for part in (error.context, error.problem) if part)
            if "nesting depth" in said:  # newer versions of libyaml have a bound of their own, beyond ours
                self.give_up(*_too_deep(line))
            else:
                self.give_up(
                    "yaml-syntax", line, f"not valid YAML: {said}.", "Mend the syntax here or above."
                )
        except yaml.YAMLError as error:  # unreadable characters carry no mark
            self.give_up("yaml-syntax", 1, f"not valid YAML: {error}.", "Save the file as UTF-8 text.")
        return Document(self.root.data, self.root.lines, tuple(self.issues))

    def give_up(self, code: str, line: int, message: str, fix: str) -> None:
        self.issues.append(Issue("error", code, Where("", self.file, line), message, fix))
        self.root = _Root(self.file)

    def begin_document(self, event: yaml.Event) -> None:
        self.documents += 1
        if self.documents > 1:
            raise _Refused(
                "yaml-documents",
                _line(event),
                "a second document begins.",
                "Keep one document in a file: remove the line ---.",
            )

    def refuse_alias(self, event: yaml.AliasEvent) -> None:
        raise _Refused(
            "yaml-alias",
            _line(event),
            f"the alias *{event.anchor} stands for text elsewhere.",
            "Write the text out: aliases can grow without bound and hide what an entry says.",
        )

    def admit(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent, line: int) -> None:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise _Refused(
                "yaml-too-large",
                line,
                f"the file holds more than {MAX_NODES:,} entries.",
                "Split the model over several files, or remove what is not part of it.",
            )
        if event.anchor is not None:
            self.report(
                "yaml-anchor", line, f"the anchor &{event.anchor} is not allowed.", "Remove the anchor."
            )
        if event.tag is not None and event.tag != "!":
            self.report("yaml-tag", line, f"the tag {event.tag} is not allowed.", "Remove the tag.")

    def open_mapping(self, event: yaml.MappingStartEvent) -> None:
        self.open_collection(event, _Mapping())

    def open_list(self, event: yaml.SequenceStartEvent) -> None:
        self.open_collection(event, _List())

    def open_collection(self, event: yaml.CollectionStartEvent, collection: _Mapping | _List) -> None:
        line = _line(event)
        self.admit(event, line)
        if len(self.open) > MAX_DEPTH:
            raise _Refused(*_too_deep(line))
        around = self.open[-1]
        if isinstance(around, _Mapping):
            if around.key is None:
                raise _Refused(
                    "yaml-key", line, "a key is a list or a mapping.", "Use a plain word as the key."
                )
            line = around.key_line  # an entry begins where its key stands
        around.place(collection.data, Lines(self.file, line, collection.lines))
        self.open.append(collection)

    def close(self, _event: yaml.CollectionEndEvent) -> None:
        self.open.pop()

    def take_scalar(self, event: yaml.ScalarEvent) -> None:
        line, text, around = _line(event), event.value, self.open[-1]
        self.admit(event, line)
        # The first test is much quicker, and true of every text without a control character or a line break.
        if not text.isprintable() and _CONTROL.search(text):
            self.report(
                "control-character",
                line,
                "the text holds a control character, which can garble a terminal.",
                "Remove it; only line breaks and tabs are allowed.",
            )
        # Quoted and block scalars are text.
        if not isinstance(around, _Mapping):
            around.place(text if event.style else resolve_scalar(text), line)
        elif around.key is None:
            self.take_key(around, text, line)
        else:
            around.place(text if event.style else resolve_scalar(text), around.key_line)

    def take_key(self, mapping: _Mapping, key: str, line: int) -> None:
        mapping.key, mapping.key_line = key, line
        mapping.skip_value = key in mapping.data
        if mapping.skip_value:
            first = Lines(self.file, 1, mapping.lines).find([key]).line
            self.report(
                "duplicate-key",
                line,
                f"the key {key!r} occurs twice; the first is at line {first}.",
                "Keep one of the two, or rename one.",
            )

    def report(self, code: str, line: int, message: str, fix: str) -> None:
        self.issues.append(Issue("error", code, Where("", self.file, line), message, fix))
        if len(self.issues) == MAX_ISSUES:
            raise _Refused("too-many-issues", line, "reading stopped here.", "Mend the issues above first.")


def _too_deep(line: int) -> tuple[str, int, str, str]:
    found = f"nested deeper than {MAX_DEPTH} levels."
    return "yaml-too-deep", line, found, "A model needs about 12 levels: flatten this entry."


def _line(event: yaml.Event) -> int:
    # The type allows an event without a mark, for events that are written; those that were read have one.
    return event.start_mark.line + 1 if event.start_mark else 1


def resolve_scalar(text: str) -> Scalar:
    """What a plain scalar means: a JSON number or constant; anything else is text.

    >>> [resolve_scalar(text) for text in ("1e-3", "no", "12:30", "true", "007", "null")]
    [0.001, 'no', '12:30', True, '007', None]
    """
    if text[:1] not in _NUMBER_BEGINS:  # almost every scalar
        return _CONSTANTS.get(text, text)
    if len(text) > _LONGEST_NUMBER or not _NUMBER.fullmatch(text):
        return text
    number = int(text) if _INTEGER.fullmatch(text) else float(text)
    return number if isinstance(number, int) or math.isfinite(number) else text


def read_yaml(text: bytes, file: str) -> Document:
    """Read one YAML file strictly.

    Parameters
    ----------
    text : bytes
        The content of the file, UTF-8.
    file : str
        Its name, for the issues.

    Returns
    -------
    Document
        The data, its lines, and every issue. After a syntax error, or where a bound is exceeded, the
        data is None.
    """
    composer = _Composer(file)
    if len(text) > MAX_BYTES:
        composer.report(
            "yaml-too-large",
            1,
            f"the file has {len(text):,} bytes; the limit is {MAX_BYTES:,}.",
            "Split the model over several files, or remove what is not part of it.",
        )
        return Document(None, Lines(file, 1), tuple(composer.issues))
    try:
        decoded = text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        composer.report("not-utf8", line, f"byte {error.start} is not UTF-8 text.", "Save the file as UTF-8.")
        return Document(None, Lines(file, 1), tuple(composer.issues))
    return composer.run(yaml.parse(decoded, Loader=_fastest_loader()))


def _fastest_loader() -> type[yaml.SafeLoader | yaml.CSafeLoader]:
    # The parser of libyaml is about ten times as fast; wheels of PyYAML carry it, some builds do not.
    return yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
