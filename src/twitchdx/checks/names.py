"""Rules for names: how they are written, the header, the bibliography."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from twitchdx.checks.report import Path, Report
from twitchdx.spec import LEVELS, ROLE_OF_SECTION, ModelSpec, Variable

# No double underscore: the compiler keeps it for nodes of its own.
_NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")


def check_names(spec: ModelSpec, report: Report) -> None:
    """Check how names are written, the header, and that every reference exists."""
    _check_spelling(spec, report)
    _check_header(spec, report)
    _check_references(spec, report)


def _check_spelling(spec: ModelSpec, report: Report) -> None:
    seen: dict[str, str] = {}
    for section in (*ROLE_OF_SECTION, "triage_rules", "steps"):
        for name, entry in getattr(spec, section).items():
            path: Path = (section, name)
            _check_spelling_of(name, path, report)
            if not isinstance(entry, Variable):
                continue
            if name in seen:
                report.error(
                    "duplicate-variable",
                    path,
                    f"{name!r} is also a variable in the section {seen[name]!r}.",
                    "Rename one of the two.",
                )
            seen[name] = section
            for state in entry.states:
                _check_spelling_of(state, (*path, "states", state), report)
            if len(entry.states) < 2:
                report.error(
                    "too-few-states", path, "a variable needs two states or more.", "Add the missing state."
                )
            if section == "causes" and next(iter(entry.states), "") != "absent":
                report.error(
                    "cause-without-absent",
                    path,
                    "the first state of a cause must be `absent`.",
                    "Put `absent` first in `states`.",
                )
            if section != "processes" and not entry.question:
                report.error(
                    "no-question",
                    path,
                    "the variable has no question.",
                    "Say in `question` what one would ask.",
                )


def _check_spelling_of(name: str, path: Path, report: Report) -> None:
    if not _NAME.fullmatch(name):
        report.error(
            "name-spelling",
            path,
            f"{name!r} cannot be a name here.",
            "Use lower-case words joined by single underscores, beginning with a letter.",
        )


def _check_header(spec: ModelSpec, report: Report) -> None:
    if spec.model.complaint not in spec.findings:
        path: Path = ("model", "complaint")
        report.unresolved("unknown-complaint", path, spec.model.complaint, spec.findings, "finding")
    for level in LEVELS:
        if level not in spec.care_levels and level not in report.left_out:
            report.error(
                "missing-care-level",
                ("care_levels",),
                f"the level {level!r} is missing.",
                "Describe all five levels.",
            )


def _check_references(spec: ModelSpec, report: Report) -> None:
    counts = Counter(reference.id for reference in spec.references)
    for index, reference in enumerate(spec.references):
        if counts[reference.id] > 1:
            report.error(
                "duplicate-reference",
                ("references", index),
                f"the id {reference.id!r} occurs {counts[reference.id]} times.",
                "Keep one of them, or rename one.",
            )
    for path, sources in _sources(spec):
        for source in sources:
            if source not in counts:
                report.unresolved("unknown-reference", path, source, counts, "reference")


def _sources(spec: ModelSpec) -> Iterator[tuple[Path, tuple[str, ...]]]:
    for level, care in spec.care_levels.items():
        yield ("care_levels", level, "sources"), care.sources
    for name, rule in spec.triage_rules.items():
        yield ("triage_rules", name, "sources"), rule.sources
    for name, step in spec.steps.items():
        yield ("steps", name, "sources"), step.sources
    for section in ROLE_OF_SECTION:
        for name, variable in getattr(spec, section).items():
            if variable.measurement is not None:
                yield (section, name, "measurement", "sources"), variable.measurement.sources
