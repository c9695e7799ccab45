"""How numbers, citations and observations are said."""

from __future__ import annotations

from collections.abc import Sequence

from twitchdx.records import Candidate, DiagnosisRecord, Observed, Triage
from twitchdx.tables import spoken_probability

#: How many causes and steps a summary shows before it says "and so many more".
SHOWN_CAUSES = 10
#: What an interval says.
INTERVAL_MEANS = "from the stated uncertainty of the model's numbers"
SHOWN_STEPS = 8


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
