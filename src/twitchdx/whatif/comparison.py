"""Two answers side by side: of one model to changed findings, and of two models to the same cases."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from twitchdx.answering import diagnose_patient
from twitchdx.assembly import Assembled
from twitchdx.catalogue import plain_variables
from twitchdx.engines import Engine
from twitchdx.errors import ImpossibleEvidenceError, Issue, OptionError, TwitchdxError, Where
from twitchdx.evidence import Evidence, parse_evidence
from twitchdx.evidence.values import show
from twitchdx.records import Candidate, DiagnosisRecord
from twitchdx.spec import Level, ModelSpec, Variable, walk_estimates
from twitchdx.whatif.cases import parse_cases
from twitchdx.whatif.records import (
    CaseChange,
    CauseChange,
    FindingChange,
    ModelComparison,
    NumberChange,
    WhatIf,
)


def what_if(
    model: Assembled,
    variables: Mapping[str, Variable],
    evidence: Evidence,
    changes: Mapping[str, Any],
    engine: Engine,
    complaint: str | None,
) -> WhatIf:
    """The answer as it is, and as it would be if some findings were different.

    Parameters
    ----------
    model : Assembled
        The model.
    variables : mapping of str to Variable
        Its variables.
    evidence : Evidence
        What was observed; possible in this model.
    changes : mapping of str to value
        As evidence is given to `diagnose`: what is observed in addition, or instead. None withdraws one.
    engine : Engine
        Computes both answers.
    complaint : str or None
        The finding to explain.

    Raises
    ------
    EvidenceError
        The changes cannot be understood; the error lists every problem.
    ImpossibleEvidenceError
        The changed findings exclude each other.
    """
    changed = change_evidence(evidence, changes, variables)
    before = diagnose_patient(model, variables, evidence, engine, complaint)
    after = diagnose_patient(model, variables, changed, engine, complaint)
    keys_before = {(step.id, step.action) for step in before.next_steps}
    keys_after = {(step.id, step.action) for step in after.next_steps}
    return WhatIf(
        changes=tuple(
            FindingChange(
                variable=name,
                label=variables[name].label,
                before=evidence[name].given if name in evidence else None,
                after=changed[name].given if name in changed else None,
            )
            for name in variables
            if name in changes
        ),
        causes=compare_causes(before, after),
        leader_before=leader_of(before),
        leader_after=leader_of(after),
        level_before=level_of(before),
        level_after=level_of(after),
        steps_gained=tuple(s for s in after.next_steps if (s.id, s.action) not in keys_before),
        steps_lost=tuple(s for s in before.next_steps if (s.id, s.action) not in keys_after),
        before=before,
        after=after,
    )


def change_evidence(
    evidence: Evidence, changes: Mapping[str, Any], variables: Mapping[str, Variable]
) -> Evidence:
    """The evidence with some observations added, replaced or, where None is given, withdrawn.

    Raises
    ------
    EvidenceError
        The changes cannot be understood; the error lists every problem.
    """
    observed = parse_evidence(changes, variables)
    kept = evidence.without(changes)
    return Evidence(
        {
            name: observed[name] if name in observed else kept[name]
            for name in variables
            if name in observed or name in kept
        }
    )


def compare_causes(before: DiagnosisRecord, after: DiagnosisRecord) -> tuple[CauseChange, ...]:
    """Every cause that both answers have, the largest change of probability or responsibility first."""
    ranks_before = {each.cause: rank for rank, each in enumerate(before.differential, 1)}
    first = {each.cause: each for each in before.differential}
    found = [
        _compare(first[each.cause], each, ranks_before[each.cause], rank)
        for rank, each in enumerate(after.differential, 1)
        if each.cause in first
    ]
    # Stable: the order of the second answer decides ties.
    return tuple(
        sorted(found, key=lambda each: -max(abs(each.points), abs(each.responsibility_points or 0.0)))
    )


def _compare(before: Candidate, after: Candidate, rank_before: int, rank_after: int) -> CauseChange:
    points, decibans = None, None
    first, second = before.responsibility, after.responsibility
    if first is not None and second is not None:
        points = 100.0 * (second - first)
        decibans = _decibans(first, 1.0 - first, second, 1.0 - second)
    return CauseChange(
        cause=after.cause,
        label=after.label,
        probability_before=before.probability,
        probability_after=after.probability,
        points=100.0 * (after.probability - before.probability),
        decibans=_decibans(before.probability, _absent(before), after.probability, _absent(after)),
        responsibility_before=first,
        responsibility_after=second,
        responsibility_points=points,
        responsibility_decibans=decibans,
        rank_before=rank_before,
        rank_after=rank_after,
    )


def _absent(candidate: Candidate) -> float:
    """P(first state), which has more digits than 1 - P(any other) where the cause is nearly certain."""
    return next(iter(candidate.states.values()))


def _decibans(before: float, not_before: float, after: float, not_after: float) -> float | None:
    if min(before, not_before, after, not_after) <= 0.0:
        return None
    return 10.0 * (math.log10(after / not_after) - math.log10(before / not_before))


def leader_of(record: DiagnosisRecord) -> str | None:
    """The first cause of a differential."""
    return record.differential[0].cause if record.differential else None


def level_of(record: DiagnosisRecord) -> Level | None:
    """The level of care of an answer."""
    return record.triage.level if record.triage is not None else None


def compare_models(
    one: Assembled,
    other: Assembled,
    cases: Mapping[str, Mapping[str, Any]],
    engine: Engine,
    *,
    more_than: float = 0.05,
) -> ModelComparison:
    """What a second model answers differently.

    Parameters
    ----------
    one, other : Assembled
        Two models with roles, such as a model and the same with changed numbers.
    cases : mapping of str to mapping
        Name -> evidence, as it is given to `diagnose`, or a case as a case file has it.
    engine : Engine
        Computes all answers.
    more_than : float, optional
        By how much a posterior must differ to be reported, from 0 to 1.

    Raises
    ------
    EvidenceError
        There is no case, or one cannot be understood in the terms of one of the models; the error lists every
        problem of all cases.
    OptionError
        `other` is no model, or `more_than` no probability.
    """
    _require_options(other, more_than)
    sides = [(model, _variables(model)) for model in (one, other)]
    parsed = parse_cases(cases, [variables for _, variables in sides])
    compared = []
    for name, evidence in parsed.items():
        before, after = (
            _attempt(model, variables, each, engine)
            for (model, variables), each in zip(sides, evidence, strict=True)
        )
        compared.append(_compare_case(name, before, after, more_than))
    causes = [tuple(model.spec.causes) if model.spec else () for model in (one, other)]
    return ModelComparison(
        digest_before=one.digest,
        digest_after=other.digest,
        more_than=float(more_than),
        numbers=_compare_numbers(one.spec, other.spec),
        causes_gained=tuple(cause for cause in causes[1] if cause not in causes[0]),
        causes_lost=tuple(cause for cause in causes[0] if cause not in causes[1]),
        cases=tuple(compared),
    )


def _require_options(other: object, more_than: object) -> None:
    wrong = []
    if not isinstance(other, Assembled):
        wrong.append(("other", other, 'Give a model, such as `load_model("chest_clinic")`.'))
    if isinstance(more_than, bool) or not isinstance(more_than, int | float) or not 0.0 <= more_than <= 1.0:
        wrong.append(("more_than", more_than, "Give a number from 0 to 1."))
    if wrong:
        issues = [
            Issue("error", "wrong-option", Where(name), f"found {show(given)}.", fix)
            for name, given, fix in wrong
        ]
        raise OptionError("An option cannot be understood.", issues)


def _variables(model: Assembled) -> dict[str, Variable]:
    if model.spec is None:
        return plain_variables(model.network)
    return {name: each for name, (_, each) in model.spec.variables().items()}


def _attempt(
    model: Assembled, variables: Mapping[str, Variable], evidence: Evidence, engine: Engine
) -> DiagnosisRecord | TwitchdxError:
    complaint = model.spec.model.complaint if model.spec else None
    try:
        return diagnose_patient(model, variables, evidence, engine, complaint)
    except ImpossibleEvidenceError as error:  # in this model, which is worth knowing
        return error


def _compare_case(
    name: str,
    before: DiagnosisRecord | TwitchdxError,
    after: DiagnosisRecord | TwitchdxError,
    more_than: float,
) -> CaseChange:
    answers = [each if isinstance(each, DiagnosisRecord) else None for each in (before, after)]
    problems = [
        f"{which} model: {each.issues[0].message if each.issues else each}"
        for which, each in (("first", before), ("second", after))
        if isinstance(each, TwitchdxError)
    ]
    first, second = answers
    both = compare_causes(first, second) if first is not None and second is not None else ()
    moved = tuple(e for e in both if abs(e.probability_after - e.probability_before) > more_than)
    most = max(both, key=lambda each: abs(each.points), default=None)
    if most is not None and most.points == 0.0:
        most = None
    leaders = [leader_of(each) if each is not None else None for each in answers]
    levels = [level_of(each) if each is not None else None for each in answers]
    return CaseChange(
        name=name,
        changed=bool(moved) or leaders[0] != leaders[1] or levels[0] != levels[1],
        leader_before=leaders[0],
        leader_after=leaders[1],
        level_before=levels[0],
        level_after=levels[1],
        moved=moved,
        moved_most=most.cause if most is not None else None,
        moved_points=most.points if most is not None else None,
        problem=" ".join(problems),
        before=first,
        after=second,
    )


def _compare_numbers(one: ModelSpec | None, other: ModelSpec | None) -> tuple[NumberChange, ...]:
    first, second = (
        {".".join(map(str, path)): each.value for path, each in walk_estimates(spec)} if spec else {}
        for spec in (one, other)
    )
    return tuple(
        NumberChange(path=path, before=first.get(path), after=second.get(path))
        for path in dict.fromkeys([*first, *second])
        if first.get(path) != second.get(path)
    )
