"""A model with some of its numbers changed."""

from __future__ import annotations

import difflib
import math
import numbers
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, get_args

from twitchdx.assembly import Assembled, content_digest
from twitchdx.checks import check_spec
from twitchdx.errors import Issue, ModelError, OptionError, UnknownNameError, Where, suggest
from twitchdx.evidence.values import show
from twitchdx.network import recompile
from twitchdx.spec import (
    Estimate,
    Form,
    Grade,
    ModelSpec,
    places_of_shared,
    replace_estimates,
    walk_estimates,
)

Path = tuple[str | int, ...]
_UNKNOWN = frozenset({"unknown-parameter", "unknown-field"})
# How much alike two segments of a path must be, and how many paths are offered.
_ALIKE = 0.75
_OFFERED = 3


# What is added to the version of a model whose numbers are others.
_CHANGED = "+changed"


def with_parameters(model: Assembled, changes: Mapping[str, Any]) -> Assembled:
    """The same model with other numbers in some places, checked, compiled, and with a digest of its own.

    A bare number replaces the value. The stated interval stays where it holds the new value: what is known of
    the number is then as before. A shared number is changed in all of its places, under whichever it is
    named. Where it does not, both ends must be given, since no interval is ever widened in silence. A number
    with a sample size and no interval keeps that. Grade, sources and note stay as well, unless they are
    given: they are then about the former value. The version says that the model is not the published one.

    Parameters
    ----------
    model : Assembled
        A model with roles.
    changes : mapping of str to number or mapping
        Path, as `Model.parameters` gives it -> the new value, or a mapping of the fields of an estimate that
        are different: `value`, `low`, `high`, `n`, `form`, `grade`, `sources`, `note`, `population`,
        `family`, `duration`. What is left out stays; None removes what need not be there.

    Raises
    ------
    UnknownNameError
        Paths or fields do not exist, and nothing else is wrong; the error offers the nearest for each.
    OptionError
        The changes are no mapping.
    ModelError
        Numbers are no numbers, break a rule that a model file must obey, or cannot be converted. The error
        lists all problems, those of names among them; conversions are tried once the rest is sound.
    """
    spec = require_spec(model)
    issues: list[Issue] = []
    places = {dotted(path): (path, estimate) for path, estimate in walk_estimates(spec)}
    _require_mapping(changes, places)
    changed: dict[Path, Estimate] = {}
    for name, given in changes.items():
        if name in places:
            path, estimate = places[name]
            changed[path] = _change(name, estimate, given, issues)
        else:
            issues.append(_unknown_parameter(str(name), places))
    issues += [
        Issue(
            "error",
            "changed-twice",
            Where(dotted(path)),
            "it is given by itself and as a `duration`.",
            "Give it once.",
        )
        for path in changed
        if path[-1] == "duration"
        and path[:-1] in changed
        and "duration" in _as_fields(changes[dotted(path[:-1])])
    ]
    # A duration after the incidence that holds it, which would else bring back the former one.
    new = replace_estimates(spec, dict(sorted(_everywhere(spec, changed, issues).items(), key=_depth)))
    checked = check_spec(new, lambda path: Where(dotted(path)))
    issues += [each for each in checked if each.severity == "error"]
    if issues:
        _raise(issues)
    network = recompile(new, spec, model.network)
    version = model.version if model.version.endswith(_CHANGED) else model.version + _CHANGED
    return Assembled(model.name, version, content_digest(new), new, network, tuple(checked))


def _require_mapping(changes: object, places: Iterable[str]) -> None:
    if not isinstance(changes, Mapping):
        path = next(each for each in places if ".distribution." in each)
        fix = f'Give a mapping of path to number, such as {{"{path}": 0.3}}.'
        issue = Issue("error", "not-a-mapping", Where("changes"), f"found {show(changes)}.", fix)
        raise OptionError("The numbers cannot be changed: 1 problem.", [issue])


def _depth(change: tuple[Path, Estimate]) -> int:
    return len(change[0])


def _everywhere(
    spec: ModelSpec, changed: Mapping[Path, Estimate], issues: list[Issue]
) -> dict[Path, Estimate]:
    """The changes, those of shared numbers in all of their places."""
    found: dict[Path, Estimate] = {}
    places = places_of_shared(spec)
    name_of = {path: name for name, each in places.items() for path in each}
    for path, estimate in changed.items():
        name = name_of.get(path)
        if name is not None and path in found:
            message = f"it is the shared number {name!r}, which is given elsewhere as well."
            issues.append(Issue("error", "changed-twice", Where(dotted(path)), message, "Give it once."))
            continue
        for place in places[name] if name is not None else (path,):
            found[place] = replace(estimate, shared=name if name is not None and place[0] != "shared" else "")
    return found


def require_spec(model: Assembled) -> ModelSpec:
    """What the files of a model say.

    Raises
    ------
    ModelError
        It was read from a network file, which has no published numbers.
    """
    if model.spec is None:
        issue = Issue(
            "error",
            "no-parameters",
            Where(model.name),
            "this is a network file: its numbers have neither names nor sources.",
            "Write it as a model folder; the guide to the model format shows how.",
        )
        raise ModelError("The model has no published numbers.", [issue])
    return model.spec


def dotted(path: Path) -> str:
    """A path as text."""
    return ".".join(map(str, path))


