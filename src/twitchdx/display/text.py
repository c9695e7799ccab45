"""A diagnosis as plain text, for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from twitchdx.display.words import headline, shown_causes, spoken_observation, spoken_probability
from twitchdx.records import Candidate, DiagnosisRecord, NextStep, Triage

WIDTH = 96
_BAR = 12
_LABEL = 36
# As wide as the longest figure, "1 in 1,000,000", and a space.
_COLUMN = 15


def diagnosis_text(record: DiagnosisRecord, width: int = WIDTH) -> str:
    """The whole answer as text.

    Parameters
    ----------
    record : DiagnosisRecord
        The answer.
    width : int
        Longest line, in characters.
    """
    return "\n".join(_lines(record, max(width, 60)))


def _lines(record: DiagnosisRecord, width: int) -> Iterator[str]:
    yield from _wrapped(headline(record), width)
    if record.model.population:
        yield from _wrapped(f"Priors describe: {record.model.population}.".replace("..", "."), width)
    yield ""
    given = "; ".join(spoken_observation(each) for each in record.evidence) or "nothing: these are the priors"
    yield from _wrapped(f"Given: {given}.", width, indent="       ")
    if record.triage is not None:
        yield ""
        yield from _triage(record.triage, width)
    if record.differential:
        yield ""
        yield from _differential(record)
    if record.next_steps:
        yield ""
        yield "What to do next"
        for number, step in enumerate(record.next_steps, start=1):
            yield from _step(number, step, record, width)
    if record.sources:
        yield ""
        yield "Sources"
        for source in record.sources:
            yield from _wrapped(f"{source.id}: {source.citation} {source.url}".rstrip(), width, "  ", "    ")
    if record.model.disclaimer:
        yield ""
        yield from _wrapped(record.model.disclaimer, width)


def _wrapped(text: str, width: int, first: str = "", indent: str = "") -> list[str]:
    # Addresses are never broken: a cut one leads nowhere.
    return textwrap.wrap(
        text, width, initial_indent=first, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _triage(triage: Triage, width: int) -> Iterator[str]:
    yield from _wrapped(f"How soon: {triage.label} [{triage.level}]", width, indent="  ")
    yield from _wrapped(triage.action, width, "  ", "  ")
    if triage.reasons:
        for reason in triage.reasons:
            yield from _wrapped(f"- {reason.reason} [{reason.level}]", width, "  ", "    ")
    else:
        yield from _wrapped(f"- {triage.reason}", width, "  ", "    ")


def _differential(record: DiagnosisRecord) -> Iterator[str]:
    explains = record.unexplained is not None
    shown, rest = shown_causes(record)
    lead = "explains it" if explains else "is present"
    columns = [lead, *(["is present"] if explains else []), "beforehand"]
    heads = f"{columns[0]:<{_BAR + 1 + _COLUMN}}" + "".join(f"{each:<{_COLUMN}}" for each in columns[1:])
    yield f"{'Possible causes':<{_LABEL}} {heads}".rstrip()
    for candidate in shown:
        yield _candidate(candidate)
    if record.unexplained is not None:
        yield _row("None of these causes explains it", record.unexplained, ())
    if rest:
        most = max(_leading(each) for each in rest)
        yield f"  and {len(rest)} more causes, each at most {spoken_probability(most)}"
    if explains:
        yield "  Causes can act together: these figures need not add up to 100 %."


def _leading(candidate: Candidate) -> float:
    return candidate.probability if candidate.responsibility is None else candidate.responsibility


def _candidate(candidate: Candidate) -> str:
    further = (candidate.prior,) if candidate.responsibility is None else (candidate.probability, candidate.prior)
    return _row(candidate.label, _leading(candidate), further)


def _row(label: str, share: float, further: tuple[float, ...]) -> str:
    name = textwrap.shorten(label, _LABEL - 2, placeholder="...")
    columns = "".join(f"{spoken_probability(each):<{_COLUMN}}" for each in (share, *further))
    return f"  {name:<{_LABEL - 2}} {_bar(share)} {columns}".rstrip()


def _bar(share: float) -> str:
    filled = round(share * _BAR)
    return "█" * filled + "·" * (_BAR - filled)


def _step(number: int, step: NextStep, record: DiagnosisRecord, width: int) -> Iterator[str]:
    yield from _wrapped(f"{step.action} [{step.kind}]", width, f"{number:>2}. ", "    ")
    yield from _wrapped(f"Why: {step.reason}", width, "    ", "         ")
    if step.for_causes:
        labels = {each.cause: each.label for each in record.differential}
        causes = ", ".join(labels[cause] for cause in step.for_causes)
        yield from _wrapped(f"For: {causes}.", width, "    ", "         ")
    if step.cautions:
        yield from _wrapped(f"Mind: {step.cautions}", width, "    ", "          ")
    if step.sources:
        yield from _wrapped(f"Source: {', '.join(step.sources)}.", width, "    ", "            ")
