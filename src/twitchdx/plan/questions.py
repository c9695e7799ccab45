"""Which question to ask next: those that may raise the level of care first, then by what an answer is worth."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from twitchdx.plan.foresight import Foreseen, foresee
from twitchdx.plan.information import information_bits
from twitchdx.plan.price import price_of
from twitchdx.plan.standing import find_standing
from twitchdx.plan.stopping import LIKELY_TO_RAISE
from twitchdx.spec import LEVELS, Level
from twitchdx.whatif import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Askable:
    """What it would tell to ask for one variable."""

    variable: str
    """The variable."""
    value: float
    """Value of information, in the unit of utility; 0 where the model states none."""
    price: float
    """Burden of asking, in the same unit."""
    raises_level: float
    """The probability that the answer raises the level of care."""
    raises_to: Level
    """The highest level of care that an answer leads to; the level as it is where none raises it."""
    changes_level: float
    """The probability that the answer changes the level of care."""
    bits: float
    """Expected information about the causes in bits, each by itself, summed."""
    bears_on: str
    """The cause about which it tells most bits."""

    @property
    def net(self) -> float:
        """Value less price."""
        return self.value - self.price

    @property
    def alarming(self) -> bool:
        """Whether the answer is likely enough to raise the level of care."""
        return self.raises_level >= LIKELY_TO_RAISE


def weigh_questions(subject: Subject, names: Iterable[str]) -> list[Askable]:
    """What each of some unobserved variables would tell, in the order in which they are given.

    Those that tie too many causes together for an exact answer are left out, and so is what is certain already.

    Parameters
    ----------
    subject : Subject
        The patient.
    names : iterable of str
        The variables.
    """
    standing = find_standing(subject)
    found, _ = foresee(subject, standing, [(name,) for name in names])
    now = LEVELS.index(standing.level)
    return [_askable(subject, each, now) for each in found if len(each.results.probability) > 1]


def _askable(subject: Subject, foreseen: Foreseen, now: int) -> Askable:
    (name,) = foreseen.results.bundle
    chance, marginals = foreseen.results.probability, foreseen.results.marginals
    stated = subject.spec.decision is not None
    bits = {cause: information_bits(chance, marginals[cause]) for cause in subject.causes}
    return Askable(
        variable=name,
        value=foreseen.value,
        price=price_of(subject, (name,)) if stated else 0.0,
        raises_level=foreseen.share(foreseen.levels > now),
        raises_to=LEVELS[max(now, int(foreseen.levels.max()))],
        changes_level=foreseen.share(np.not_equal(foreseen.levels, now)),
        bits=sum(bits.values()),
        bears_on=max(bits, key=bits.__getitem__),
    )
