"""How numbers, citations and observations are said."""

from __future__ import annotations

from twitchdx.records import Candidate, DiagnosisRecord, Observed, Triage

#: How many causes and steps a summary shows before it says "and so many more".
SHOWN_CAUSES = 10
SHOWN_STEPS = 8


def spoken_probability(probability: float) -> str:
    """A probability as people read it: percent, or "1 in so many" where percent would hide it.

    >>> [spoken_probability(p) for p in (0.9999, 0.42, 0.034, 0.0021, 0.000066, 0.0)]
    ['> 99 %', '42 %', '3.4 %', '0.21 %', '1 in 15,000', '0']
    """
    if probability == 0.0:
        return "0"
    if probability >= 0.995:
        return "> 99 %"
    if probability >= 0.0995:
        return f"{100.0 * probability:.0f} %"
    if probability >= 0.001:
        return f"{100.0 * probability:.2g} %"
    odds_against = 1.0 / probability
    # Two significant digits: no more is known of so rare a thing.
    return f"1 in {float(f'{odds_against:.2g}'):,.0f}"


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
