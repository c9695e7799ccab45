"""The bibliography of a model where it is a file that reference managers write: an array in CSL-JSON."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Sequence
from typing import Any, NoReturn, overload

from twitchdx.loading.strict_yaml import MAX_BYTES, Data, Document, Lines, read_yaml

#: What the file is called.
BIBLIOGRAPHY = "references.json"


def read_bibliography(text: bytes) -> Document:
    """A bare list of references as the section that it is.

    JSON is YAML, but for letters that it writes as two escapes. A sound file is read as JSON, which is many
    times as fast, and as YAML only once it is asked where something stands.

    Parameters
    ----------
    text : bytes
        The file.
    """
    references = _plain_json(text)
    if references is not None:
        begins = 1 + text[: text.index(b"[")].count(b"\n")
        lines = Lines(BIBLIOGRAPHY, begins, _LinesLater(text))
        return Document({"references": references}, Lines(BIBLIOGRAPHY, 1, {"references": lines}))
    document = _read_json_as_yaml(text)
    if not isinstance(document.data, list):
        return document
    lines = Lines(BIBLIOGRAPHY, 1, {"references": document.lines})
    return Document({"references": document.data}, lines, document.issues)


def _read_json_as_yaml(text: bytes) -> Document:
    return read_yaml(_SURROGATES.sub(_join_surrogates, text), BIBLIOGRAPHY)


class _Doubtful(Exception):  # noqa: N818 - a decision that never leaves this module
    """Read it as YAML: that knows what is wrong with it, and where."""


def _plain_json(text: bytes) -> list[Data] | None:
    """A list of objects without a doubt about any of them; None where there is one."""
    if len(text) > MAX_BYTES or b"\\u" in text:
        return None
    try:
        data = json.loads(
            text, object_pairs_hook=_without_duplicates, parse_float=_doubt, parse_constant=_doubt
        )
    except (_Doubtful, ValueError, RecursionError):
        return None
    return data if isinstance(data, list) and all(isinstance(each, dict) for each in data) else None


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _Doubtful
    return found


def _doubt(number: str) -> NoReturn:
    raise _Doubtful(number)


class _LinesLater(Sequence[Lines | int]):
    """Where the entries of a sound bibliography stand, read when it is first asked for."""

    def __init__(self, text: bytes) -> None:
        self._text = text

    @functools.cached_property
    def _lines(self) -> Sequence[Lines | int]:
        below = _read_json_as_yaml(self._text).lines.below
        return below if isinstance(below, Sequence) else ()

    @overload
    def __getitem__(self, index: int) -> Lines | int: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Lines | int]: ...
    def __getitem__(self, index: int | slice) -> Lines | int | Sequence[Lines | int]:
        return self._lines[index]

    def __len__(self) -> int:
        return len(self._lines)


_SURROGATES = re.compile(rb"(?<!\\)((?:\\\\)*)(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})")


def _join_surrogates(match: re.Match[bytes]) -> bytes:
    letter: str = json.loads(b'"' + match[2] + b'"')
    return match[1] + letter.encode("utf-8")
