"""What to do next, ranked by the posterior weight of the causes that it serves."""

from __future__ import annotations

from collections.abc import Mapping

from twitchdx.records import NextStep, Triage
from twitchdx.spec import LEVELS, Level, Step, StepKind
from twitchdx.steps.conditions import Situation, holds

# What is done with the care that triage asks for waits as long as that care; the rest can begin today.
_WITH_CARE: frozenset[StepKind] = frozenset({"test", "treatment", "medication_review"})


def rank_next_steps(
    steps: Mapping[str, Step], triage: Triage, situation: Situation, threshold: float
) -> tuple[NextStep, ...]:
    """The steps that apply, best first.

    Seeking care comes first where the level of care asks for it. The others follow by weight, the sum
    over the causes that a step serves of their responsibility for the complaint (of their
    probability, for causes that are watched and where there is no complaint): the expected number
    of causes at work that it addresses. Steps that serve the complaint whatever its cause address none
    of them in particular: they have weight 0 and stand last. Tests whose variables are all observed
    and questions already answered are left out.

    Parameters
    ----------
    steps : mapping of str to Step
        The steps of the model.
    triage : Triage
        The level of care, which also bounds what is available.
    situation : Situation
        The patient.
    threshold : float
        Least weight at which a step that serves named causes is offered.
    """
    ranked = [
        _next_step(name, step, triage, situation)
        for name, step in steps.items()
        if _offered(step, triage.level, situation)
    ]
    ranked = [step for step in ranked if not step.for_causes or step.weight >= threshold]
    ranked.sort(key=lambda step: -step.weight)  # stable: the order of the file decides ties
    if triage.level == LEVELS[0]:
        return tuple(ranked)
    return (_seek_care(triage), *ranked)


def _offered(step: Step, level: Level, situation: Situation) -> bool:
    answerable = (*step.tests, *step.asks)
    return (
        LEVELS.index(level) >= LEVELS.index(step.available_from)
        and holds(step.when, situation)
        and not (step.unless is not None and holds(step.unless, situation))
        and (not answerable or any(name not in situation.states for name in answerable))
    )


def _next_step(name: str, step: Step, triage: Triage, situation: Situation) -> NextStep:
    weight = sum(situation.weight(cause) for cause in step.for_causes)
    return NextStep(
        id=name,
        action=step.action,
        kind=step.kind,
        urgency=triage.level if step.kind in _WITH_CARE else LEVELS[0],
        reason=step.reason,
        for_causes=tuple(sorted(step.for_causes, key=situation.weight, reverse=True)),
        weight=weight,
        sources=step.sources,
        tests=tuple(test for test in step.tests if test not in situation.states),
        asks=tuple(variable for variable in step.asks if variable not in situation.states),
        prescription=step.prescription,
        cautions=step.cautions,
        try_for_days=None if step.try_for_days is None else step.try_for_days.value,
    )


def _seek_care(triage: Triage) -> NextStep:
    return NextStep(
        id="seek_care",
        action=triage.action,
        kind="seek_care",
        urgency=triage.level,
        reason=triage.reason,
        for_causes=(),
        weight=1.0,
        sources=triage.sources,
    )
