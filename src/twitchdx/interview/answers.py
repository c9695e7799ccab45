"""What a person answers to a question, as observations of the variables that it is about."""

from __future__ import annotations

import json
import numbers
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from twitchdx.errors import EvidenceError, Issue, Where, suggest_labelled
from twitchdx.evidence import parse_evidence, parse_value
from twitchdx.interview.wording import Question
from twitchdx.spec import Variable


def understand_answer(question: Question, value: Any, variables: Mapping[str, Variable]) -> dict[str, Any]:
    """Variable -> value of what was answered; what was left open is left out.

    Parameters
    ----------
    question : Question
        What was asked.
    value : object
        For one variable: what `diagnose` takes as a value, or None, which leaves it open. For a checklist:
        the names of those that are present, and the others are absent; a mapping of name to value, and the
        others stay open; True or False for all of them.
    variables : mapping of str to Variable
        The variables of the model.

    Raises
    ------
    EvidenceError
        The answer cannot be understood; the error lists every problem.
    """
    given = _of_checklist(question, value) if question.checklist else {question.variables[0]: value}
    given = {name: each for name, each in given.items() if each is not None}
    parsed = [parse_value(name, each, variables[name]) for name, each in given.items()]
    issues = [each for each in parsed if isinstance(each, Issue)]
    if issues:
        raise not_understood(issues)
    return {name: _as_json(each) for name, each in given.items()}


def understand_known(given: Any, variables: Mapping[str, Variable]) -> dict[str, Any]:
    """What is known before the first question; what is None is left out.

    Raises
    ------
    EvidenceError
        It cannot be understood; the error lists every problem.
    """
    parse_evidence(given, variables)
    return {name: _as_json(each) for name, each in given.items() if each is not None}


def not_understood(issues: list[Issue]) -> EvidenceError:
    """The error of an answer that cannot be understood."""
    return EvidenceError("The answer cannot be understood; the question stands.", issues)


def _of_checklist(question: Question, value: Any) -> dict[str, Any]:
    names = question.variables
    if value is None:
        return {}
    if isinstance(value, bool):
        return dict.fromkeys(names, value)
    if isinstance(value, Mapping):
        _require_among(question, value)
        return dict(value)
    if not isinstance(value, Iterable):
        fix = "Give the names of those that are present, or a mapping of name to True or False."
        raise not_understood([Issue("error", "wrong-type", Where("answer"), f"found {value!r}.", fix)])
    present = [value] if isinstance(value, str) else list(value)
    _require_among(question, present)
    return {name: name in present for name in names}


def _require_among(question: Question, given: Iterable[Any]) -> None:
    labels = {each.variable: (each.label,) for each in question.items}
    issues = [
        Issue("error", "not-asked", Where(str(name)), "this is not asked about here.",
              suggest_labelled(str(name), labels))
        for name in given if not (isinstance(name, str) and name in labels)
    ]  # fmt: skip
    if issues:
        raise not_understood(sorted(issues, key=str))


def _as_json(value: Any) -> Any:
    """The same value in the types of JSON, so that a resumed interview is the same to the last bit."""
    return json.loads(json.dumps(value, default=_plain))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, numbers.Real | Decimal):
        return float(value)
    return value.item() if hasattr(value, "item") else list(value)
