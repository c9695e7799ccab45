"""Plain data to the frozen spec, and the published JSON Schema of the model format."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from twitchdx import spec
from twitchdx.errors import Issue, Where, did_you_mean
from twitchdx.loading.plain import Misfit, build, plain_data
from twitchdx.loading.publishing import published_schema
from twitchdx.loading.strict_yaml import Data
from twitchdx.spec import FORMAT_VERSION, LEVELS, ModelSpec, Reference

if TYPE_CHECKING:
    from pydantic import TypeAdapter
    from pydantic_core import ErrorDetails

Path = tuple[str | int, ...]

# CSL writes `container-title`; a Python attribute cannot.
_CSL_NAMES = {"container-title": "container_title"}


@functools.cache
def _adapter() -> TypeAdapter[ModelSpec]:
    from pydantic import TypeAdapter  # 0.2 s, for a model that is wrong, and for the schema

    return TypeAdapter(ModelSpec)


@dataclass(frozen=True, slots=True)
class Parsed:
    """A model after the check of its shape.

    Attributes
    ----------
    spec : ModelSpec or None
        The model; where the shape of some entries is wrong, what remains without them; None where
        nothing can remain, as without a header.
    issues : tuple of Issue
        Every key that is missing or unknown and every value of the wrong type.
    left_out : frozenset of str
        Names of the entries that are left out. They exist, so nobody who names them is wrong.
    """

    spec: ModelSpec | None
    issues: tuple[Issue, ...] = ()
    left_out: frozenset[str] = frozenset()


def parse_spec(data: Mapping[str, Data], where: Callable[[Path], Where]) -> Parsed:
    """Check the shape of a merged model against the format.

    Parameters
    ----------
    data : mapping
        Section -> content, as read.
    where : callable
        Path of an entry -> its place.
    """
    plain = _rename_csl(data)
    try:
        return Parsed(build(ModelSpec, plain))
    except Misfit:
        return _judge(plain, where)


def _judge(plain: Mapping[str, Data], where: Callable[[Path], Where]) -> Parsed:
    """What pydantic says of a model that is not right beyond doubt."""
    from pydantic import ValidationError

    try:
        return Parsed(_validate(plain))
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False)
    issues = tuple(_shape_issue(detail, where) for detail in found)
    sound, left_out = _sound_part(plain, [tuple(detail["loc"]) for detail in found])
    try:
        return Parsed(_validate(sound), issues, left_out)
    except ValidationError:
        return Parsed(None, issues)


def _validate(data: Mapping[str, Data]) -> ModelSpec:
    # JSON mode is strict about types, yet takes lists for tuples and objects for dataclasses.
    return _adapter().validate_json(json.dumps(data), strict=True)


def _sound_part(data: Mapping[str, Data], faulty: Iterable[Path]) -> tuple[dict[str, Data], frozenset[str]]:
    """The model without its faulty entries, and their names."""
    sound = {
        section: dict(content) if isinstance(content, dict) else content for section, content in data.items()
    }
    left_out: set[str] = set()
    for section, *rest in faulty:
        content = sound.get(str(section))
        if section == "care_levels" and not (rest and isinstance(content, dict)):
            sound["care_levels"] = {}
            left_out.update(LEVELS)
        elif section in ("model", "references"):
            # Without a header there is no model, and without an entry the places of the others shift.
            continue
        elif rest and isinstance(content, dict):
            content.pop(str(rest[0]), None)
            left_out.add(str(rest[0]))
        else:
            sound.pop(str(section), None)
            left_out.update(content if isinstance(content, dict) else ())
    return sound, frozenset(left_out)


@functools.cache
def model_schema() -> dict[str, Any]:
    """The JSON Schema of a whole model (draft 2020-12).

    A single file of a model folder holds some of the sections, so it matches the schema without
    its list of required sections.
    """
    title = f"twitchdx model, format {FORMAT_VERSION}"
    return published_schema(title, ModelSpec, spec, _bare_schema(), _CSL_NAMES)


@functools.cache
def _bare_schema() -> dict[str, Any]:
    """The schema without what the attributes mean: enough to suggest keys, and quick to make."""
    schema = _adapter().json_schema()
    reference = schema["$defs"][Reference.__name__]["properties"]
    for csl, name in _CSL_NAMES.items():
        reference[csl] = reference.pop(name)
    return schema


def spec_data(spec: ModelSpec) -> dict[str, Any]:
    """A spec as plain data in the model format, without the keys that have their default value.

    The inverse of `parse_spec`: written to a file of a model folder, it gives an equal spec.
    """
    data: dict[str, Any] = plain_data(spec)
    attributes = {name: csl for csl, name in _CSL_NAMES.items()}
    if "references" in data:
        data["references"] = [
            {attributes.get(key, key): value for key, value in each.items()} for each in data["references"]
        ]
    return data


def _rename_csl(data: Mapping[str, Data]) -> dict[str, Data]:
    references = data.get("references")
    if not isinstance(references, list):
        return dict(data)
    renamed: list[Data] = [
        {_CSL_NAMES.get(key, key): value for key, value in item.items()} if isinstance(item, dict) else item
        for item in references
    ]
    return {**data, "references": renamed}


def _shape_issue(detail: ErrorDetails, where: Callable[[Path], Where]) -> Issue:
    path: Path = tuple(detail["loc"])
    key = str(path[-1]) if path else ""
    match detail["type"]:
        case "missing" | "missing_argument":
            known = _keys_at(path[:-1])
            need = f" (keys here: {', '.join(known)})" if known else ""
            return Issue(
                "error",
                "missing-key",
                where(path[:-1]),
                f"the key {key!r} is missing.",
                f"Add `{key}:`{need}.",
            )
        case "unexpected_keyword_argument" | "extra_forbidden":
            known = _keys_at(path[:-1])
            fix = did_you_mean(key, known) or f"Keys allowed here: {', '.join(known)}."
            return Issue("error", "unknown-key", where(path), f"the key {key!r} is not known here.", fix)
        case _:
            found = _shorten(detail["input"])
            said = detail["msg"].replace("Input should be", "it should be")
            return Issue("error", "wrong-type", where(path), f"found {found}.", f"Mend the value: {said}.")


def _shorten(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _keys_at(path: Sequence[str | int]) -> tuple[str, ...]:
    """The keys that the format knows at a place, by walking its schema."""
    schema = _bare_schema()
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


def _resolve(node: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    for option in node.get("anyOf", ()):
        if option.get("type") != "null":
            node = option
    if "$ref" in node:
        node = schema["$defs"][node["$ref"].rsplit("/", 1)[-1]]
    return node
