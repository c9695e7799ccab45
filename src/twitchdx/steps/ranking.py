"""What to do next, ranked by the posterior weight of the causes that it serves."""

from __future__ import annotations

from collections.abc import Mapping

from twitchdx.records import NextStep, StepEffect, Triage
from twitchdx.spec import LEVELS, Effect, Step, StepKind
from twitchdx.steps.conditions import Situation, predicate

# What is done with the care that triage asks for waits as long as that care; the rest can begin today.
_WITH_CARE: frozenset[StepKind] = frozenset({"test", "treatment", "medication_review"})


class NextSteps:
    """The steps of a model, ready for many patients.

    Parameters
    ----------
    steps : mapping of str to Step
        The steps of the model.
    threshold : float
        Least weight at which a step that serves named causes is offered.
    """

    def __init__(self, steps: Mapping[str, Step], threshold: float) -> None:
        self._threshold = threshold
        self._steps = [_ReadyStep(name, step) for name, step in steps.items()]

    def rank(self, triage: Triage, situation: Situation) -> tuple[NextStep, ...]:
        """The steps that apply, best first.

        Seeking care comes first where the level of care asks for it. The others follow by weight, the sum
        over the causes that a step serves of their responsibility for the complaint (of their
        probability, for causes that are watched and where there is no complaint): the expected number
        of causes at work that it addresses. Steps that serve the complaint whatever its cause address none
        of them in particular: they have weight 0 and stand last. Tests whose variables are all observed
        and questions already answered are left out.

        Parameters
        ----------
        triage : Triage
            The level of care, which also bounds what is available.
        situation : Situation
            The patient.
        """
        level = LEVELS.index(triage.level)
        weights = {cause: situation.weight(cause) for cause in situation.probability}
        ranked = []
        for ready in self._steps:
            if ready.available_from <= level <= ready.available_to and ready.is_offered(situation):
                causes = ready.step.for_causes
                weight = sum([weights[cause] for cause in causes])
                if not causes or weight >= self._threshold:
                    order = sorted(causes, key=weights.__getitem__, reverse=True)
                    ranked.append(ready.next_step(weight, tuple(order), triage, situation))
        ranked.sort(key=lambda step: -step.weight)  # stable: the order of the file decides ties
        if triage.level == LEVELS[0]:
            return tuple(ranked)
        return (_seek_care(triage), *ranked)


class _ReadyStep:
    """One step, with what does not depend on the patient."""

    def __init__(self, name: str, step: Step) -> None:
        self.name = name
        self.step = step
        self.available_from = LEVELS.index(step.available_from)
        self.available_to = LEVELS.index(step.available_to)
        self.when = predicate(step.when)
        self.unless = None if step.unless is None else predicate(step.unless)
        self.answerable = frozenset((*step.tests, *step.asks))
        self.effects = tuple(
            [_effect(cause, effect) for cause, effects in step.effects.items() for effect in effects]
        )

    def is_offered(self, situation: Situation) -> bool:
        """Whether its conditions hold and something that it finds out is not known yet."""
        return (
            self.when(situation)
            and not (self.unless is not None and self.unless(situation))
            and not (self.answerable and self.answerable <= situation.states.keys())
        )

    def next_step(
        self, weight: float, for_causes: tuple[str, ...], triage: Triage, situation: Situation
    ) -> NextStep:
        step = self.step
        return NextStep(
            id=self.name,
            action=step.action,
            kind=step.kind,
            urgency=triage.level if step.kind in _WITH_CARE else LEVELS[0],
            reason=step.reason,
            for_causes=for_causes,
            weight=weight,
            sources=step.sources,
            tests=tuple([test for test in step.tests if test not in situation.states]),
            asks=tuple([variable for variable in step.asks if variable not in situation.states]),
            prescription=step.prescription,
            cautions=step.cautions,
            try_for_days=None if step.try_for_days is None else step.try_for_days.value,
            effects=self.effects,
        )


def _effect(cause: str, effect: Effect) -> StepEffect:
    size = effect.size
    assert size.form is not None, "the form of an effect must be said"
    return StepEffect(
        cause=cause,
        outcome=effect.outcome,
        form=size.form,
        value=size.value,
        low=size.low,
        high=size.high,
        grade=size.grade,
        sources=size.sources,
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
