"""What one answer rests on: functions, rankings, the smallest changes that turn it, and a certificate."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from twitchdx.errors import Issue, OptionError, UnknownNameError, Where
from twitchdx.explain.case import require_causes
from twitchdx.spec import LEVELS, Condition, Level, ModelSpec
from twitchdx.uncertainty.jacobian import Jacobian
from twitchdx.whatif.alternatives import WITHDRAWN, Alternatives, find_alternatives
from twitchdx.whatif.parameters import dotted, nearest
from twitchdx.whatif.robustness import Criterion, Robustness, Sensitivity, SensitivityFunction
from twitchdx.whatif.screening import find_slopes, likely_to_turn, uncertain_numbers
from twitchdx.whatif.subject import CRITERIA, ChangedNumbers, Subject
from twitchdx.whatif.tornado import rank_numbers, trace
from twitchdx.whatif.turning import Turns, find_turns

# A cause whose probability can ask for this level or a higher one is watched.
_DANGER: Level = "soon"
#: Of how many numbers a ranking the model is compiled anew.
COMPILED = 30
_SMALLEST = 3


def analyse_sensitivity(
    subject: Subject,
    causes: str | Collection[str] | None = None,
    *,
    compiled: int | None = COMPILED,
    jacobian: Jacobian | None = None,
) -> Sensitivity:
    """What one answer rests on, number by number and finding by finding.

    Exact first derivatives choose the numbers; everything that is reported comes from models compiled anew
    with one number changed.

    Parameters
    ----------
    subject : Subject
        The patient and the model.
    causes : str or collection of str, optional
        The cause or causes whose posteriors are traced. Left out: the one that explains the complaint best,
        the most probable one, and those that rules of care watch.
    compiled : int or None, optional
        Of how many numbers, in each of the rankings by predicted effect, the model is compiled anew. None: of
        all that can matter, which takes long and makes the certificate complete.
    jacobian : Jacobian, optional
        From `differentiate_compilation`, if it is at hand.

    Raises
    ------
    UnknownNameError
        A cause is not known.
    OptionError
        `compiled` is no whole number above 0.
    """
    if compiled is not None and (isinstance(compiled, bool) or not isinstance(compiled, int) or compiled < 1):
        fix = "Give a whole number above 0, or None for all numbers."
        issue = Issue("error", "wrong-option", Where("compiled"), f"found {compiled!r}.", fix)
        raise OptionError("An option cannot be understood.", [issue])
    traced = _causes_of_interest(subject) if causes is None else _given_causes(subject, causes)
    numbers = uncertain_numbers(subject)
    slopes = find_slopes(subject, numbers, jacobian)
    changed = ChangedNumbers(subject)
    chosen = numbers if compiled is None else likely_to_turn(subject, slopes, compiled)
    turns = find_turns(changed, chosen, _SMALLEST)
    tornadoes = tuple(rank_numbers(changed, slopes, numbers, cause, compiled) for cause in traced)
    alternatives = find_alternatives(subject)
    return Sensitivity(
        tornadoes=tornadoes,
        number_flips=turns.smallest,
        finding_flips=alternatives.flips,
        not_judged=alternatives.not_judged,
        robustness=tuple(
            _certify(subject, criterion, turns, alternatives, (len(numbers), len(chosen)))
            for criterion in CRITERIA
            if criterion in subject.outcome.turns
        ),
    )


def trace_number(
    subject: Subject, path: str, cause: str, *, jacobian: Jacobian | None = None
) -> SensitivityFunction:
    """The posterior of one cause as a function of one published number.

    Parameters
    ----------
    subject : Subject
        The patient and the model.
    path : str
        Place of the number, as `Model.parameters` gives it.
    cause : str
        A cause of the model.
    jacobian : Jacobian, optional
        From `differentiate_compilation`, if it is at hand.

    Raises
    ------
    UnknownNameError
        There is no such cause, or the network has no such number that is uncertain and can matter to this
        patient.
    """
    require_causes((cause,), subject.spec.variables())
    numbers = {dotted(each.path): each for each in uncertain_numbers(subject)}
    if path not in numbers:
        message = "no uncertain number at this place bears on this patient."
        issue = Issue("error", "unknown-parameter", Where(str(path)), message, nearest(str(path), numbers))
        raise UnknownNameError("The number is not known.", [issue])
    slopes = find_slopes(subject, [numbers[path]], jacobian)
    return trace(ChangedNumbers(subject), slopes, numbers[path], cause)


def _given_causes(subject: Subject, causes: object) -> tuple[str, ...]:
    """The causes that were named, each once; a single one need not stand in a list."""
    listed: list[Any] = (
        list(causes) if isinstance(causes, Iterable) and not isinstance(causes, str) else [causes]
    )
    require_causes(listed, subject.spec.variables())
    return tuple(dict.fromkeys(listed))


def _causes_of_interest(subject: Subject) -> tuple[str, ...]:
    now = subject.outcome.turns
    leading = [now[each] for each in ("explaining", "probable") if each in now]
    watched = _watched_causes(subject.spec)
    return tuple(dict.fromkeys([*leading, *(cause for cause in subject.causes if cause in watched)]))


def _watched_causes(spec: ModelSpec) -> frozenset[str]:
    """Causes whose probability can ask for care soon or sooner."""
    dangerous = [
        rule.when for rule in spec.triage_rules.values() if LEVELS.index(rule.level) >= LEVELS.index(_DANGER)
    ]
    return frozenset[str]().union(*map(_bounded_below, dangerous))


def _bounded_below(condition: Condition) -> frozenset[str]:
    here = {cause for cause, bound in condition.posterior.items() if bound.at_least is not None}
    return frozenset(here).union(*map(_bounded_below, (*condition.all, *condition.any)))


def _certify(
    subject: Subject,
    criterion: Criterion,
    turns: Turns,
    alternatives: Alternatives,
    looked_at: tuple[int, int],
) -> Robustness:
    within = turns.within[criterion]
    withdrawn = tuple(
        flip.variable for flip in alternatives.flips if flip.kind == "withdrawn" and criterion in flip.turns
    )
    numbers, compiled = looked_at
    how = [f"all {numbers} numbers were tried"]
    if compiled < numbers:
        how = [f"{compiled} of {numbers} numbers were tried, and the others predicted to do less"]
    if turns.stopped:
        how.append(
            f"{len(turns.stopped)} of those tried could not be followed to an end of "
            f"{_interval(len(turns.stopped))}, because the other numbers do not allow it"
        )
    unjudged = sum(each.endswith(WITHDRAWN) for each in alternatives.not_judged)
    if unjudged:
        how.append(f"the withdrawal of {_count(unjudged, 'finding')} could not be judged")
    return Robustness(
        criterion=criterion,
        stands=subject.outcome.turns[criterion],
        numbers=numbers,
        compiled=compiled,
        not_followed=turns.stopped,
        turning_numbers=within,
        turning_findings=withdrawn,
        holds=not within and not withdrawn,
        statement=f"{_state(_what(subject, criterion), within, withdrawn, complete=compiled == numbers)}; "
        f"{'; '.join(how)}.",
    )


def _state(what: str, within: Sequence[str], withdrawn: Sequence[str], *, complete: bool) -> str:
    """The certificate as the beginning of a sentence."""
    parts = []
    if within:
        least = "" if complete else "at least "
        parts.append(f"{least}{_count(len(within), 'number')} within {_interval(len(within))}")
    if withdrawn:
        parts.append(f"{_count(len(withdrawn), 'finding')} when withdrawn")
    if not parts:
        tried = "No single number" if complete else "None of the numbers that were tried"
        return f"{tried} within its interval and no single finding withdrawn changes {what}"
    several = len(within) + len(withdrawn) > 1
    said = f"{' and '.join(parts)} {'change' if several else 'changes'} {what}"
    said += ", each by itself" if several else ""
    return said[0].upper() + said[1:]


def _what(subject: Subject, criterion: Criterion) -> str:
    stands = subject.outcome.turns[criterion]
    if criterion == "level":
        (label,) = (each.label for level, each in subject.spec.care_levels.items() if level == stands)
        return f"the level of care ({label})"
    label = subject.variables[stands].label
    if criterion == "explaining":
        return f"the cause that explains the complaint best ({label})"
    return f"the most probable cause ({label})"


def _interval(number: int) -> str:
    return "its interval" if number == 1 else "their intervals"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number > 1)}"
