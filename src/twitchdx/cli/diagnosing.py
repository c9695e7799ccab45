"""`twitchdx diagnose`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from twitchdx.api import load_model, usual_model
from twitchdx.cli.output import line_width, print_document, print_text, print_wrapped
from twitchdx.diagnosis import Diagnosis
from twitchdx.display import diagnosis_text
from twitchdx.engines import DEFAULT_ENGINE
from twitchdx.loading import Case, parse_case
from twitchdx.loading.case import MAX_CASE_BYTES
from twitchdx.model import Model
from twitchdx.records import Variable

_STANDARD_INPUT = "-"
_TRUTH = {"true": True, "yes": True, "false": False, "no": False}


def diagnose(arguments: argparse.Namespace) -> int:
    """Diagnose one patient and print the answer."""
    source, assignments = _split(arguments.given)
    for each in assignments:
        if "=" not in each:
            arguments.reject(f"{each!r} is not NAME=VALUE, and a case file comes first and once")
    case = _read(source) if source is not None else Case(evidence={})
    model = load_model(arguments.model or case.model or usual_model())
    said = [_understand(each, model.variables) for each in assignments]
    answer = model.diagnose_pairs(
        [*case.evidence.items(), *said],
        engine=arguments.engine or DEFAULT_ENGINE,
        complaint=arguments.complaint,
    )
    if arguments.json:
        print_document(answer.to_json(indent=2))
    else:
        if case.title:
            print_wrapped(case.title)
            print()
        print_text(diagnosis_text(answer.record, line_width(), complete=arguments.all))
        if not model.causes:
            _print_distributions(model, answer)
    return 0


def _split(given: Sequence[str]) -> tuple[str | None, Sequence[str]]:
    """The case file, if the first word is one, and the observations."""
    # Unlike Path.is_file, this is no error where the text is too long for the name of a file.
    if given and (given[0] == _STANDARD_INPUT or "=" not in given[0] or os.path.isfile(given[0])):  # noqa: PTH113
        return given[0], given[1:]
    return None, given


def _read(source: str) -> Case:
    # One byte beyond the bound is enough to refuse it, even where the source never ends.
    if source == _STANDARD_INPUT:
        return parse_case(sys.stdin.buffer.read(MAX_CASE_BYTES + 1), "standard input")
    with Path(source).open("rb") as stream:
        return parse_case(stream.read(MAX_CASE_BYTES + 1), source)


def _understand(assignment: str, variables: Mapping[str, Variable]) -> tuple[str, Any]:
    """A variable and its value from NAME=VALUE; yes and no are truth values where they are no states."""
    name, _, text = (part.strip() for part in assignment.partition("="))
    is_state = name in variables and text in variables[name].states
    return name, text if is_state else _TRUTH.get(text.casefold(), text)


def _print_distributions(model: Model, answer: Diagnosis) -> None:
    """For a network file, which names no causes: every variable that was not observed."""
    for name in model.variables:
        if name not in answer.evidence.states:
            shares = ", ".join(f"{state} {share:.4g}" for state, share in answer.distribution(name).items())
            print_wrapped(f"{name}: {shares}", "", "  ")
