"""A diagnosis as an HTML card, for Jupyter.

The card is built as a tree and then written out, so every text from a model file is escaped by the standard
library and none can become markup. The output has no ids and no randomness: the same answer is
the same HTML, and a notebook diff shows only what changed.
"""

from __future__ import annotations

from importlib import resources
from xml.etree.ElementTree import Element, SubElement, tostring

from twitchdx.display.text import diagnosis_text
from twitchdx.display.words import (
    INTERVAL_MEANS,
    SHOWN_STEPS,
    headline,
    shown_causes,
    spoken_alternative,
    spoken_change,
    spoken_danger,
    spoken_misfit,
    spoken_observation,
    spoken_reasons,
    spoken_worth,
)
from twitchdx.records import Candidate, Deliberation, DiagnosisRecord, NextStep, Triage
from twitchdx.tables import spoken_interval, spoken_probability


def diagnosis_html(record: DiagnosisRecord) -> str:
    """The whole answer as an HTML fragment.

    Where styles are stripped (a web page that shows notebooks), the plain text inside `<pre>` is
    hidden only by the style sheet, so the answer stays readable.
    """
    card = Element("div", {"class": "twitchdx-card"})
    SubElement(card, "style").text = _style()
    fallback = SubElement(card, "pre", {"class": "twitchdx-text-fallback"})
    fallback.text = diagnosis_text(record)
    body = SubElement(card, "div", {"class": "twitchdx-body", "hidden": "hidden"})
    _add(body, "p", headline(record), "twitchdx-head")
    if record.model.population:
        _add(body, "p", f"Priors describe: {record.model.population}", "twitchdx-note")
    _given(body, record)
    if record.triage is not None:
        _triage(body, record.triage)
    if record.differential:
        _differential(body, record)
    if record.next_steps:
        _steps(body, record)
    if record.deliberation is not None:
        _deliberation(body, record.deliberation)
    if record.sources:
        _sources(body, record)
    if record.model.disclaimer:
        _add(body, "p", record.model.disclaimer, "twitchdx-note")
    return tostring(card, encoding="unicode", method="html")


def _style() -> str:
    return resources.files("twitchdx.display").joinpath("card.css").read_text(encoding="utf-8")


def _add(parent: Element, tag: str, text: str = "", css: str = "") -> Element:
    element = SubElement(parent, tag, {"class": css} if css else {})
    element.text = text
    return element


def _given(body: Element, record: DiagnosisRecord) -> None:
    given = "; ".join(spoken_observation(each) for each in record.evidence)
    _add(body, "p", f"Given: {given or 'nothing: these are the priors'}")


def _triage(body: Element, triage: Triage) -> None:
    box = _add(body, "div", css=f"twitchdx-triage twitchdx-{triage.level}")
    _add(box, "strong", f"{triage.label} ({triage.level.replace('_', ' ')})")
    _add(box, "p", triage.action)
    reasons = _add(box, "ul")
    for reason in spoken_reasons(triage):
        _add(reasons, "li", reason)


def _differential(body: Element, record: DiagnosisRecord) -> None:
    shown, rest = shown_causes(record)
    explains = record.unexplained is not None
    table = _table(body, explains=explains)
    for candidate in shown:
        _row(table, candidate)
    if record.unexplained is not None:
        row = _add(table, "tr")
        _add(row, "th", "None of these causes explains it").set("scope", "row")
        _bar(row, record.unexplained)
        _add(row, "td")
        _add(row, "td")
        _add(body, "p", "Causes can act together: these figures need not add up to 100 %.", "twitchdx-note")
    if record.explained_badly:
        _add(body, "p", spoken_misfit(record), "twitchdx-misfit")
    if any(each.interval is not None for each in shown):
        said = f"In brackets: 95 % credible intervals, {INTERVAL_MEANS}."
        _add(body, "p", said, "twitchdx-note")
    if rest:
        details = _add(body, "details")
        _add(details, "summary", f"{len(rest)} more causes")
        more = _table(details, explains=explains)
        for candidate in rest:
            _row(more, candidate)


