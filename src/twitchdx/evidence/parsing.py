"""The evidence of one patient, from names and values; every problem at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from twitchdx.errors import EvidenceError, Issue, Where
from twitchdx.evidence.observation import Evidence, Observation
from twitchdx.evidence.values import NUMBER_WITH_UNIT, Problem, issue_of, observe, show
from twitchdx.spec import Variable


def parse_evidence(given: object, variables: Mapping[str, Variable]) -> Evidence:
    """Understand what was observed of one patient.

    Parameters
    ----------
    given : mapping
        Variable -> value. A value is True or False (for the states absent and present), the name of a
        state, a number or "number unit" where the variable is measured, a mapping or pairs of state and
        likelihood (every state once), a list of such mappings (independent soft evidence: they
        multiply), or None (not observed).
    variables : mapping
        The variables of the model.

    Returns
    -------
    Evidence
        One observation a variable, in the order of `variables`.

    Raises
    ------
    EvidenceError
        Something cannot be understood; the error lists every problem.
    """
    if not isinstance(given, Mapping):
        issue = Issue(
            "error",
            "not-a-mapping",
            Where("evidence"),
            f"found {show(given)}.",
            'Give a mapping of variable to value, such as {"age": 34, "sex": "female"}.',
        )
        raise EvidenceError("The evidence cannot be understood.", [issue])
    return parse_pairs(given.items(), variables)


def parse_pairs(pairs: Iterable[tuple[object, object]], variables: Mapping[str, Variable]) -> Evidence:
    """Understand variables and values that may name a variable twice.

    The same as `parse_evidence`, for input such as a command line, where a variable can be given more
    than once. What is said twice must agree.
    """
    issues: list[Issue] = []
    found: dict[str, Observation] = {}
    for name, value in _as_pairs(pairs):
        try:
            if not isinstance(name, str) or name not in variables:
                raise _unknown_variable(name, variables)
            if value is None:
                continue
            observation = observe(name, value, variables[name])
            found[name] = _reconcile(found[name], observation) if name in found else observation
        except Problem as problem:
            issues.append(issue_of(name, problem))
    if issues:
        count = len(issues)
        raise EvidenceError(f"The evidence cannot be understood: {count} problem{'s' * (count > 1)}.", issues)
    return Evidence({name: found[name] for name in variables if name in found})


def unknown_variable(name: object, variables: Mapping[str, Variable]) -> Issue:
    """The problem that a name is none of the variables, with the nearest that is."""
    return issue_of(name, _unknown_variable(name, variables))


def _as_pairs(pairs: object) -> list[tuple[object, object]]:
    """The pairs, or the error that something is no pair."""
    given = pairs.items() if isinstance(pairs, Mapping) else pairs
    listed: list[Any] = (
        list(given) if isinstance(given, Iterable) and not isinstance(given, str | bytes) else [given]
    )
    wrong = [each for each in listed if not isinstance(each, tuple | list) or len(each) != 2]
    if wrong:
        fix = 'Give pairs of variable and value, such as ("age", 34).'
        issues = [
            Issue("error", "not-a-pair", Where("evidence"), f"found {show(each)}.", fix) for each in wrong
        ]
        raise EvidenceError("The evidence cannot be understood.", issues)
    return [(name, value) for name, value in listed]


def _unknown_variable(name: object, variables: Mapping[str, Variable]) -> Problem:
    text = str(name)
    # Suggestions match names, labels and aliases, whatever their case.
    spoken = {name.casefold(): name for name in variables}
    for own, variable in variables.items():
        for other in (variable.label, *variable.aliases):
            spoken.setdefault(other.casefold(), own)
    wanted = text.casefold().replace("-", "_").strip()
    near = difflib.get_close_matches(wanted, spoken, n=1) or difflib.get_close_matches(
        wanted.replace("_", " "), spoken, n=1
    )
    fix = f"Did you mean {spoken[near[0]]!r}?" if near else "`twitchdx show MODEL` lists the variables."
    return Problem("unknown-variable", f"the model has no variable {show(name)}.", fix)


def _reconcile(first: Observation, second: Observation) -> Observation:
    agree = first.state is not None and first.likelihood == second.likelihood
    if agree and not _different_numbers(first.given, second.given):
        return first
    raise Problem(
        "contradictory-duplicate",
        f"given twice: {first.given} and {second.given}.",
        "Give it once; for several independent pieces of soft evidence, give a list of mappings.",
    )


def _different_numbers(first: str, second: str) -> bool:
    """Whether two texts are different numbers of one unit."""
    a, b = NUMBER_WITH_UNIT.fullmatch(first), NUMBER_WITH_UNIT.fullmatch(second)
    return bool(a and b and a[2] == b[2] and float(a[1]) != float(b[1]))
