"""A diagnosis as plain text, for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from twitchdx.display.words import (
    INTERVAL_MEANS,
    SHOWN_BEHIND,
    SHOWN_CAUSES,
    SHOWN_STEPS,
    headline,
    shown_causes,
    spoken_alternative,
    spoken_change,
    spoken_danger,
    spoken_misfit,
    spoken_observation,
    spoken_reasons,
    spoken_rest,
    spoken_worth,
)
from twitchdx.records import Candidate, Deliberation, DiagnosisRecord, NextStep, Source, Triage
from twitchdx.tables import spoken_interval, spoken_probability

WIDTH = 100
# Characters of a bar and of a label, and the least of each where the terminal is narrow.
_BAR, _SHORT_BAR = 12, 6
_LABEL, _SHORT_LABEL = 34, 24
# As wide as the longest figure, "1 in 1,000,000", and a space.
_COLUMN = 15


def diagnosis_text(record: DiagnosisRecord, width: int = WIDTH, *, complete: bool = False) -> str:
    """The whole answer as text.

    Parameters
    ----------
    record : DiagnosisRecord
        The answer.
    width : int
        Longest line, in characters.
    complete : bool
        List every cause and every step, not only the first ones and the causes that triage watches.
    """
    return "\n".join(_lines(record, max(width, 60), complete=complete))


def _lines(record: DiagnosisRecord, width: int, *, complete: bool) -> Iterator[str]:
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
        yield from _differential(record, width, complete=complete)
    yield from _misfit(record, width)
    yield from _next_steps(record, width, complete=complete)
    sources = record.sources if complete else _shown_sources(record)
    if sources:
        yield ""
        yield "Sources"
        for source in sources:
            yield from _wrapped(f"{source.id}: {source.citation} {source.url}".rstrip(), width, "  ", "    ")
    if record.model.disclaimer:
        yield ""
        yield from _wrapped(record.model.disclaimer, width)


def _wrapped(text: str, width: int, first: str = "", indent: str = "") -> list[str]:
    # Addresses are never broken: a cut one leads nowhere.
    return textwrap.wrap(
        text,
        width,
        initial_indent=first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _triage(triage: Triage, width: int) -> Iterator[str]:
    yield from _wrapped(f"How soon: {triage.label} ({triage.level.replace('_', ' ')})", width, indent="  ")
    yield from _wrapped(triage.action, width, "  ", "  ")
    for reason in spoken_reasons(triage):
        yield from _wrapped(f"- {reason}", width, "  ", "    ")


def _misfit(record: DiagnosisRecord, width: int) -> Iterator[str]:
    if record.explained_badly:
        yield ""
        yield from _wrapped(spoken_misfit(record), width)


def _differential(record: DiagnosisRecord, width: int, *, complete: bool) -> Iterator[str]:
    explains = record.unexplained is not None
    shown, rest = (record.differential, ()) if complete else shown_causes(record)
    columns = {"explains it": _COLUMN} if explains else {}
    columns["is present"] = max(_COLUMN, *(len(spoken_probability(each.probability)) + 1 for each in shown))
    if any(each.interval is not None for each in shown):
        columns["95 % interval"] = max(_COLUMN, *(len(_interval(each)) + 2 for each in shown))
    columns["beforehand"] = _COLUMN - 1
    # Where the terminal is narrow the last columns go, then the bar, whose figure stands beside it.
    while len(columns) > 1 and width - 2 - sum(columns.values()) < _SHORT_LABEL:
        columns.popitem()
    room = width - 2 - sum(columns.values())
    bar = next((each for each in (_BAR, _SHORT_BAR) if room - each - 1 >= _SHORT_LABEL), 0)
    label = min(_LABEL, room - bar - 1)
    heads = " " * (bar + (bar > 0)) + "".join(f"{each:<{size}}" for each, size in columns.items())
    yield f"{'Possible causes':<{label + 2}} {heads}".rstrip()
    for candidate in shown:
        spoken = dict(zip(_HEADS, _cells(candidate), strict=True))
        cells = [(spoken[head], size) for head, size in columns.items()]
        yield from _row(candidate.label, _figures(candidate)[0], cells, (label, bar))
    if record.unexplained is not None:
        cells = [(spoken_probability(record.unexplained), _COLUMN)]
        yield from _row("None of these causes explains it", record.unexplained, cells, (label, bar))
    if rest:
        yield from _wrapped(spoken_rest(rest), width, "  ", "  ")
        if len(shown) > SHOWN_CAUSES:
            said = "Rarer ones are listed above because how soon to seek care depends on them."
            yield from _wrapped(said, width, "  ", "  ")
    if "95 % interval" in columns:
        yield from _wrapped(f"The interval belongs to “is present”: {INTERVAL_MEANS}.", width, "  ", "  ")
    if explains:
        said = "Causes can act together: these figures need not add up to 100 %."
        yield from _wrapped(said, width, "  ", "  ")


def _figures(candidate: Candidate) -> tuple[float, ...]:
    """The figures of a row; the first is drawn as a bar."""
    known = (candidate.probability, candidate.prior)
    return known if candidate.responsibility is None else (candidate.responsibility, *known)


_HEADS = ("explains it", "is present", "95 % interval", "beforehand")


def _cells(candidate: Candidate) -> tuple[str, str, str, str]:
    """What stands in each column."""
    explains = "" if candidate.responsibility is None else spoken_probability(candidate.responsibility)
    present, before = map(spoken_probability, (candidate.probability, candidate.prior))
    return explains, present, _interval(candidate), before


def _interval(candidate: Candidate) -> str:
    return "" if candidate.interval is None else spoken_interval(candidate.interval)


def _row(
    label: str, share: float, cells: Sequence[tuple[str, int]], widths: tuple[int, int]
) -> Iterator[str]:
    label_width, bar_width = widths
    first, *further = textwrap.wrap(label, label_width)
    columns = "".join(f"{each:<{size}}" for each, size in cells)
    bar = f"{_bar(share, bar_width)} " if bar_width else ""
    yield f"  {first:<{label_width}} {bar}{columns}".rstrip()
    for line in further:
        yield f"    {line}"


def _bar(share: float, width: int) -> str:
    filled = round(share * width)
    return "█" * filled + "·" * (width - filled)


def _shown_sources(record: DiagnosisRecord) -> list[Source]:
    """The sources of what a summary shows."""
    named = {source for step in record.next_steps[:SHOWN_STEPS] for source in step.sources}
    if record.triage is not None:
        named.update(record.triage.sources, *(reason.sources for reason in record.triage.reasons))
    return [each for each in record.sources if each.id in named]


def _next_steps(record: DiagnosisRecord, width: int, *, complete: bool) -> Iterator[str]:
    if record.next_steps:
        yield ""
        yield "What to do next"
    shown = record.next_steps if complete else record.next_steps[:SHOWN_STEPS]
    for number, step in enumerate(shown, start=1):
        yield from _step(number, step, record, width, complete=complete)
    if len(shown) < len(record.next_steps):
        yield f"    and {len(record.next_steps) - len(shown)} more steps"
    if record.deliberation is not None:
        yield from _deliberation(record.deliberation, width, complete=complete)


def _deliberation(behind: Deliberation, width: int, *, complete: bool) -> Iterator[str]:
    yield ""
    yield from _wrapped(behind.stopping.sentence, width, indent="  ")
    listed: list[tuple[str, list[str]]] = [
        ("What would change how soon", [spoken_change(each) for each in behind.would_change]),
        ("Not to be missed", [spoken_danger(each) for each in behind.must_not_miss]),
        ("Weighed, and not among the steps", [spoken_alternative(each) for each in behind.alternatives]),
    ]
    for title, lines in listed:
        if lines:
            yield title
        for line in lines if complete else lines[:SHOWN_BEHIND]:
            yield from _wrapped(line, width, "  - ", "    ")


def _step(
    number: int, step: NextStep, record: DiagnosisRecord, width: int, *, complete: bool
) -> Iterator[str]:
    yield from _wrapped(f"{step.action} [{step.kind}]", width, f"{number:>2}. ", "    ")
    yield from _wrapped(f"Why: {step.reason}", width, "    ", "         ")
    if step.for_causes:
        labels = {each.cause: each.label for each in record.differential}
        causes = ", ".join(labels[cause] for cause in step.for_causes)
        yield from _wrapped(f"For: {causes}.", width, "    ", "         ")
    if (said := spoken_worth(step, record, complete=complete)) != "":
        yield from _wrapped(said, width, "    ", "         ")
    if step.cautions:
        yield from _wrapped(f"Mind: {step.cautions}", width, "    ", "          ")
    if step.sources:
        yield from _wrapped(f"Source: {', '.join(step.sources)}.", width, "    ", "            ")
