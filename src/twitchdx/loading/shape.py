"""The shape of one kind of file: which keys it may hold, of which types, and what is wrong with one."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from twitchdx import spec
from twitchdx.errors import Issue, Where, did_you_mean
from twitchdx.loading.plain import Misfit, build
from twitchdx.loading.publishing import published_schema
from twitchdx.loading.strict_yaml import Data
from twitchdx.spec import Reference

if TYPE_CHECKING:
    from pydantic import TypeAdapter
    from pydantic_core import ErrorDetails

T = TypeVar("T")
Path = tuple[str | int, ...]
#: The data without its faulty entries, and the names of those entries.
Sound = tuple[dict[str, Data], frozenset[str]]

# CSL writes `container-title`; a Python attribute cannot.
CSL_NAMES = {"container-title": "container_title"}


@dataclass(frozen=True, slots=True)
class Parsed(Generic[T]):
    """What was read, after the check of its shape.

    Attributes
    ----------
    spec : instance of the class that was asked for, or None
        What the files say; where the shape of some entries is wrong, what remains without them; None
        where nothing can remain, as for a model without a header.
    issues : tuple of Issue
        Every key that is missing or unknown and every value of the wrong type.
    left_out : frozenset of str
        Names of the entries that are left out. They exist, so nobody who names them is wrong.
    """

    spec: T | None
    issues: tuple[Issue, ...] = ()
    left_out: frozenset[str] = frozenset()


class Shape(Generic[T]):
    """The shape of one kind of file, as a dataclass says it.

    Parameters
    ----------
    root : type
        The dataclass; every attribute is a section. The classes below it are found in `twitchdx.spec`.
    title : str
        What its schema describes.
    """

    def __init__(self, root: type[T], title: str) -> None:
        self.root = root
        self.title = title

    def parse(
        self,
        data: Mapping[str, Data],
        where: Callable[[Path], Where],
        leave_out: Callable[[Mapping[str, Data], Iterable[Path]], Sound],
    ) -> Parsed[T]:
        """Check data against the shape.

        Parameters
        ----------
        data : mapping
            Section -> content, as read.
        where : callable
            Path of an entry -> its place.
        leave_out : callable
            Takes the data and the places of its faults, and leaves the faulty entries out.
        """
        plain = _rename_csl(data)
        try:
            return Parsed(build(self.root, plain))
        except Misfit:
            return self._judge(plain, where, leave_out)

    @functools.cached_property
    def published(self) -> dict[str, Any]:
        """The JSON Schema (draft 2020-12), with what each attribute means."""
        return published_schema(self.title, self.root, spec, self._bare, CSL_NAMES)

    @functools.cached_property
    def _adapter(self) -> TypeAdapter[T]:
        from pydantic import TypeAdapter  # 0.2 s, for what is wrong, and for the schema

        return TypeAdapter(self.root)

    @functools.cached_property
    def _bare(self) -> dict[str, Any]:
        """The schema without what the attributes mean: enough to suggest keys, and quick to make."""
        schema = self._adapter.json_schema()
        reference = schema["$defs"][Reference.__name__]["properties"]
        for csl, name in CSL_NAMES.items():
            reference[csl] = reference.pop(name)
        return schema

    def _judge(
        self,
        plain: Mapping[str, Data],
        where: Callable[[Path], Where],
        leave_out: Callable[[Mapping[str, Data], Iterable[Path]], Sound],
    ) -> Parsed[T]:
        """What pydantic says of data that is not right beyond doubt."""
        from pydantic import ValidationError

        try:
            return Parsed(self._validate(plain))
        except ValidationError as error:
            found = error.errors(include_url=False, include_context=False)
        issues = tuple(self._issue(detail, where) for detail in found)
        sound, left_out = leave_out(plain, [tuple(detail["loc"]) for detail in found])
        try:
            return Parsed(self._validate(sound), issues, left_out)
        except ValidationError:
            return Parsed(None, issues)

    def _validate(self, data: Mapping[str, Data]) -> T:
        # JSON mode is strict about types, yet takes lists for tuples and objects for dataclasses.
        return self._adapter.validate_json(json.dumps(data), strict=True)

    def _issue(self, detail: ErrorDetails, where: Callable[[Path], Where]) -> Issue:
        path: Path = tuple(detail["loc"])
        key = str(path[-1]) if path else ""
        match detail["type"]:
            case "missing" | "missing_argument":
                known = self._keys_at(path[:-1])
                need = f" (keys here: {', '.join(known)})" if known else ""
                found = f"the key {key!r} is missing."
                return Issue("error", "missing-key", where(path[:-1]), found, f"Add `{key}:`{need}.")
            case "unexpected_keyword_argument" | "extra_forbidden":
                known = self._keys_at(path[:-1])
                fix = did_you_mean(key, known) or f"Keys allowed here: {', '.join(known)}."
                return Issue("error", "unknown-key", where(path), f"the key {key!r} is not known here.", fix)
            case kind:
                said = detail["msg"].replace("Input should be", "it should be")
                near = _nearest_word(detail) if kind == "literal_error" else ""
                fix = f"{near} Mend the value: {said}.".lstrip()
                return Issue("error", "wrong-type", where(path), f"found {_shorten(detail['input'])}.", fix)

    def _keys_at(self, path: Sequence[str | int]) -> tuple[str, ...]:
        """The keys that the format knows at a place, by walking its schema."""
        schema = self._bare
        node: dict[str, Any] = schema
        for segment in path:
            node = _resolve(node, schema)
            if isinstance(segment, int):
                node = node.get("items", {})
            else:
                node = node.get("properties", {}).get(segment) or node.get("additionalProperties", {})
            if not isinstance(node, dict):
                return ()
        return tuple(_resolve(node, schema).get("properties", ()))


def leave_out_entries(
    data: Mapping[str, Data], faulty: Iterable[Path], fixed: frozenset[str] = frozenset()
) -> Sound:
    """Data without the entries that are faulty, and their names.

    Parameters
    ----------
    data : mapping
        Section -> content.
    faulty : iterable of tuple
        The places of the faults. Of a section that is no mapping, all is left out.
    fixed : frozenset of str
        Sections that stay as they are.
    """
    sound = {
        section: dict(content) if isinstance(content, dict) else content for section, content in data.items()
    }
    left_out: set[str] = set()
    for section, *rest in faulty:
        content = sound.get(str(section))
        if section in fixed:
            continue
        if rest and isinstance(content, dict):
            content.pop(str(rest[0]), None)
            left_out.add(str(rest[0]))
        else:
            sound.pop(str(section), None)
            left_out.update(_names(content))
    return sound, frozenset(left_out)


def _names(content: Data) -> Iterable[str]:
    """What the entries of a section are called: the keys of a mapping, the ids in a list."""
    if isinstance(content, dict):
        return content
    listed = content if isinstance(content, list) else ()
    return [str(each["id"]) for each in listed if isinstance(each, dict) and "id" in each]


def _rename_csl(data: Mapping[str, Data]) -> dict[str, Data]:
    references = data.get("references")
    if not isinstance(references, list):
        return dict(data)
    renamed: list[Data] = [
        {CSL_NAMES.get(key, key): value for key, value in item.items()} if isinstance(item, dict) else item
        for item in references
    ]
    return {**data, "references": renamed}


def _nearest_word(detail: ErrorDetails) -> str:
    """The nearest of the words that pydantic lists, where a word was given."""
    given = detail["input"]
    return did_you_mean(given, re.findall(r"'([^']+)'", detail["msg"])) if isinstance(given, str) else ""


def _shorten(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _resolve(node: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    for option in node.get("anyOf", ()):
        if option.get("type") != "null":
            node = option
    if "$ref" in node:
        node = schema["$defs"][node["$ref"].rsplit("/", 1)[-1]]
    return node
