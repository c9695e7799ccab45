"""Which question comes next: who one is, then dangers, then what is worth most."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from twitchdx.errors import EngineError
from twitchdx.interview.repertoire import Offer, Repertoire
from twitchdx.interview.wording import Question, word_question
from twitchdx.plan.questions import Askable, weigh_questions
from twitchdx.plan.results import Bundle
from twitchdx.spec import LEVELS, Level
from twitchdx.steps import usable_decision
from twitchdx.whatif import Subject

# A question that may raise the level of care to this one or a higher one looks for a danger.
_DANGER: Level = "soon"
# Where a model states no utilities, a question is worth asking that tells so many bits about the causes.
_BITS = 0.05
# What differs less than this is equal: sums depend on the order of the model in their last digits.
_DIGITS = 12

_OF_EVERYBODY = "It changes how likely many of the causes are."
_OF_THE_COMPLAINT = "This is what all other questions are about."
_FOR_DANGER = "The answer may change how soon you should be seen."


def choose_basis(complaint: str | None, repertoire: Repertoire, done: Collection[str]) -> Question | None:
    """The next question of those that everybody is asked, or None where all of them were."""
    for name in repertoire.basis:
        if name not in done:
            reason = _OF_THE_COMPLAINT if name == complaint else _OF_EVERYBODY
            return word_question((name,), repertoire.variables, "basis", reason)
    return None


def choose_question(subject: Subject, repertoire: Repertoire, done: Collection[str]) -> Question | None:
    """The next question beyond what everybody is asked, or None where nothing is worth asking.

    First what may raise the level of care to `soon` or above, the highest level first and the most probable
    one among equals. Then what is worth more than its price, a checklist by the best of its parts, and what
    may raise the level of care at all.

    Parameters
    ----------
    subject : Subject
        The person.
    repertoire : Repertoire
        What can be asked.
    done : collection of str
        What was asked already; it is not asked again.
    """
    weighed = [each for each in weigh_offers(subject, repertoire, done) if each.worth_asking]
    dangers = [each for each in weighed if each.danger >= LEVELS.index(_DANGER)]
    if dangers:
        best = min(dangers, key=lambda each: (-each.danger, -each.chance, each.offer.variables))
        return word_question(best.offer.variables, repertoire.variables, "danger", _FOR_DANGER)
    if not weighed:
        return None
    best = min(weighed, key=lambda each: (-each.gain, each.offer.variables))
    reason = best.offer.reason or f"It bears most on: {subject.variables[best.bears_on].label}."
    return word_question(best.offer.variables, repertoire.variables, "value", reason)


def choose_by_red_flags(level: Level, repertoire: Repertoire, done: Collection[str]) -> Question | None:
    """The next question where the answers tie too many causes together to weigh anything in time.

    Red flags look at what was observed, and need no probabilities.
    """
    offers = repertoire.red_flagged([name for name in repertoire.variables if name not in done], level)
    if not offers:
        return None
    return word_question(offers[0].variables, repertoire.variables, "danger", _FOR_DANGER)


@dataclass(frozen=True, slots=True, kw_only=True)
class WeighedOffer:
    """What one question would tell, with all its parts.

    Attributes
    ----------
    offer : Offer
        The question.
    danger : int
        Rank of the highest level of care to which an answer may raise it; -1 where none is likely enough to.
    chance : float
        The probability that it is raised so far, by the part that is the most likely to do so.
    gain : float
        Net value of its best part; bits, where the model states no utilities.
    bits : float
        Bits of its parts, summed.
    bears_on : str
        The cause on which its best part bears most.
    worth_asking : bool
        Whether it is worth more than its price, or may raise the level of care.
    """

    offer: Offer
    danger: int
    chance: float
    gain: float
    bits: float
    bears_on: str
    worth_asking: bool


def weigh_offers(subject: Subject, repertoire: Repertoire, done: Collection[str]) -> list[WeighedOffer]:
    """What every question would tell that can still be asked."""
    open_ = [name for name in repertoire.variables if name not in done and name not in subject.evidence]
    together = _together(subject, repertoire, open_)
    weighed = {
        each.variables: each for each in weigh_questions(subject, [*((name,) for name in open_), *together])
    }
    uncertain = {name for name in open_ if (name,) in weighed or _is_uncertain(subject, name)}
    stated = usable_decision(subject.spec)
    found = []
    for offer in repertoire.offers(uncertain):
        parts = [
            each for bundle, each in weighed.items() if uncertain.intersection(bundle) <= {*offer.variables}
        ]
        # What ties too many causes together cannot be weighed, and is asked beside others only.
        if parts:
            found.append(_weigh(offer, parts, stated=stated))
    return found


def _together(subject: Subject, repertoire: Repertoire, open_: Collection[str]) -> list[Bundle]:
    """What is weighed together, since red flags look for it together: chest pain and palpitations, say."""
    level = subject.outcome.level
    found = [repertoire.accomplices(offer, level) for offer in repertoire.offers(open_)]
    return [names for names in dict.fromkeys(found) if len(names) > 1]


def _is_uncertain(subject: Subject, name: str) -> bool:
    """Whether its state does not follow from what is known: a man is not asked whether he is pregnant."""
    try:
        answer = subject.engine.answer(subject.network, subject.evidence.likelihoods, (name,))
    except EngineError:
        return True
    return bool((answer.marginals[name] > 0.0).sum() > 1)


def _weigh(offer: Offer, parts: list[Askable], *, stated: bool) -> WeighedOffer:
    alarming = [each for each in parts if each.alarming]
    danger = max((LEVELS.index(each.raises_to) for each in alarming), default=-1)
    best = max(parts, key=lambda each: _gain(each, stated=stated))
    gain = _gain(best, stated=stated)
    return WeighedOffer(
        offer=offer,
        danger=danger,
        chance=max(
            (round(each.reaches, _DIGITS) for each in alarming if LEVELS.index(each.raises_to) == danger),
            default=0.0,
        ),
        gain=gain,
        bits=round(sum(each.bits for each in parts if len(each.variables) == 1), _DIGITS),
        bears_on=best.bears_on,
        worth_asking=bool(alarming) or gain > (0.0 if stated else _BITS),
    )


def _gain(askable: Askable, *, stated: bool) -> float:
    return round(askable.net if stated else askable.bits, _DIGITS)