def _raise(issues: list[Issue]) -> None:
    count = len(issues)
    summary = f"The numbers cannot be changed: {count} problem{'s' * (count > 1)}."
    if all(each.code in _UNKNOWN for each in issues):
        raise UnknownNameError(summary, issues)
    raise ModelError(summary, issues)


def _unknown_parameter(name: str, places: Mapping[str, object]) -> Issue:
    below = [each for each in places if each.startswith(f"{name}.")]
    ending = [each for each in places if name and each.endswith(f".{name}")]
    if below:
        fix = f"It holds {len(below)} numbers: give the whole path of one, such as {below[0]!r}."
    elif len(ending) == 1:
        fix = f"Give the whole path: {ending[0]!r}."
    else:
        fix = nearest(name, places)
    return Issue("error", "unknown-parameter", Where(name), "the model has no number at this place.", fix)


def nearest(path: str, places: Iterable[str]) -> str:
    """The sentence that offers the paths most like one that does not exist."""
    listed = list(places)
    # Segment by segment: long paths are alike whatever they are about. What is like none is passed over.
    found = [each.split(".") for each in listed]
    for segment in path.split("."):
        known = list(dict.fromkeys(one for each in found for one in each))
        for match in difflib.get_close_matches(segment, known, n=1, cutoff=_ALIKE):
            found = [each for each in found if match in each]
    if len(found) == len(listed):
        return f"None of the {len(listed)} is near; `model.parameters()` lists them with their paths."
    offered = " or ".join(repr(".".join(each)) for each in found[:_OFFERED])
    more = f" (or one of {len(found) - _OFFERED} more)" if len(found) > _OFFERED else ""
    return f"Did you mean {offered}{more}?"


def _as_fields(given: object) -> Mapping[Any, Any]:
    """The fields that are given; a bare number is the value."""
    return given if isinstance(given, Mapping) else {"value": given}


def _change(name: str, estimate: Estimate, given: object, issues: list[Issue]) -> Estimate:
    """The estimate with what is given; what cannot be understood is reported and left as it was."""
    known = tuple(each.name for each in fields(Estimate))
    new: dict[str, Any] = {}
    for key, value in _as_fields(given).items():
        if key not in known:
            fix = suggest(str(key), known)
            issues.append(
                Issue(
                    "error", "unknown-field", Where(f"{name}.{key}"), f"a number has no field {key!r}.", fix
                )
            )
        elif key == "duration" and value is not None:
            # Where there is none yet, everything about it must be said.
            former = estimate.duration or Estimate(value=math.nan, grade="judgement", form="quantity")
            new[key] = _change(f"{name}.duration", former, value, issues)
        else:
            _read(name, key, value, new, issues)
    changed = replace(estimate, **new)
    if "value" in new and not {"low", "high"} & new.keys():
        issues += _outside(name, changed)
    # An interval that was found wanting is not to be found so twice.
    lost = (
        "value" in new and issues and issues[-1].code == "outside-interval" and issues[-1].where.path == name
    )
    return replace(estimate, **{k: v for k, v in new.items() if k != "value"}) if lost else changed


def _outside(name: str, changed: Estimate) -> list[Issue]:
    low, high, value = changed.low, changed.high, changed.value
    if low is None or high is None or not math.isfinite(value) or low <= value <= high:
        return []
    fix = f'Give the interval too: {{"value": {value:g}, "low": ..., "high": ...}}.'
    message = f"{value:g} lies outside the stated interval of this number, {low:g} to {high:g}."
    return [Issue("error", "outside-interval", Where(name), message, fix)]


def _read(name: str, key: str, value: object, new: dict[str, Any], issues: list[Issue]) -> None:
    """One field of an estimate, of the type that it must have."""
    kind, fits, read = _FIELDS[key]
    if fits(value):
        new[key] = read(value)
        return
    where = Where(name if key == "value" else f"{name}.{key}")
    issues.append(Issue("error", "wrong-type", where, f"{key} is {value!r}.", f"Give {kind}."))


def _is_number(value: object) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def _is_names(value: object) -> bool:
    return isinstance(value, str) or (
        isinstance(value, Sequence) and all(isinstance(each, str) for each in value)
    )


def _optional(number: Any) -> float | None:
    return None if number is None else float(number)


# Field -> what to give, whether something is that, and how it is stored.
_FIELDS: Mapping[str, tuple[str, Any, Any]] = {
    "value": ("a number", _is_number, float),
    "low": ("a number", lambda value: value is None or _is_number(value), _optional),
    "high": ("a number", lambda value: value is None or _is_number(value), _optional),
    "n": (
        "a whole number",
        lambda value: value is None or (isinstance(value, numbers.Integral) and not isinstance(value, bool)),
        lambda value: None if value is None else int(value),
    ),
    "grade": (f"one of: {', '.join(get_args(Grade))}", lambda value: value in get_args(Grade), str),
    "form": (
        f"one of: {', '.join(get_args(Form))}",
        lambda value: value is None or value in get_args(Form),
        lambda value: value,
    ),
    "sources": (
        "the ids of references",
        _is_names,
        lambda value: (value,) if isinstance(value, str) else tuple(value),
    ),
    "note": ("text", lambda value: isinstance(value, str), str),
    "population": ("text", lambda value: isinstance(value, str), str),
    "family": ("text", lambda value: isinstance(value, str), str),
    "duration": ("a number, or a mapping of its fields", lambda value: value is None, lambda value: value),
}
