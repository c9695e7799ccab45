"""An interview as JSON text, so that it can go on another day."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from twitchdx.api import load_model
from twitchdx.errors import Issue, OptionError, Where
from twitchdx.evidence import parse_value, unknown_variable
from twitchdx.interview.state import Step
from twitchdx.loading import available_models
from twitchdx.model import Model

_FORMAT = 1
_FIX = "Give the text that `to_json` gave, unchanged."


@dataclass(frozen=True, slots=True)
class Saved:
    """What is saved of an interview."""

    most: int
    known: Mapping[str, Any]
    steps: tuple[Step, ...]


def write_saved(model: Model, saved: Saved) -> str:
    """The text."""
    plain = {
        "interview": _FORMAT,
        "model": {"name": model.name, "version": model.version, "digest": model.digest},
        "most": saved.most,
        "known": dict(saved.known),
        "steps": [{"asked": list(step.variables), "answers": dict(step.given)} for step in saved.steps],
    }
    return json.dumps(plain, ensure_ascii=False, allow_nan=False)


def read_saved(text: str, model: str | os.PathLike[str] | Model | None) -> tuple[Model, Saved]:
    """The interview that a text holds, and its model.

    Raises
    ------
    OptionError
        The text is no interview, or belongs to another model; the error lists every problem.
    ModelError
        `model` is none.
    """
    plain = _parse(text)
    issues = list(_wrong_shapes(plain))
    if issues:
        raise _not_resumed(issues)
    named = plain["model"]
    loaded = (
        model if isinstance(model, Model) else load_model(_shipped(named["name"]) if model is None else model)
    )
    if named["digest"] != loaded.digest:
        found = (
            f"it was led with {named['name']} of digest {named['digest'][:12]}; "
            f"this is {loaded.name} of digest {loaded.digest[:12]}."
        )
        fix = "Give the model that it was led with, or begin anew."
        raise _not_resumed([Issue("error", "another-model", Where("model.digest"), found, fix)])
    issues = list(_wrong_contents(plain, loaded))
    if issues:
        raise _not_resumed(issues)
    steps = tuple(Step(tuple(each["asked"]), each["answers"]) for each in plain["steps"])
    return loaded, Saved(plain["most"], plain["known"], steps)


def _shipped(name: str) -> str:
    """The name of a shipped model: a text that was saved cannot name a folder."""
    if name not in available_models():
        fix = "Give the model that it was led with."
        found = f"no model {name!r} is shipped."
        raise _not_resumed([Issue("error", "another-model", Where("model.name"), found, fix)])
    return name


def _parse(text: str) -> dict[str, Any]:
    try:
        plain = json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise _not_resumed([_issue("text", f"it is no JSON: {error}.")]) from None
    if not isinstance(plain, dict) or plain.get("interview") != _FORMAT:
        raise _not_resumed([_issue("interview", "it is no interview of this format.")])
    return plain


def _wrong_shapes(plain: Mapping[str, Any]) -> Iterator[Issue]:
    model, most, steps = plain.get("model"), plain.get("most"), plain.get("steps")
    if not isinstance(model, dict) or not all(isinstance(model.get(key), str) for key in ("name", "digest")):
        yield _issue("model", "it does not say the name and the digest of a model.")
    if isinstance(most, bool) or not isinstance(most, int) or most < 1:
        yield _issue("most", f"found {most!r}, and not a whole number above 0.")
    if not isinstance(plain.get("known"), dict):
        yield _issue("known", "it is no mapping of variable to value.")
    if not isinstance(steps, list):
        yield _issue("steps", "it is no list.")
        return
    for place, step in enumerate(steps):
        asked = step.get("asked") if isinstance(step, dict) else None
        if not (isinstance(asked, list) and asked and all(isinstance(each, str) for each in asked)):
            yield _issue(f"steps.{place}.asked", "it is no list of variables.")
        elif not isinstance(step.get("answers"), dict):
            yield _issue(f"steps.{place}.answers", "it is no mapping of variable to value.")


def _wrong_contents(plain: Mapping[str, Any], model: Model) -> Iterator[Issue]:
    """What does not fit the model, and what was asked twice."""
    yield from _wrong_values(plain["known"], model)
    seen = set(plain["known"])
    for place, step in enumerate(plain["steps"]):
        where, asked = f"steps.{place}", step["asked"]
        for name in asked:
            if name not in model.specs:
                yield unknown_variable(name, model.specs)
            elif name in seen:
                yield _issue(f"{where}.asked", f"{name} was known or asked before.")
            seen.add(name)
        for name in sorted(set(step["answers"]) - set(asked)):
            yield _issue(f"{where}.answers", f"{name} was not asked there.")
        yield from _wrong_values({name: step["answers"].get(name) for name in asked}, model)
    if len(plain["steps"]) > plain["most"]:
        yield _issue("steps", f"more than {plain['most']} questions were asked.")


def _wrong_values(given: Mapping[str, Any], model: Model) -> Iterator[Issue]:
    for name, value in given.items():
        if name not in model.specs:
            if value is not None:
                yield unknown_variable(name, model.specs)
        elif value is not None:
            found = parse_value(name, value, model.specs[name])
            if isinstance(found, Issue):
                yield found


def _issue(place: str, found: str) -> Issue:
    return Issue("error", "not-resumed", Where(place), found, _FIX)


def _not_resumed(issues: list[Issue]) -> OptionError:
    return OptionError("The interview cannot be resumed.", issues)
