"""What it would tell to ask a person something: its worth, and whether it may raise the level of care."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from twitchdx.plan.foresight import Foreseen, foresee
from twitchdx.plan.information import information_bits
from twitchdx.plan.price import price_of
from twitchdx.plan.results import Bundle
from twitchdx.plan.standing import find_standing
from twitchdx.plan.stopping import LIKELY_TO_RAISE
from twitchdx.spec import LEVELS, Level
from twitchdx.whatif import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Askable:
    """What it would tell to ask for one variable, or for several together."""

    variables: Bundle
    """The variables."""
    value: float
    """Value of information, in the unit of utility; 0 where the model states none."""
    price: float
    """Burden of asking, in the same unit."""
    raises_level: float
    """The probability that the answer raises the level of care."""
    raises_to: Level
    """The highest level of care that the answer reaches with a probability of at least `LIKELY_TO_RAISE`; the
    level as it is where it reaches no higher one."""
    reaches: float
    """The probability that the answer leads to that level or a higher one."""
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


def weigh_questions(subject: Subject, bundles: Iterable[Bundle]) -> list[Askable]:
    """What some unobserved variables would tell, in the order in which they are given.

    What ties too many causes together for an exact answer is left out, and so is what is certain already.

    Parameters
    ----------
    subject : Subject
        The patient.
    bundles : iterable of tuple of str
        The variables, one by one or several that are asked for together.
    """
    standing = find_standing(subject)
    found, _ = foresee(subject, standing, bundles)
    now = LEVELS.index(standing.level)
    stated = standing.stated
    return [
        _askable(subject, each, now, stated=stated) for each in found if len(each.results.probability) > 1
    ]


def _askable(subject: Subject, foreseen: Foreseen, now: int, *, stated: bool) -> Askable:
    bundle = foreseen.results.bundle
    chance, marginals = foreseen.results.probability, foreseen.results.marginals
    bits = {cause: information_bits(chance, marginals[cause]) for cause in subject.causes}
    reached = {place: foreseen.share(foreseen.levels >= place) for place in range(now + 1, len(LEVELS))}
    likely = max((place for place in reached if reached[place] >= LIKELY_TO_RAISE), default=now)
    return Askable(
        variables=bundle,
        value=foreseen.value,
        price=price_of(subject, bundle) if stated else 0.0,
        raises_level=foreseen.share(foreseen.levels > now),
        raises_to=LEVELS[likely],
        reaches=reached.get(likely, 0.0),
        changes_level=foreseen.share(np.not_equal(foreseen.levels, now)),
        bits=sum(bits.values()),
        bears_on=max(bits, key=bits.__getitem__),
    )
