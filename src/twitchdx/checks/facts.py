"""Rules for facts: each is answered by some element, and only facts are answered."""

from __future__ import annotations

from twitchdx.checks.report import Path, Report
from twitchdx.spec import ROLE_OF_SECTION, ModelSpec


def answered_facts(spec: ModelSpec) -> dict[str, list[Path]]:
    """Each fact id that some element answers, with the places of those elements."""
    answered: dict[str, list[Path]] = {}
    holders: list[tuple[Path, tuple[str, ...]]] = [(("model",), spec.model.answers)]
    for section in (*ROLE_OF_SECTION, "care_levels", "triage_rules", "steps"):
        holders.extend(((section, name), entry.answers) for name, entry in getattr(spec, section).items())
    for path, facts in holders:
        for fact in facts:
            answered.setdefault(fact, []).append(path)
    return answered


def check_facts(spec: ModelSpec, report: Report) -> None:
    """Check that every fact is answered, and that nothing else is."""
    answered = answered_facts(spec)
    for fact, paths in answered.items():
        if fact not in spec.facts:
            for path in paths:
                report.unresolved("unknown-fact", (*path, "answers"), fact, spec.facts, "fact")
    for fact, statement in spec.facts.items():
        # An entry that is left out may be the one that answers it.
        if fact not in answered and not report.left_out:
            report.error(
                "unanswered-fact",
                ("facts", fact),
                f"no element answers this fact: {statement}",
                f"Add `answers: [{fact}]` to the element that answers it.",
            )
