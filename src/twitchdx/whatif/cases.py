"""The cases by which two models are compared: named, and understood in the terms of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from twitchdx.errors import EvidenceError, Issue, Where
from twitchdx.evidence import Evidence, parse_evidence
from twitchdx.evidence.values import show
from twitchdx.loading import Case
from twitchdx.spec import Variable

_KEYS = frozenset(each.name for each in fields(Case))
_EXAMPLE = 'Write {"name": {...}}, with a name for each case.'
# So many variables are named that only one of the models has.
_NAMED = 6


def parse_cases(cases: object, models: Sequence[Mapping[str, Variable]]) -> dict[str, list[Evidence]]:
    """The evidence of each case in the terms of each model.

    Parameters
    ----------
    cases : mapping of str to mapping
        Name -> evidence, as it is given to `diagnose`, or a case as a case file has it.
    models : sequence of mapping
        The variables of each model.

    Raises
    ------
    EvidenceError
        There are no cases, or some cannot be understood; the error lists every problem.
    """
    named = _named(cases, models)
    given = {str(name): _evidence(case, models) for name, case in named.items()}
    alone = _known_to_one(given, models)
    issues = [_different(alone)] if any(alone) else []
    found: dict[str, list[Evidence]] = {}
    for name, evidence in given.items():
        found[name] = []
        for variables, missing in zip(models, reversed(alone), strict=True):
            known = evidence
            if isinstance(evidence, Mapping):  # what only the other model has was said once
                known = {each: value for each, value in evidence.items() if each not in missing}
            try:
                found[name].append(parse_evidence(known, variables))
            except EvidenceError as error:
                issues += [_of_case(name, each) for each in error.issues]
    if issues:
        # What neither model understands is said once, whatever each offers instead.
        raise _not_understood(
            list({(each.where, each.message): each for each in reversed(issues)}.values())[::-1]
        )
    return found


def _named(cases: object, models: Sequence[Mapping[str, Variable]]) -> Mapping[Any, Any]:
    """The cases with their names, or the error that these are none."""
    if not isinstance(cases, Mapping):
        found = f"found {show(cases)}."
        raise _not_understood([Issue("error", "not-a-mapping", Where("cases"), found, _EXAMPLE)])
    if not cases:
        found = "there is no case to compare the models by."
        raise _not_understood([Issue("error", "no-cases", Where("cases"), found, _EXAMPLE)])
    observed = any(name in variables for name in cases for variables in models)
    filed = "evidence" in cases and cases.keys() <= _KEYS
    # The values of one case may be mappings of likelihoods, but seldom are all of them.
    if (observed or filed) and not all(isinstance(each, Mapping) for each in cases.values()):
        found = "this looks like one case."
        raise _not_understood([Issue("error", "one-case", Where("cases"), found, _EXAMPLE)])
    return cases


def _evidence(case: object, models: Sequence[Mapping[str, Variable]]) -> object:
    """What was observed in a case; that of a case file stands under a key of its own."""
    if isinstance(case, Case):
        return case.evidence
    filed = isinstance(case, Mapping) and isinstance(case.get("evidence"), Mapping) and case.keys() <= _KEYS
    if filed and not any("evidence" in variables for variables in models):
        assert isinstance(case, Mapping)
        return case["evidence"]
    return case


def _known_to_one(
    given: Mapping[str, object], models: Sequence[Mapping[str, Variable]]
) -> tuple[list[str], list[str]]:
    """The variables that the cases name and that the first model alone has, and the second."""
    first, second = models
    named = dict.fromkeys(
        name for case in given.values() if isinstance(case, Mapping) for name in case if isinstance(name, str)
    )
    return (
        [name for name in named if name in first and name not in second],
        [name for name in named if name in second and name not in first],
    )


def _different(alone: tuple[list[str], list[str]]) -> Issue:
    said = []
    for which, names in zip(("first", "second"), alone, strict=True):
        if names:
            more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            said.append(f"only the {which} model has {', '.join(names[:_NAMED])}{more}")
    fix = "Give cases of variables that both have: leave these out."
    return Issue("error", "different-variables", Where("cases"), f"{'; '.join(said)}.", fix)


def _of_case(name: str, issue: Issue) -> Issue:
    where = Where(f"{name}.{issue.where.path}")
    return Issue(issue.severity, issue.code, where, issue.message, issue.fix)


def _not_understood(issues: Sequence[Issue]) -> EvidenceError:
    count = len(issues)
    return EvidenceError(f"The cases cannot be understood: {count} problem{'s' * (count > 1)}.", issues)
