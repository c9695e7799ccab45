"""What each step is worth to one patient, and whether it is a next one.

The rules of the model say which steps fit a patient. Of these, a test or a question stays if knowing its
result is worth more than its price; if a rule of the model asks for it; if it may raise the level of care; or
if it looks for a cause that must not be missed and is not excluded. Anything else stays if its expected
utility is positive.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from twitchdx.care import get_care
from twitchdx.engines import ExactEngine
from twitchdx.errors import EngineError
from twitchdx.plan.dangers import find_dangers, looked_at
from twitchdx.plan.foresight import Foreseen, foresee
from twitchdx.plan.information import learnable
from twitchdx.plan.price import price_of
from twitchdx.plan.results import Bundle, affordable
from twitchdx.plan.standing import Standing, find_standing
from twitchdx.plan.stopping import LIKELY_TO_RAISE
from twitchdx.records import Danger, DiagnosisRecord, NextStep
from twitchdx.spec import LEVELS, Condition, Step
from twitchdx.steps import NextSteps, in_units, observed_by
from twitchdx.whatif import Subject

#: What is worth less than this, in the unit of utility, is worth nothing, and need not be computed.
NOTHING = 1e-4
# A question that rules do not offer is one if it is worth so many times its price.
_MENTIONED = 10.0
#: How much of what can be learnt is weighed.
Effort = Literal["all", "some", "none"]
# Cells of the tables of one answer, up to which everything is weighed, and up to which something is.
_QUICK, _SLOW = 2e5, 8e5


@dataclass(frozen=True, slots=True, eq=False)
class Weighed:
    """One step with what it is worth.

    Attributes
    ----------
    step : NextStep
        The step, as rules offer it.
    spec : Step or None
        What the model says of it; None for seeking care.
    value : float or None
        What it is worth before its price; None where that is not known.
    price : float
        Burden and money, in the unit of utility.
    changes_level, raises_level : float
        Of a test or a question, the probability that the result changes, and raises, the level of care.
    """

    step: NextStep
    spec: Step | None
    value: float | None
    price: float
    changes_level: float = 0.0
    raises_level: float = 0.0

    @property
    def utility(self) -> float | None:
        """Value less price."""
        return None if self.value is None else self.value - self.price

    @property
    def learns(self) -> bool:
        """Whether it is a test or a question."""
        return self.step.kind in {"test", "question"}

    @property
    def alarming(self) -> bool:
        """Whether its result is likely enough to raise the level of care."""
        return self.raises_level >= LIKELY_TO_RAISE

    @property
    def pays(self) -> bool:
        """Whether it is worth more than its price."""
        return self.utility is not None and self.utility > NOTHING


class Scales:
    """Everything that is weighed for one patient.

    Parameters
    ----------
    subject : Subject
        The patient; the model states utilities.
    record : DiagnosisRecord
        The answer, with the steps that its rules offer.

    Attributes
    ----------
    standing : Standing
        The decision as it is.
    foreseen : dict of tuple of str to Foreseen
        What variables, alone and in bundles, would tell.
    unknown : tuple of str
        Variables that were not weighed: of which a result ties too many causes together, or for which there
        was no time.
    further : frozenset of str
        Questions that rules do not offer, since their causes weigh too little.
    weighed : list of Weighed
        The steps that rules offer, and the further questions.
    """

    def __init__(self, subject: Subject, record: DiagnosisRecord) -> None:
        self.subject = subject
        self.effort = _effort(subject)
        self.standing: Standing = find_standing(subject, weighed=self.effort != "none")
        learnt = _weighed_variables(subject, record, self.effort)
        # A bundle with too many joint results is judged by its first tests, which is a lower bound.
        self._judged = {
            each.tests: affordable(subject, each.tests) for each in record.next_steps if len(each.tests) > 1
        }
        bundles: list[Bundle] = [(name,) for name in learnt]
        if self.effort != "none":
            bundles += self._judged.values()
        found, refused = foresee(subject, self.standing, bundles, tolerance=NOTHING)
        self.foreseen: dict[Bundle, Foreseen] = {each.results.bundle: each for each in found}
        known = {name for name, *rest in self.foreseen if not rest}
        self.unknown = tuple(name for name in learnable(subject) if name not in known)
        self.refused = frozenset(name for bundle in refused for name in bundle if name not in known)
        self._utility_of = dict(
            zip(self.standing.actions.names, self.standing.action_utilities.tolist(), strict=True)
        )
        more = _further_questions(subject, record)
        self.further = frozenset(each.id for each in more)
        self.weighed = [self._weigh(each) for each in (*record.next_steps, *more)]

    @property
    def singles(self) -> dict[str, Foreseen]:
        """What each variable by itself would do."""
        return {bundle[0]: each for bundle, each in self.foreseen.items() if len(bundle) == 1}

    @cached_property
    def dangers(self) -> tuple[Danger, ...]:
        """Causes that must not be missed."""
        return find_dangers(self.subject, self.singles)

    def bundle_of(self, tests: Bundle) -> Bundle:
        """What stands for the tests of a step: all of them, or as many as could be judged together."""
        return self._judged.get(tests, tests)

    def _weigh(self, step: NextStep) -> Weighed:
        spec = self.subject.spec.steps.get(step.id)
        if spec is None:  # seeking care
            return Weighed(step, None, self._worth_of_care(), 0.0)
        if step.tests:
            return self._weigh_bundle(step, spec, step.tests)
        if step.asks:
            return self._weigh_questions(step, spec)
        decision = self.subject.spec.decision
        assert decision is not None
        price = in_units(decision, spec.burden, spec.cost)
        value = self._utility_of[step.id] + price if step.id in self._utility_of else None
        return Weighed(step, spec, value, price)

    def _weigh_questions(self, step: NextStep, spec: Step) -> Weighed:
        """Questions are asked one at a time, so that the best of them is what the step is worth at least."""
        each = [self._weigh_bundle(step, spec, (name,)) for name in step.asks]
        best = max(each, key=lambda one: -np.inf if one.utility is None else one.utility)
        return dataclasses.replace(
            best,
            changes_level=max(one.changes_level for one in each),
            raises_level=max(one.raises_level for one in each),
        )

    def _weigh_bundle(self, step: NextStep, spec: Step, bundle: Bundle) -> Weighed:
        foreseen = self.foreseen.get(self.bundle_of(bundle))
        price = price_of(self.subject, bundle)
        if foreseen is None:
            return Weighed(step, spec, None, price)
        now = LEVELS.index(self.standing.level)
        changes = foreseen.share(foreseen.levels != now)
        return Weighed(step, spec, foreseen.value, price, changes, foreseen.share(foreseen.levels > now))

    def _worth_of_care(self) -> float | None:
        """How much better the level of care is than the lowest one; negative where a rule asks for it."""
        weighing = get_care(self.subject.spec, self.subject.network).weighing
        place = LEVELS.index(self.standing.level)
        if weighing is None or place not in weighing.places or self.standing.choice is None:
            return None
        at = int(np.flatnonzero(weighing.places == place)[0])
        return float(self.standing.utilities[at] - self.standing.utilities[0])

    def stays(self, weighed: Weighed) -> bool:
        """Whether a step is among the next ones."""
        if weighed.step.id in self.further:
            return (weighed.utility or 0.0) > _MENTIONED * weighed.price
        if weighed.spec is None or weighed.pays or self.kept_because(weighed) != "":
            return True
        if weighed.utility is not None:
            return False
        # What could not be computed is not held against a step; what was passed over beside others is.
        if self.effort == "none" or not weighed.learns:
            return True
        return not self.refused.isdisjoint((*weighed.step.tests, *weighed.step.asks))

    def kept_because(self, weighed: Weighed) -> str:
        """Why a step is a next one although it is not worth its price; empty where it is, or is not one."""
        if weighed.spec is None:
            return "" if weighed.pays else "A rule of care asks for it."
        if weighed.pays or not weighed.learns:
            return ""
        if weighed.alarming:
            return "It may change how soon."
        if weighed.step.id not in self.further and weighed.spec.when != Condition():
            return "A rule of the model asks for it here."
        return "It looks for what must not be missed." if self._looks_for_danger(weighed) else ""

    def _looks_for_danger(self, weighed: Weighed) -> bool:
        if weighed.step.kind != "test":
            return False
        open_ = {each.cause for each in self.dangers if not each.excluded}
        return any(not open_.isdisjoint(looked_at(self.subject, test)) for test in weighed.step.tests)


def _further_questions(subject: Subject, record: DiagnosisRecord) -> Sequence[NextStep]:
    """The questions that could be asked and are not offered, since their causes weigh too little."""
    assert record.triage is not None
    steps = {name: step for name, step in subject.spec.steps.items() if step.kind == "question"}
    offered = {each.id for each in record.next_steps}
    found = NextSteps(steps, 0.0).rank(record.triage, subject.situation)
    return [each for each in found if each.id in steps and each.id not in offered]


def _effort(subject: Subject) -> Effort:
    """How much can be weighed in a second or two, by the tables that one answer needs."""
    efforts: tuple[tuple[Effort, float], ...] = (("all", _QUICK), ("some", _SLOW))
    for effort, cells in efforts:
        try:
            ExactEngine(cells).answer(subject.network, subject.evidence.likelihoods, ())
        except EngineError:
            continue
        return effort
    return "none"


def _weighed_variables(subject: Subject, record: DiagnosisRecord, effort: Effort) -> list[str]:
    """The variables that are weighed one by one: all that are not observed, where that is quick.

    Else the tests of the offered steps, and what these ask for and red flags look at; or none.
    """
    if effort == "none":
        return []
    found = learnable(subject)
    if effort == "all":
        return found
    alarming = red_flagged(subject)
    named = {name for step in record.next_steps for name in step.tests}
    named |= {name for step in record.next_steps for name in step.asks if name in alarming}
    return [name for name in found if name in named]


def red_flagged(subject: Subject) -> frozenset[str]:
    """The variables that red flags look at."""
    rules = subject.spec.triage_rules.values()
    return frozenset(name for rule in rules if rule.red_flag for name in observed_by(rule.when))
