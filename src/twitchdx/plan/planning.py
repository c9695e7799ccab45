"""One ranked plan: what to do next, in the order of what it is worth, and what was weighed besides.

The rules of the model say which steps fit a patient. Of these, a test or a question stays if knowing its
result is worth more than its price; if a rule asks for it on what was observed; if it can change the level of
care; or if it looks for a cause that must not be missed and is not excluded. Anything else stays if its
expected utility is positive. The rest are alternatives, with the reason.

Seeking care comes first, or where no care is needed what helps most. Then questions whose answer may raise
the level of care. The others follow by expected utility, with one exception: a test stands before the
treatments and reviews of medicines that hang on the same cause, whatever they are worth, because one finds
out first.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from twitchdx.care import get_care
from twitchdx.plan.dangers import find_dangers
from twitchdx.plan.foresight import Foreseen, foresee
from twitchdx.plan.information import learnable
from twitchdx.plan.price import price_of
from twitchdx.plan.results import Bundle, affordable
from twitchdx.plan.standing import Standing, find_standing
from twitchdx.plan.stopping import LIKELY_TO_RAISE, judge_stopping, would_change
from twitchdx.records import Alternative, Danger, Deliberation, DiagnosisRecord, NextStep
from twitchdx.spec import LEVELS, Condition, Step, Test
from twitchdx.steps import NextSteps, in_units, observed_by
from twitchdx.whatif import Subject

# A question stands first if its answer raises the level of care with at least this probability.
_ALARMING = LIKELY_TO_RAISE
# What is worth less than this, in the unit of utility, is worth nothing, and need not be computed.
_NOTHING = 1e-4


def make_plan(subject: Subject, record: DiagnosisRecord) -> DiagnosisRecord:
    """The same answer with its next steps weighed and ranked, and what stands behind them.

    Parameters
    ----------
    subject : Subject
        The patient; the model states utilities.
    record : DiagnosisRecord
        The answer, with the steps that its rules offer.
    """
    plan = _Plan(subject, record)
    stays = [each for each in plan.weighed if plan.stays(each)]
    ranked = plan.rank(stays)
    return dataclasses.replace(record, next_steps=ranked, deliberation=plan.deliberation(stays))


@dataclass(frozen=True, slots=True, eq=False)
class _Weighed:
    """One step with what it is worth."""

    step: NextStep
    spec: Step | None
    value: float | None
    price: float
    changes_level: float
    raises_level: float

    @property
    def utility(self) -> float | None:
        return None if self.value is None else self.value - self.price


class _Plan:
    """Everything that is weighed for one patient."""

    def __init__(self, subject: Subject, record: DiagnosisRecord) -> None:
        self.subject = subject
        self.record = record
        self.standing: Standing = find_standing(subject)
        self.open = _weighed_variables(subject, record)
        # A bundle with too many joint results is judged by its first tests, which is a lower bound.
        self.judged = {
            each.tests: affordable(subject, each.tests) for each in record.next_steps if len(each.tests) > 1
        }
        bundles = [*((name,) for name in self.open), *self.judged.values()]
        found, refused = foresee(subject, self.standing, bundles, tolerance=_NOTHING)
        self.foreseen: dict[Bundle, Foreseen] = {each.results.bundle: each for each in found}
        self.refused = tuple(bundle[0] for bundle in refused if len(bundle) == 1)
        self.utility_of = dict(
            zip(self.standing.actions.names, self.standing.action_utilities.tolist(), strict=True)
        )
        # Questions whose causes weigh too little to be offered may still be worth asking.
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
        if self.standing.choice is None:
            return ()
        return find_dangers(self.subject, self.singles)

    def _weigh(self, step: NextStep) -> _Weighed:
        spec = self.subject.spec.steps.get(step.id)
        if spec is None:  # seeking care
            return _Weighed(step, None, self._worth_of_care(), 0.0, 0.0, 0.0)
        if step.tests:
            return self._weigh_bundle(step, spec, step.tests)
        if step.asks:
            # Questions are asked one at a time, so that the best of them is what the step is worth at least.
            each = [self._weigh_bundle(step, spec, (name,)) for name in step.asks]
            best = max(each, key=lambda one: -np.inf if one.utility is None else one.utility)
            return dataclasses.replace(
                best,
                changes_level=max(one.changes_level for one in each),
                raises_level=max(one.raises_level for one in each),
            )
        decision = self.subject.spec.decision
        assert decision is not None
        price = in_units(decision, spec.burden, spec.cost)
        value = self.utility_of[step.id] + price if step.id in self.utility_of else None
        return _Weighed(step, spec, value, price, 0.0, 0.0)

    def _weigh_bundle(self, step: NextStep, spec: Step, bundle: Bundle) -> _Weighed:
        foreseen = self.foreseen.get(self.judged.get(bundle, bundle))
        price = price_of(self.subject, bundle)
        if foreseen is None:  # too wide: what is not known is not held against it
            return _Weighed(step, spec, None, price, 0.0, 0.0)
        now = LEVELS.index(self.standing.level)
        return _Weighed(
            step,
            spec,
            foreseen.value,
            price,
            foreseen.share(foreseen.levels != now),
            foreseen.share(foreseen.levels > now),
        )

    def _worth_of_care(self) -> float | None:
        """By how much the level of care is better than the lowest one; negative where a rule asks for it."""
        weighing = get_care(self.subject.spec, self.subject.network).weighing
        if weighing is None or LEVELS.index(self.standing.level) not in weighing.places:
            return None
        at = int(np.flatnonzero(weighing.places == LEVELS.index(self.standing.level))[0])
        return float(self.standing.utilities[at] - self.standing.utilities[0])

    def stays(self, weighed: _Weighed) -> bool:
        """Whether a step is among the next ones."""
        if weighed.spec is None or weighed.utility is None or weighed.utility > _NOTHING:
            return True
        return self.kept_because(weighed) != ""

    def kept_because(self, weighed: _Weighed) -> str:
        """Why a step that is not worth its price is a next one all the same; empty where it is not."""
        if weighed.spec is None:
            return "A rule of care asks for it."
        if weighed.step.kind not in {"test", "question"} or weighed.step.id in self.further:
            return "It may change how soon." if weighed.raises_level >= _ALARMING else ""
        if weighed.raises_level >= _ALARMING:
            return "It may change how soon."
        if weighed.spec.when != Condition():
            return "It is called for by what was observed."
        return "It looks for what must not be missed." if self._looks_for_danger(weighed) else ""

    def _looks_for_danger(self, weighed: _Weighed) -> bool:
        decision = self.subject.spec.decision
        if weighed.step.kind != "test" or decision is None or decision.residual_risk is None:
            return False
        open_ = {each.cause for each in self.dangers if each.probability >= decision.residual_risk.value}
        return not open_.isdisjoint(weighed.step.for_causes)

    def rank(self, stays: Sequence[_Weighed]) -> tuple[NextStep, ...]:
        """The steps in their order; of those that share a sample, the first bears its burden."""
        alarming = [each for each in stays if each.step.kind == "question" and each.raises_level >= _ALARMING]
        others = [each for each in stays if each not in alarming]
        ranked = sorted(others, key=lambda each: self._place(each, stays))
        # After what helps most, which is to seek care where care is needed.
        ranked[1:1] = sorted(alarming, key=lambda each: -each.raises_level)
        taken: set[str] = set()
        steps = []
        for each in ranked:
            sample = self._sample(each.step.tests)
            if sample in taken:
                price = price_of(self.subject, each.step.tests, taken)
                each = dataclasses.replace(each, price=price)  # noqa: PLW2901 - the same step, at another price
            if sample:
                taken.add(sample)
            steps.append(self._finish(each, sample))
        return tuple(steps)

    def _place(self, weighed: _Weighed, among: Sequence[_Weighed]) -> tuple[float, ...]:
        """What a step is ranked by, the lowest first."""
        if weighed.spec is None:
            return (0.0,)
        utility = -np.inf if weighed.utility is None else weighed.utility
        if weighed.step.kind == "test":
            waiting = [each.utility for each in among if self._hangs_on(each, weighed)]
            first = max([utility, *(each for each in waiting if each is not None)])
            if first > utility:
                return (2.0, -first, 0.0, -weighed.step.weight)
        return (2.0, -utility, 1.0)

    def _hangs_on(self, later: _Weighed, test: _Weighed) -> bool:
        """Whether a treatment or a review is better decided on once a test is done."""
        if later.step.kind not in {"treatment", "medication_review"} or later.spec is None:
            return False
        causes = {*later.step.for_causes, *later.spec.benefit} - self.subject.evidence.states.keys()
        return not causes.isdisjoint(test.step.for_causes)

    def _sample(self, tests: Iterable[str]) -> str:
        samples = {
            each.sample
            for name in tests
            if isinstance(each := self.subject.variables[name], Test) and each.sample
        }
        return samples.pop() if len(samples) == 1 else ""

    def _finish(self, weighed: _Weighed, sample: str) -> NextStep:
        learns = weighed.step.kind in {"test", "question"}
        return dataclasses.replace(
            weighed.step,
            expected_utility=weighed.utility,
            kept_because=self._why_kept(weighed),
            price=weighed.price if weighed.spec is not None and weighed.value is not None else None,
            changes_level=weighed.changes_level if learns and weighed.value is not None else None,
            sample=sample,
            turnaround_days=self._turnaround(weighed.step.tests),
        )

    def _why_kept(self, weighed: _Weighed) -> str:
        worth = weighed.utility
        return self.kept_because(weighed) if worth is not None and worth <= _NOTHING else ""

    def _learnt_by(self, stays: Sequence[_Weighed]) -> list[tuple[Bundle, bool]]:
        """What the steps would tell, and whether it is worth it."""
        found = []
        for each in stays:
            worth = each.raises_level >= _ALARMING or each.utility is None or each.utility > _NOTHING
            if each.step.tests:
                found.append((self.judged.get(each.step.tests, each.step.tests), worth))
            found += [((name,), worth) for name in each.step.asks]
        return found

    def _turnaround(self, tests: Iterable[str]) -> float | None:
        days = []
        for name in tests:
            each = self.subject.variables[name]
            if not isinstance(each, Test) or each.turnaround_days is None:
                return None
            days.append(each.turnaround_days.value)
        return max(days, default=None)

    def deliberation(self, stays: Sequence[_Weighed]) -> Deliberation:
        """What stands behind the next steps."""
        decision = self.subject.spec.decision
        assert decision is not None
        kept = {each.step.id for each in stays}
        left_out = [
            each for each in self.weighed if each.step.id not in kept and each.step.id not in self.further
        ]
        alternatives = [self._alternative(each, _why(each, decision.unit)) for each in left_out]
        alternatives += self._out_of_reach(kept | {each.step.id for each in left_out})
        best_first = sorted(
            alternatives,
            key=lambda each: -np.inf if each.expected_utility is None else -each.expected_utility,
        )
        rate = decision.money_per_unit
        return Deliberation(
            unit=decision.unit,
            currency=decision.currency,
            money_per_unit=None if rate is None else rate.value,
            alternatives=tuple(best_first),
            must_not_miss=self.dangers,
            would_change=would_change(self.subject, self.standing, self.singles),
            stopping=judge_stopping(self.subject, self.standing, self.foreseen, self._learnt_by(stays)),
            not_judged=self.refused,
        )

    def _alternative(self, weighed: _Weighed, why: str) -> Alternative:
        step = weighed.step
        return Alternative(
            id=step.id, action=step.action, kind=step.kind, expected_utility=weighed.utility, why=why
        )

    def _out_of_reach(self, known: set[str]) -> list[Alternative]:
        """Tests for causes that weigh enough, which need a higher level of care than this."""
        found = []
        threshold = self.subject.spec.model.step_threshold.value
        situation = self.subject.situation
        for name, step in self.subject.spec.steps.items():
            later = LEVELS.index(step.available_from) > LEVELS.index(self.standing.level)
            open_ = tuple(test for test in step.tests if test in self.singles)
            if name in known or not later or not open_ or step.when != Condition():
                continue
            if sum(situation.weight(cause) for cause in step.for_causes) < threshold:
                continue
            value = max(self.singles[test].value for test in open_)
            label = self.subject.spec.care_levels[step.available_from].label
            found.append(
                Alternative(
                    id=name,
                    action=step.action,
                    kind=step.kind,
                    expected_utility=value - price_of(self.subject, open_),
                    why=f"It takes more than this level of care: {label[0].lower()}{label[1:]}.",
                )
            )
        return found


def _further_questions(subject: Subject, record: DiagnosisRecord) -> tuple[NextStep, ...]:
    """The questions that could be asked and are not offered, since their causes weigh too little."""
    assert record.triage is not None
    steps = {name: step for name, step in subject.spec.steps.items() if step.kind == "question"}
    offered = {each.id for each in record.next_steps}
    found = NextSteps(steps, 0.0).rank(record.triage, subject.situation)
    return tuple(each for each in found if each.id in steps and each.id not in offered)


# With more findings than this present, every answer costs much.
_MANY = 8


def _weighed_variables(subject: Subject, record: DiagnosisRecord) -> list[str]:
    """The variables that are weighed one by one.

    All that are not observed; with many findings present the tests of the offered steps, and what these ask
    for and red flags look at.
    """
    found = learnable(subject)
    present = [
        name
        for name, state in subject.evidence.states.items()
        if subject.roles[name] == "finding" and subject.network[name].states.index(state) > 0
    ]
    if len(present) <= _MANY:
        return found
    alarming = {
        name
        for rule in subject.spec.triage_rules.values()
        if rule.red_flag
        for name in observed_by(rule.when)
    }
    named = {name for step in record.next_steps for name in step.tests}
    named |= {name for step in record.next_steps for name in step.asks if name in alarming}
    return [name for name in found if name in named]


def _why(weighed: _Weighed, unit: str) -> str:
    """Why a step is not a next one."""
    if weighed.step.kind in {"test", "question"}:
        if weighed.value is None or weighed.value <= _NOTHING:
            return "No result would change what to do."
        return (
            f"What it would tell is worth less than its trouble: {weighed.value:.2g} against "
            f"{weighed.price:.2g} {unit}."
        )
    return "Its benefit, weighed by how probable its causes are, is less than its harm and trouble."
