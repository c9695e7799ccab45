"""Text to case: a patient's observations in a JSON file, with a title and the model that they are for."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

from twitchdx.errors import EvidenceError, Issue, Where, did_you_mean
from twitchdx.loading.publishing import published_schema

CASE_FORMAT_VERSION = 1

#: A case says a few dozen things; a file beyond this is something else.
MAX_CASE_BYTES = 1_000_000

Likelihood = dict[str, float] | list[tuple[str, float]]
Given = bool | float | str | Likelihood | list[dict[str, float]] | None

# Evidence is at most a list of mappings of numbers; deeper data would only burden who reports it.
_MAX_DEPTH = 10

_EXAMPLE = '{"evidence": {"age": 34, "muscle_cramps": true}}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What was observed of one patient, and the model that it is for."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    evidence: dict[str, Given]
    """Variable -> value: true or false (for the states absent and present), the name of a state, a number
    or "number unit" where the variable is measured, a mapping or pairs of state and likelihood, a list of
    such mappings (they multiply), or null (not observed). What is left out is not observed."""
    title: str = ""
    """What to call the case."""
    description: str = ""
    """The case as a person would tell it."""
    model: str | None = None
    """The name of a shipped model, or the path of a model folder or network file."""


@dataclass(slots=True)
class _Reader:
    """Reads one text and collects what is wrong with it."""

    file: str
    issues: list[Issue] = field(default_factory=list)

    def report(self, code: str, path: str, message: str, fix: str, line: int | None = None) -> None:
        self.issues.append(Issue("error", code, Where(path, self.file, line), message, fix))

    def parse(self, text: bytes) -> Any:
        try:
            return json.loads(
                text.decode("utf-8-sig"), object_pairs_hook=self.join, parse_constant=self.refuse_constant
            )
        except UnicodeDecodeError as error:
            line = text.count(b"\n", 0, error.start) + 1
            self.report("not-utf8", "", f"byte {error.start} is not UTF-8 text.", "Save it as UTF-8.", line)
        except json.JSONDecodeError as error:
            message = f"not valid JSON at line {error.lineno}, column {error.colno}: {error.msg}."
            self.report("not-json", "", message, "Mend the syntax there or just before.", error.lineno)
        except ValueError as error:  # a whole number of thousands of digits
            self.report(
                "not-json", "", f"a number cannot be read: {error}.", "Give a number of ordinary length."
            )
        except RecursionError:
            self.report_depth()
        return None

    def report_depth(self) -> None:
        found = f"it is nested deeper than {_MAX_DEPTH} levels."
        self.report("too-deep", "", found, f"A case is as flat as {_EXAMPLE}.")

    def join(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """One JSON object; the standard reader would keep the last of two equal keys."""
        joined: dict[str, Any] = {}
        for key, value in pairs:
            if key in joined:
                self.report(
                    "duplicate-key",
                    key,
                    f"the key {key!r} occurs twice in one object.",
                    "Keep one of the two; for several pieces of soft evidence, give a list of mappings.",
                )
            else:
                joined[key] = value
        return joined

    def refuse_constant(self, constant: str) -> None:
        self.report("not-json", "", f"{constant} is no JSON value.", "Give a finite number, or leave it out.")

    def check_shape(self, data: Any) -> None:
        if _depth(data) > _MAX_DEPTH:
            self.report_depth()
            return
        if not isinstance(data, dict):
            self.report("not-a-case", "", "the file is not a JSON object.", f"Write it as {_EXAMPLE}.")
            return
        known = [attribute.name for attribute in fields(Case)]
        for key in data:
            if key not in known:
                fix = did_you_mean(key, known) or f"Keys allowed here: {', '.join(known)}."
                self.report("unknown-key", key, f"the key {key!r} is not known here.", fix)
        for key in ("title", "description", "model"):
            if not isinstance(data.get(key, ""), str) and not (key == "model" and data[key] is None):
                self.report("wrong-type", key, f"found {_shown(data[key])}.", "Give text.")
        if "evidence" not in data:
            self.report("missing-key", "", "the key 'evidence' is missing.", f"Write it as {_EXAMPLE}.")
        elif not isinstance(data["evidence"], dict):
            found = f"found {_shown(data['evidence'])}."
            self.report("not-a-mapping", "evidence", found, "Give a mapping of variable to value.")


def _depth(data: Any) -> int:
    depth, level = 0, [data]
    while level and depth <= _MAX_DEPTH:
        depth += 1
        inner = (
            each.values() if isinstance(each, dict) else each
            for each in level
            if isinstance(each, dict | list)
        )
        level = [value for values in inner for value in values]
    return depth


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."


def parse_case(text: bytes, file: str) -> Case:
    """Read a case strictly.

    Parameters
    ----------
    text : bytes
        JSON text in UTF-8.
    file : str
        What to call it in errors.

    Returns
    -------
    Case
        Of the right shape. Whether a model understands its evidence, `twitchdx.evidence` finds out.

    Raises
    ------
    EvidenceError
        It is not a case; the error lists every problem.
    """
    reader = _Reader(file)
    if len(text) > MAX_CASE_BYTES:
        reader.report(
            "too-large", "", f"it has more than {MAX_CASE_BYTES:,} bytes.", f"A case is like {_EXAMPLE}."
        )
        raise _unreadable(reader.issues)
    data = reader.parse(text)
    if data is not None or not reader.issues:
        reader.check_shape(data)
    if reader.issues:
        raise _unreadable(reader.issues)
    return Case(**data)


def _unreadable(issues: Iterable[Issue]) -> EvidenceError:
    found = tuple(issues)
    return EvidenceError(f"The case cannot be read: {len(found)} problem{'s' * (len(found) > 1)}.", found)


def case_schema() -> dict[str, Any]:
    """The JSON Schema of a case file (draft 2020-12)."""
    from pydantic import TypeAdapter

    title = f"twitchdx case, format {CASE_FORMAT_VERSION}"
    return published_schema(title, Case, sys.modules[__name__], TypeAdapter(Case).json_schema())
