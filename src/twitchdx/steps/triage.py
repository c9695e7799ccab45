"""The level of care: the highest that any rule asks for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from twitchdx.records import Triage, TriageReason
from twitchdx.spec import LEVELS, CareLevel, Condition, Level, TriageRule
from twitchdx.steps.conditions import Situation, predicate


class TriageRules:
    """The triage rules of a model, ready for many patients.

    Parameters
    ----------
    rules : mapping of str to TriageRule
        The rules.
    levels : mapping of str to CareLevel
        The five levels.
    """

    def __init__(self, rules: Mapping[str, TriageRule], levels: Mapping[Level, CareLevel]) -> None:
        self._levels = levels
        # Stable: among rules of one level red flags lead, then the order of the file.
        order = sorted(rules, key=lambda name: (-LEVELS.index(rules[name].level), not rules[name].red_flag))
        self._rules = [(predicate(rules[name].when), _reason(name, rules[name])) for name in order]

    def fired(self, situation: Situation) -> list[TriageReason]:
        """The rules that fire, the highest level first.

        Red flags look at the evidence alone, so no probability talks one down.
        """
        return [reason for holds, reason in self._rules if holds(situation)]

    def triage(self, reasons: Sequence[TriageReason]) -> Triage:
        """The level with every reason. Without a reason it is the lowest level.

        The level is the maximum over the reasons, so a further one never lowers it.
        """
        # Stable: among reasons of one level the rules lead.
        fired = sorted(reasons, key=lambda reason: -LEVELS.index(reason.level))
        level = fired[0].level if fired else LEVELS[0]
        care = self._levels[level]
        deciding = [reason for reason in fired if reason.level == level]
        action = next((reason.action for reason in deciding if reason.action), care.action)
        sources = [source for reason in deciding for source in reason.sources] or list(care.sources)
        return Triage(
            level=level,
            label=care.label,
            action=action,
            reason=deciding[0].reason if deciding else care.reason,
            reasons=tuple(fired),
            sources=tuple(dict.fromkeys(sources)),
        )


def _reason(name: str, rule: TriageRule) -> TriageReason:
    return TriageReason(
        rule=name,
        label=rule.label,
        level=rule.level,
        red_flag=rule.red_flag,
        reason=rule.reason,
        action=rule.action,
        sources=rule.sources,
    )


# A cause whose probability can ask for this level or a higher one is a danger.
_DANGER: Level = "soon"


def watched_causes(rules: Iterable[TriageRule]) -> frozenset[str]:
    """The causes whose probability alone can ask for care soon or sooner."""
    dangerous = [each for each in rules if LEVELS.index(each.level) >= LEVELS.index(_DANGER)]
    return frozenset(cause for each in dangerous for cause in _bounded_below(each.when))


def _bounded_below(condition: Condition) -> Iterator[str]:
    for cause, bound in condition.posterior.items():
        if bound.at_least is not None:
            yield cause
    for each in (*condition.all, *condition.any):
        yield from _bounded_below(each)
