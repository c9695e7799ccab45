"""How numbers, citations and observations are said."""

from __future__ import annotations

from collections.abc import Sequence

from twitchdx.records import (
    Alternative,
    Candidate,
    Danger,
    DiagnosisRecord,
    NextStep,
    Observed,
    Triage,
    WouldChange,
)
from twitchdx.tables import spoken_probability

#: How many causes and steps a summary shows before it says "and so many more".
SHOWN_CAUSES = 10
#: What an interval says.
INTERVAL_MEANS = "from the stated uncertainty of the model's numbers"
SHOWN_STEPS = 8
#: How many lines of each kind it shows of what stands behind the steps.
SHOWN_BEHIND = 3


def spoken_observation(observed: Observed) -> str:
    """An observation in a few words: "Age: 34 (18 to 39 years)"."""
    if observed.state is None or observed.given.lower() in (observed.state, "true", "false"):
        return f"{observed.label}: {observed.state_label}"
    return f"{observed.label}: {observed.given} ({observed.state_label})"


def shown_causes(record: DiagnosisRecord) -> tuple[list[Candidate], list[Candidate]]:
    """The causes that a summary shows, and the rest: the first ten, and those that triage watches."""
    first = record.differential[:SHOWN_CAUSES]
    later = record.differential[SHOWN_CAUSES:]
    return [*first, *(each for each in later if each.watched)], [each for each in later if not each.watched]


def headline(record: DiagnosisRecord) -> str:
    """Which model answered, for whom."""
    model = record.model
    return f"{model.title} ({model.name} {model.version}, {model.digest[:12]})"


def spoken_reasons(triage: Triage) -> list[str]:
    """Why this level of care, and what each rule that sets it asks for beyond the action already shown."""
    if not triage.reasons:
        return [triage.reason]
    said = []
    for reason in triage.reasons:
        decides = reason.level == triage.level
        further = f" {reason.action}" if decides and reason.action not in ("", triage.action) else ""
        said.append(f"{reason.reason}{further} ({reason.level.replace('_', ' ')})")
    return said


def spoken_misfit(record: DiagnosisRecord) -> str:
    """That the model explains the evidence badly, and why that is said."""
    return f"This model explains what was observed badly, and may not contain the cause. {record.fit}"


def spoken_rest(rest: Sequence[Candidate]) -> str:
    """What is true of the causes that a summary leaves out."""
    most = max(rest, key=lambda each: each.probability)
    present = f"the most probable, {most.label}, is present with {spoken_probability(most.probability)}"
    if most.responsibility is None:
        return f"and {len(rest)} more; {present}."
    explains = spoken_probability(max(each.responsibility or 0.0 for each in rest))
    return f"and {len(rest)} more, each of which explains at most {explains}; {present}."


def spoken_worth(step: NextStep, record: DiagnosisRecord, *, complete: bool) -> str:
    """How long to try a step, when its results are there, why it stays; in full also what it is worth."""
    said = []
    if step.try_for_days is not None:
        said.append(f"Try it for about {_days(step.try_for_days)}.")
    if step.turnaround_days is not None:
        said.append(f"Results within about {_days(step.turnaround_days)}.")
    if step.expected_utility is not None and record.deliberation is not None:
        amount = f"{step.expected_utility:.2g}".replace("-", "\N{MINUS SIGN}")
        worth = f"Worth {amount} {record.deliberation.unit}."
        said += [each for each in (step.kept_because, worth if complete else "") if each]
    return " ".join(said)


# Up to this share of a day one speaks of hours.
_HOURS = 0.25


def _days(days: float) -> str:
    if days <= _HOURS:
        return "hours"
    if days < 1.0:
        return "a day"
    return "a day" if days == 1.0 else f"{days:g} days"


def spoken_change(change: WouldChange) -> str:
    """What would change the level of care: "Muscle weakness: present (10 %): urgent"."""
    chance = spoken_probability(change.probability)
    return f"{change.label}: {change.state_label} (expected with {chance}): {change.level.replace('_', ' ')}"


def spoken_danger(danger: Danger) -> str:
    """A cause that must not be missed, and how it would be excluded."""
    said = f"{danger.label}: {spoken_probability(danger.probability)}"
    if not danger.tests:
        return f"{said}; " + (
            "ruled out well enough" if danger.excluded else "no further test here would rule it out"
        )
    left = spoken_probability(danger.residual)
    ruled = ", which rules it out well enough" if danger.excludable else ""
    return f"{said}; it would be {left}{ruled}, if these are normal: {', '.join(danger.test_labels)}"


def spoken_alternative(alternative: Alternative) -> str:
    """A step that was weighed, and why it is not taken."""
    return f"{alternative.action} {alternative.why}"
