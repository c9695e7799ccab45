"""YAML text to plain data, with the line of everything, in bounded time and memory.

PyYAML's own constructors read ``1e-3`` as text, ``no`` as False, ``12:30`` as 750, keep the last of two
equal keys and expand aliases without bound. Here only the event stream of the parser is used (in C where
libyaml is present): scalars are resolved as JSON would, and whatever a model file has no business
to hold ends the reading at once.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

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
# What can move a cursor or colour a terminal; text of a model is printed there.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_CONSTANTS = {"true": True, "false": False, "null": None}
# 10^308 is the largest power of ten in a float64; longer integers would cost time that grows with
# the square of their digits.
_LONGEST_NUMBER = 320

Scalar = str | int | float | bool | None
Data = Scalar | list["Data"] | dict[str, "Data"]


@dataclass(frozen=True, slots=True)
class Lines:
    """The file and line of a node, and of everything below it, shaped like the data."""

    file: str
    line: int
    below: Mapping[str, Lines] | Sequence[Lines] | None = None

    def find(self, path: Sequence[str | int]) -> Lines:
        """The deepest node that exists along a path; segments that lead nowhere are skipped."""
        here = self
        for segment in path:
            below = here.below
            if isinstance(below, Mapping) and isinstance(segment, str):
                here = below.get(segment, here)
            elif isinstance(below, Sequence) and isinstance(segment, int) and segment < len(below):
                here = below[segment]
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


@dataclass(slots=True)
class _Frame:
    """A collection that is still open."""

    lines: Lines
    items: list[Data] = field(default_factory=list)
    entries: dict[str, Data] = field(default_factory=dict)
    item_lines: list[Lines] = field(default_factory=list)
    entry_lines: dict[str, Lines] = field(default_factory=dict)
    is_mapping: bool = False
    key: str | None = None
    key_line: int = 0
    skip_value: bool = False

    def close(self) -> tuple[Data, Lines]:
        if self.is_mapping:
            return self.entries, replace(self.lines, below=self.entry_lines)
        return self.items, replace(self.lines, below=self.item_lines)


class _Composer:
    """Builds the data of one file from the events of the parser, without recursion."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.issues: list[Issue] = []
        self.open: list[_Frame] = []
        self.nodes = 0
        self.documents = 0
        self.result: tuple[Data, Lines] = (None, Lines(file, 1))

    def run(self, events: Iterator[yaml.Event]) -> Document:
        try:
            for event in events:
                self.take(event)
        except _Refused as refusal:
            self.report(refusal.code, refusal.line, refusal.message, refusal.fix)
            self.result = (None, Lines(self.file, 1))
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            said = " ".join(part for part in (error.context, error.problem) if part)
            self.report("yaml-syntax", line, f"not valid YAML: {said}.", "Mend the syntax here or above.")
            self.result = (None, Lines(self.file, 1))
        except yaml.YAMLError as error:  # unreadable characters carry no mark
            self.report("yaml-syntax", 1, f"not valid YAML: {error}.", "Save the file as UTF-8 text.")
            self.result = (None, Lines(self.file, 1))
        return Document(*self.result, tuple(self.issues))

    def take(self, event: yaml.Event) -> None:
        match event:
            case yaml.ScalarEvent():
                self.admit(event)
                self.take_scalar(event)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self.admit(event)
                self.open_collection(event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self.place(*self.open.pop().close())
            case yaml.AliasEvent():
                raise _Refused(
                    "yaml-alias",
                    _line(event),
                    f"the alias *{event.anchor} stands for text elsewhere.",
                    "Write the text out: aliases can grow without bound and hide what an entry says.",
                )
            case yaml.DocumentStartEvent():
                self.documents += 1
                if self.documents > 1:
                    raise _Refused(
                        "yaml-documents",
                        _line(event),
                        "a second document begins.",
                        "Keep one document in a file: remove the line ---.",
                    )

    def admit(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
        line = _line(event)
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
        if event.tag not in (None, "!"):
            self.report("yaml-tag", line, f"the tag {event.tag} is not allowed.", "Remove the tag.")

    def open_collection(self, event: yaml.CollectionStartEvent) -> None:
        line = _line(event)
        if len(self.open) >= MAX_DEPTH:
            raise _Refused(
                "yaml-too-deep",
                line,
                f"nested deeper than {MAX_DEPTH} levels.",
                "A model needs about 12 levels: flatten this entry.",
            )
        if self.awaits_key():
            raise _Refused("yaml-key", line, "a key is a list or a mapping.", "Use a plain word as the key.")
        frame = _Frame(Lines(self.file, line), is_mapping=isinstance(event, yaml.MappingStartEvent))
        self.open.append(frame)

    def awaits_key(self) -> bool:
        return bool(self.open) and self.open[-1].is_mapping and self.open[-1].key is None

    def take_scalar(self, event: yaml.ScalarEvent) -> None:
        line = _line(event)
        if _CONTROL.search(event.value):
            self.report(
                "control-character",
                line,
                "the text holds a control character, which can garble a terminal.",
                "Remove it; only line breaks and tabs are allowed.",
            )
        if self.awaits_key():
            frame = self.open[-1]
            frame.key, frame.key_line = event.value, line
            frame.skip_value = event.value in frame.entries
            if frame.skip_value:
                first = frame.entry_lines[event.value].line
                self.report(
                    "duplicate-key",
                    line,
                    f"the key {event.value!r} occurs twice; the first is at line {first}.",
                    "Keep one of the two, or rename one.",
                )
            return
        value: Scalar = event.value
        if not event.style:  # a plain scalar; quoted and block ones are text
            value = resolve_scalar(event.value)
        self.place(value, Lines(self.file, line))

    def place(self, value: Data, lines: Lines) -> None:
        if not self.open:
            self.result = (value, lines)
            return
        frame = self.open[-1]
        if not frame.is_mapping:
            frame.items.append(value)
            frame.item_lines.append(lines)
            return
        key, frame.key = frame.key, None
        if key is not None and not frame.skip_value:
            frame.entries[key] = value
            frame.entry_lines[key] = replace(lines, line=frame.key_line)

    def report(self, code: str, line: int, message: str, fix: str) -> None:
        self.issues.append(Issue("error", code, Where("", self.file, line), message, fix))
        if len(self.issues) == MAX_ISSUES:
            raise _Refused("too-many-issues", line, "reading stopped here.", "Mend the issues above first.")


def _line(event: yaml.Event) -> int:
    # The type allows an event without a mark, for events that are written; those that were read have one.
    return event.start_mark.line + 1 if event.start_mark else 1


def resolve_scalar(text: str) -> Scalar:
    """What a plain scalar means: a JSON number or constant; anything else is text.

    >>> [resolve_scalar(text) for text in ("1e-3", "no", "12:30", "true", "007", "null")]
    [0.001, 'no', '12:30', True, '007', None]
    """
    if text in _CONSTANTS:
        return _CONSTANTS[text]
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
