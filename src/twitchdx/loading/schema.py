"""Plain data to the frozen spec of a model or of its validation, and their published JSON Schemas."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from twitchdx.errors import Where
from twitchdx.loading.plain import plain_data
from twitchdx.loading.shape import CSL_NAMES, Parsed, Path, Shape, Sound, leave_out_entries
from twitchdx.loading.sharing import NAMED, SHARED, fill_in_shared
from twitchdx.loading.strict_yaml import Data
from twitchdx.spec import FORMAT_VERSION, LEVELS, ModelSpec, ValidationSpec

_MODEL = Shape(ModelSpec, f"twitchdx model, format {FORMAT_VERSION}")
_VALIDATION = Shape(ValidationSpec, f"twitchdx validation of a model, format {FORMAT_VERSION}")

# Without a header there is no model, and without an entry the places of the other references shift.
_FIXED = frozenset({"model", "references"})
_NUMBER, _NAMED = "#/$defs/Estimate", "NamedEstimate"


def parse_spec(data: Mapping[str, Data], where: Callable[[Path], Where]) -> Parsed[ModelSpec]:
    """Check the shape of a merged model against the format.

    Parameters
    ----------
    data : mapping
        Section -> content, as read.
    where : callable
        Path of an entry -> its place.
    """
    filled, unknown = fill_in_shared(data, where)
    parsed = _MODEL.parse(filled, where, _sound_part)
    return replace(parsed, issues=(*unknown, *parsed.issues)) if unknown else parsed


def _sound_part(data: Mapping[str, Data], faulty: Iterable[Path]) -> Sound:
    """The model without its faulty entries, and their names."""
    sound, left_out = leave_out_entries(data, faulty, _FIXED)
    if "care_levels" not in sound:
        return {**sound, "care_levels": {}}, left_out.union(LEVELS)
    return sound, left_out


def parse_validation(data: Mapping[str, Data], where: Callable[[Path], Where]) -> Parsed[ValidationSpec]:
    """Check the shape of merged validation files against the format; parameters as in `parse_spec`."""
    return _VALIDATION.parse(data, where, leave_out_entries)


def model_schema() -> dict[str, Any]:
    """The JSON Schema of a whole model (draft 2020-12).

    A single file of a model folder holds some of the sections, so it matches the schema without
    its list of required sections.
    """
    schema: dict[str, Any] = _or_named(_MODEL.published)
    schema["$defs"][_NAMED] = NAMED
    schema["properties"][SHARED] = _MODEL.published["properties"][SHARED]
    return schema


def _or_named(schema: Any) -> Any:
    """The same, with the name of a shared number wherever a number may stand."""
    if isinstance(schema, list):
        return [_or_named(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("$ref") == _NUMBER:
        others = {key: value for key, value in schema.items() if key != "$ref"}
        return {**others, "anyOf": [{"$ref": _NUMBER}, {"$ref": f"#/$defs/{_NAMED}"}]}
    return {key: _or_named(value) for key, value in schema.items()}


def validation_schema() -> dict[str, Any]:
    """The JSON Schema of the validation files of a model (draft 2020-12)."""
    return _VALIDATION.published


def spec_data(spec: ModelSpec) -> dict[str, Any]:
    """A spec as plain data in the model format, without the keys that have their default value.

    The inverse of `parse_spec`: written to a file of a model folder, it gives an equal spec.
    """
    data: dict[str, Any] = plain_data(spec)
    attributes = {name: csl for csl, name in CSL_NAMES.items()}
    if "references" in data:
        data["references"] = [
            {attributes.get(key, key): value for key, value in each.items()} for each in data["references"]
        ]
    return data
