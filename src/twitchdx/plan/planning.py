"""One ranked plan: what to do next, in the order of what it is worth, and what was weighed besides.

Seeking care comes first, or where no care is needed what helps most. Then the three questions and tests most
likely to raise the level of care. The others follow by expected utility, with two exceptions: a test stands
before the treatments and reviews of medicines that hang on the same cause, whatever they are worth, because
one finds out first; and tests of one sample stand together, the first of them bearing its burden.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from twitchdx.answering import cite_steps
from twitchdx.plan.foresight import foresee
from twitchdx.plan.price import price_of
from twitchdx.plan.results import affordable
from twitchdx.plan.stopping import judge_stopping, would_change
from twitchdx.plan.weighing import NOTHING, Scales, Weighed, red_flagged
from twitchdx.records import Alternative, Deliberation, DiagnosisRecord, NextStep, SampleBundle, Triage
from twitchdx.spec import LEVELS, Condition, Test
from twitchdx.steps import NextSteps
from twitchdx.whatif import Subject

_Place = tuple[float, float, float]
# What stands first since its result may raise the level of care; the rest stands by what it is worth.
_FIRST = 3


def make_plan(subject: Subject, record: DiagnosisRecord) -> DiagnosisRecord:
    """The same answer with its next steps weighed and ranked, and what stands behind them.

    Parameters
    ----------
    subject : Subject
        The patient; the model states utilities.
    record : DiagnosisRecord
        The answer, with the steps that its rules offer.
    """
    assert record.triage is not None
    scales = Scales(subject, record)
    chosen = _choose(scales)
    steps = tuple(_rank(scales, chosen))
    return dataclasses.replace(
        record,
        next_steps=steps,
        sources=cite_steps(subject.model, steps, record.triage),
        deliberation=_deliberate(scales, chosen, record.triage),
    )


def _choose(scales: Scales) -> list[Weighed]:
    """The steps that stay; a test whose sample is taken anyway is weighed without its burden."""
    stays = [each for each in scales.weighed if scales.stays(each)]
    stays = [each for each in stays if not _is_within_another(each, stays)]
    taken = {_sample(scales, each.step.tests) for each in stays} - {""}
    for each in scales.weighed:
        if each not in stays and each.step.tests and _sample(scales, each.step.tests) in taken:
            cheaper = dataclasses.replace(each, price=price_of(scales.subject, each.step.tests, taken))
            if cheaper.pays and not _is_within_another(each, stays):
                stays.append(cheaper)
    return stays


def _is_within_another(test: Weighed, among: Sequence[Weighed]) -> bool:
    """Whether all tests of a step are done by another one that does more."""
    return any(len(test.step.tests) > 0 and {*test.step.tests} < {*each.step.tests} for each in among)


def _rank(scales: Scales, chosen: Sequence[Weighed]) -> Iterator[NextStep]:
    alarming = [each for each in chosen if each.alarming]
    # Of equals the id decides, and not the order of the file.
    alarming = sorted(alarming, key=lambda each: (-each.raises_level, each.step.id))[:_FIRST]
    others = [each for each in chosen if each not in alarming]
    places = {each.step.id: _place(scales, each, others) for each in others}
    samples = {each.step.id: _sample(scales, each.step.tests) for each in chosen}
    first: dict[str, _Place] = {}
    for each in others:
        sample = samples[each.step.id]
        if sample:
            first[sample] = min(first.get(sample, places[each.step.id]), places[each.step.id])

    def key(each: Weighed) -> tuple[_Place, str, _Place, str]:
        sample, place = samples[each.step.id], places[each.step.id]
        return (first.get(sample, place), sample, place, each.step.id)

    ranked = sorted(others, key=key)
    # After what helps most, which is to seek care where care is needed.
    ranked[1:1] = alarming
    taken: set[str] = set()
    for each in ranked:
        sample = samples[each.step.id]
        if sample:
            again = sample in taken
            price = price_of(scales.subject, each.step.tests, taken if again else ())
            yield _finish(scales, dataclasses.replace(each, price=price), sample)
            taken.add(sample)
        else:
            yield _finish(scales, each, "")


def _place(scales: Scales, weighed: Weighed, among: Sequence[Weighed]) -> _Place:
    """What a step is ranked by, the lowest first."""
    if weighed.spec is None:
        return (-np.inf, 0.0, 0.0)
    utility = -np.inf if weighed.utility is None else weighed.utility
    if weighed.step.kind == "test":
        waiting = [each.utility for each in among if _hangs_on(scales.subject, each, weighed)]
        first = max([utility, *(each for each in waiting if each is not None)])
        if first > utility:
            return (-first, 0.0, -weighed.step.weight)
    return (-utility, 1.0, -weighed.step.weight if weighed.utility is None else 0.0)


def _hangs_on(subject: Subject, later: Weighed, test: Weighed) -> bool:
    """Whether a treatment or a review is better decided on once a test is done."""
    if later.step.kind not in {"treatment", "medication_review"} or later.spec is None:
        return False
    causes = {*later.step.for_causes, *later.spec.benefit} - subject.evidence.states.keys()
    return not causes.isdisjoint(test.step.for_causes)


def _sample(scales: Scales, tests: Iterable[str]) -> str:
    """The one sample that some tests share; empty where there is none, or several."""
    variables = [scales.subject.variables[name] for name in tests]
    samples = {each.sample for each in variables if isinstance(each, Test) and each.sample}
    return samples.pop() if len(samples) == 1 else ""


def _finish(scales: Scales, weighed: Weighed, sample: str) -> NextStep:
    known = weighed.value is not None
    return dataclasses.replace(
        weighed.step,
        action=weighed.step.action + _still_open(scales.subject, weighed),
        expected_utility=weighed.utility,
        price=weighed.price if weighed.spec is not None and known else None,
        changes_level=weighed.changes_level if weighed.learns and known else None,
        kept_because=scales.kept_because(weighed) if known else "",
        sample=sample,
        turnaround_days=_turnaround(scales.subject, weighed.step.tests),
    )


def _still_open(subject: Subject, weighed: Weighed) -> str:
    """What of a step is not known yet, where some of it is."""
    if weighed.spec is None:
        return ""
    open_ = (*weighed.step.tests, *weighed.step.asks)
    if len(open_) == len((*weighed.spec.tests, *weighed.spec.asks)):
        return ""
    labels = [subject.variables[name].label for name in open_]
    return f" (Still open: {', '.join(labels)}.)"


def _turnaround(subject: Subject, tests: Iterable[str]) -> float | None:
    days = []
    for name in tests:
        each = subject.variables[name]
        if not isinstance(each, Test) or each.turnaround_days is None:
            return None
        days.append(each.turnaround_days.value)
    return max(days, default=None)


def _deliberate(scales: Scales, chosen: Sequence[Weighed], triage: Triage) -> Deliberation:
    """What stands behind the next steps."""
    subject = scales.subject
    decision = subject.spec.decision
    assert decision is not None
    kept = {each.step.id for each in chosen}
    left_out = [
        each for each in scales.weighed if each.step.id not in kept and each.step.id not in scales.further
    ]
    alternatives = [
        _alternative(each, _WITHIN if _is_within_another(each, chosen) else _why(each, decision.unit))
        for each in left_out
    ]
    alternatives += _out_of_reach(scales, kept | {each.step.id for each in left_out}, triage)
    rate = decision.money_per_unit
    return Deliberation(
        unit=decision.unit,
        currency=decision.currency,
        money_per_unit=None if rate is None else rate.value,
        bundles=tuple(_bundles(scales, chosen)),
        alternatives=tuple(sorted(alternatives, key=lambda each: (-(each.expected_utility or 0.0), each.id))),
        must_not_miss=scales.dangers,
        would_change=would_change(subject, scales.standing, scales.singles),
        stopping=judge_stopping(
            subject,
            scales.standing,
            scales.foreseen,
            chosen,
            red_flagged(subject).intersection(scales.unknown),
        ),
        not_judged=scales.unknown,
    )


def _bundles(scales: Scales, chosen: Sequence[Weighed]) -> Iterator[SampleBundle]:
    """The tests of the plan that one sample serves, valued together."""
    steps: dict[str, list[Weighed]] = {}
    for each in chosen:
        steps.setdefault(_sample(scales, each.step.tests), []).append(each)
    for sample, members in steps.items():
        tests = tuple(dict.fromkeys(name for each in members for name in each.step.tests))
        if not sample or len(tests) < 2:
            continue
        singles = scales.singles
        best = sorted(tests, key=lambda name: -singles[name].value if name in singles else 0.0)
        judged = scales.bundle_of(affordable(scales.subject, tuple(best)))
        foreseen = scales.foreseen.get(judged)
        if foreseen is None and scales.effort != "none":
            found, _ = foresee(scales.subject, scales.standing, [judged], tolerance=NOTHING)
            foreseen = found[0] if found else None
        price = price_of(scales.subject, tests)
        yield SampleBundle(
            sample=sample,
            tests=tests,
            steps=tuple(each.step.id for each in members),
            valued=judged,
            value=None if foreseen is None else foreseen.value,
            price=price,
            expected_utility=None if foreseen is None else foreseen.value - price,
            turnaround_days=_turnaround(scales.subject, tests),
        )


def _alternative(weighed: Weighed, why: str) -> Alternative:
    step = weighed.step
    return Alternative(
        id=step.id, action=step.action, kind=step.kind, expected_utility=weighed.utility, why=why
    )


def _out_of_reach(scales: Scales, known: set[str], triage: Triage) -> Iterator[Alternative]:
    """Tests for causes that weigh enough, which need a higher level of care than this."""
    subject = scales.subject
    threshold = subject.spec.model.step_threshold.value
    for name, step in subject.spec.steps.items():
        later = LEVELS.index(step.available_from) > LEVELS.index(triage.level)
        if name in known or not later or not step.tests or step.when != Condition():
            continue
        there = dataclasses.replace(triage, level=step.available_from)
        offered = NextSteps({name: step}, threshold).rank(there, subject.situation)
        utilities = [
            scales.singles[test].value - price_of(subject, (test,))
            for each in offered
            for test in each.tests
            if test in scales.singles
        ]
        if utilities:
            label = subject.spec.care_levels[step.available_from].label
            why = f"It takes more than this level of care: {label[0].lower()}{label[1:]}."
            yield Alternative(
                id=name, action=step.action, kind=step.kind, expected_utility=max(utilities), why=why
            )


_WITHIN = "Another step has these tests in it."


def _why(weighed: Weighed, unit: str) -> str:
    """Why a step is not a next one."""
    if not weighed.learns:
        return "Its benefit, weighed by how probable its causes are, is less than its harm and trouble."
    if weighed.value is None:
        return "It was not weighed: with so many findings every answer takes long."
    if weighed.value <= NOTHING:
        return "No result would change what to do."
    against = f"{weighed.value:.2g} against {weighed.price:.2g} {unit}"
    return f"What it would tell is worth less than its trouble: {against}."
