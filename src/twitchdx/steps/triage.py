"""The level of care: the highest that any rule asks for."""

from __future__ import annotations

from collections.abc import Mapping

from twitchdx.records import Triage, TriageReason
from twitchdx.spec import LEVELS, CareLevel, Level, TriageRule
from twitchdx.steps.conditions import Situation, holds


def triage(
    rules: Mapping[str, TriageRule], levels: Mapping[Level, CareLevel], situation: Situation
) -> Triage:
    """Apply the rules of a model.

    The level is the maximum over the rules that fire, so a further red flag never lowers it; red
    flags look at the evidence alone, so no probability talks one down.

    Parameters
    ----------
    rules : mapping of str to TriageRule
        The rules.
    levels : mapping of str to CareLevel
        The five levels.
    situation : Situation
        The patient.

    Returns
    -------
    Triage
        The level with every reason. Without a reason it is the lowest level.
    """
    fired = [
        TriageReason(
            rule=name,
            label=rule.label,
            level=rule.level,
            red_flag=rule.red_flag,
            reason=rule.reason,
            action=rule.action,
            sources=rule.sources,
        )
        for name, rule in rules.items()
        if holds(rule.when, situation)
    ]
    # Stable: among rules of one level red flags lead, then the order of the file.
    fired.sort(key=lambda reason: (-LEVELS.index(reason.level), not reason.red_flag))
    level = fired[0].level if fired else LEVELS[0]
    care = levels[level]
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