def _table(parent: Element, *, explains: bool) -> Element:
    table = _add(parent, "table")
    row = _add(_add(table, "thead"), "tr")
    titles = ["Possible cause", *(["explains it"] if explains else []), "is present", "beforehand"]
    for title in titles:
        _add(row, "th", title).set("scope", "col")
    return _add(table, "tbody")


def _row(table: Element, candidate: Candidate) -> None:
    row = _add(table, "tr")
    _add(row, "th", candidate.label).set("scope", "row")
    if candidate.responsibility is None:
        _bar(row, candidate.probability, candidate.interval)
    else:
        _bar(row, candidate.responsibility)
        _add(row, "td", _with_interval(candidate.probability, candidate.interval))
    _add(row, "td", spoken_probability(candidate.prior))


def _with_interval(probability: float, interval: tuple[float, float] | None) -> str:
    """A figure, and its 95 % interval in brackets."""
    said = spoken_probability(probability)
    return said if interval is None else f"{said} ({spoken_interval(interval)})"


def _bar(row: Element, share: float, interval: tuple[float, float] | None = None) -> None:
    cell = _add(row, "td")
    track = _add(cell, "span", css="twitchdx-track")
    track.set("aria-hidden", "true")
    _add(track, "span", css="twitchdx-bar").set("style", f"width: {100.0 * share:.1f}%")
    _add(cell, "span", _with_interval(share, interval))


def _steps(body: Element, record: DiagnosisRecord) -> None:
    _add(body, "p", "What to do next", "twitchdx-head")
    listed = _add(body, "ol")
    labels = {each.cause: each.label for each in record.differential}
    for step in record.next_steps[:SHOWN_STEPS]:
        _step(listed, step, record, labels)
    rest = record.next_steps[SHOWN_STEPS:]
    if rest:
        details = _add(body, "details")
        _add(details, "summary", f"{len(rest)} more steps")
        more = _add(details, "ol")
        more.set("start", str(SHOWN_STEPS + 1))
        for step in rest:
            _step(more, step, record, labels)


def _deliberation(body: Element, behind: Deliberation) -> None:
    _add(body, "p", behind.stopping.sentence, "twitchdx-note")
    listed: list[tuple[str, list[str]]] = [
        ("What would change how soon", [spoken_change(each) for each in behind.would_change]),
        ("Not to be missed", [spoken_danger(each) for each in behind.must_not_miss]),
        ("Weighed, and not among the steps", [spoken_alternative(each) for each in behind.alternatives]),
    ]
    for title, lines in listed:
        if lines:
            details = _add(body, "details")
            _add(details, "summary", title)
            rows = _add(details, "ul")
            for line in lines:
                _add(rows, "li", line)


def _step(listed: Element, step: NextStep, record: DiagnosisRecord, labels: dict[str, str]) -> None:
    item = _add(listed, "li")
    _add(item, "span", step.action)
    _add(item, "span", f" {step.kind.replace('_', ' ')}", "twitchdx-kind")
    details = _add(item, "details")
    _add(details, "summary", step.reason)
    if step.for_causes:
        _add(details, "p", f"For: {', '.join(labels[cause] for cause in step.for_causes)}")
    if (said := spoken_worth(step, record, complete=True)) != "":
        _add(details, "p", said)
    if step.cautions:
        _add(details, "p", f"Mind: {step.cautions}")
    if step.sources:
        _add(details, "p", f"Source: {', '.join(step.sources)}")


def _sources(body: Element, record: DiagnosisRecord) -> None:
    details = _add(body, "details")
    _add(details, "summary", "Sources")
    listed = _add(details, "ul")
    for source in record.sources:
        item = _add(listed, "li", f"{source.id}: {source.citation} ")
        # Only plain web addresses become links: a model file must not place a script behind one.
        if source.url.startswith(("https://", "http://")):
            _add(item, "a", source.url).set("href", source.url)
