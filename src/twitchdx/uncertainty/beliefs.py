"""What is believed of all numbers of a model together: spreads, and families that move as one."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twitchdx.engines import Sparse
from twitchdx.numerics import Array, read_only
from twitchdx.spec import Estimate, ModelSpec, walk_estimates
from twitchdx.uncertainty.spread import Spread, spread, spread_of

Path = tuple[str | int, ...]

#: Correlation of two judgements of one family, where a model states none: independent errors pretend to know
#: too much, and a common error alone too little.
FAMILY_CORRELATION = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class Beliefs:
    """The joint distribution of the estimates behind a network.

    Every estimate is normal on its own scale (see `Spread`). Those of one family share a standard normal
    deviate,

    z_p = sqrt(rho) z_family + sqrt(1 - rho) e_p,

    so that any two of them have the correlation rho; all others are independent. A number for "at least this
    grade" is drawn as a share of the number for the grade below it, and of several probabilities that stand
    in one row each is drawn as a share of what the better known ones leave, as in the generalized Dirichlet
    distribution [1]_, with logit-normal shares. A share is independent of the rest, and so of a family whose
    error the bound has already. Then grades never cross, rows never exceed 1, and every mean is the number
    that the posterior uses. A shared number that stands in several places is drawn once; where
    its neighbours in a place do not allow it, it stops at the bound that they set there.

    References
    ----------
    .. [1] Connor and Mosimann (1969), Concepts of independence for proportions with a generalization of the
       Dirichlet distribution. Journal of the American Statistical Association 64, 194-206.

    Attributes
    ----------
    paths : tuple of tuple
        The estimates, in the order of `Jacobian.paths`, P of them.
    spreads : tuple of Spread
        What is believed of each by itself.
    slopes : float64 array, shape (P,)
        Change of each number at its mean by one standard deviation.
    family : int array, shape (P,)
        Number of its family, or -1.
    correlation : float
        rho.
    first : int array, shape (P,)
        Where each number stands first: its own place, unless it is shared.
    moves : Sparse, shape (P, P + families)
        Change of each number at its mean by each independent standard normal deviate: e_p of every estimate,
        in the column of its first place, then z of every family.
    """

    paths: tuple[Path, ...]
    spreads: tuple[Spread, ...]
    slopes: Array
    family: NDArray[np.intp]
    correlation: float
    first: NDArray[np.intp]
    moves: Sparse
    _drawn: tuple[_Drawn, ...]

    def draw(self, count: int, seed: int) -> Array:
        """Values of all estimates, shape (count, P); the same seed gives the same values."""
        random = np.random.default_rng(seed)
        alone = random.standard_normal([count, len(self.paths)])
        common = random.standard_normal([count, int(self.family.max(initial=-1)) + 1])
        inside, z = self.family >= 0, alone.copy()
        z[:, inside] = np.sqrt(1.0 - self.correlation) * z[:, inside]
        z[:, inside] += np.sqrt(self.correlation) * common[:, self.family[inside]]
        z = z[:, self.first]
        values = np.empty_like(z)
        left: dict[int, Array] = {}
        for each in self._drawn:
            value = each.believed.values((alone if each.share else z)[:, each.number])
            base = np.ones(count)
            if each.after is not None:
                base = left[each.after] if each.rest else values[:, each.after]
                value = value * base if each.share else np.minimum(value, base)
            values[:, each.number] = value
            left[each.number] = base - value if each.rest else base
        return values


@dataclass(frozen=True, slots=True)
class _Drawn:
    """How a number is drawn."""

    number: int
    believed: Spread
    after: int | None = None
    """The number that bounds it: what it and those before it leave in a row, or the grade below."""
    share: bool = False
    """Whether it is drawn as a share of that bound; else it is drawn by itself, and stops at the bound."""
    rest: bool = False
    """Whether it stands in a row."""


def believe(spec: ModelSpec, correlation: float = FAMILY_CORRELATION) -> Beliefs:
    """What is believed of the numbers of a model.

    Parameters
    ----------
    spec : ModelSpec
        The model.
    correlation : float, optional
        Of two judgements of one family.
    """
    estimates = {path: each for path, each in walk_estimates(spec) if "distribution" in path}
    names = sorted({each.family for each in estimates.values() if each.family})
    family = [names.index(each.family) if each.family else -1 for each in estimates.values()]
    spreads = tuple(spread_of(path, each) for path, each in estimates.items())
    first = _first_places(estimates)
    drawing = _Drawing(tuple(estimates), spreads, family, correlation, first.tolist())
    drawing.run()
    moves = [
        (number, deviate, slope) for number, form in drawing.moves.items() for deviate, slope in form.items()
    ]
    return Beliefs(
        tuple(estimates),
        spreads,
        read_only([each.slope for each in spreads]),
        np.array(family, dtype=np.intp),
        correlation,
        first,
        Sparse.of(moves, len(estimates) + len(names)),
        tuple(drawing.drawn),
    )


def _first_places(estimates: Mapping[Path, Estimate]) -> NDArray[np.intp]:
    """Where each number stands first; the duration of a shared incidence is shared with it."""
    seen: dict[object, int] = {}
    first = []
    for number, (path, each) in enumerate(estimates.items()):
        holder = estimates.get(path[:-1]) if path[-1] == "duration" else None
        name = (holder.shared, "duration") if holder is not None and holder.shared else each.shared
        first.append(seen.setdefault(name, number) if name else number)
    return np.array(first, dtype=np.intp)


# A linear form: deviate -> coefficient.
_Form = dict[int, float]


def _variance(form: _Form) -> float:
    return math.fsum(each * each for each in form.values())


def _combined(*weighted: tuple[float, _Form]) -> _Form:
    found: _Form = {}
    for weight, form in weighted:
        for deviate, each in form.items():
            found[deviate] = found.get(deviate, 0.0) + weight * each
    return found


class _Drawing:
    """How numbers are drawn, one after another, and how they move with the deviates at their means."""

    def __init__(
        self,
        paths: Sequence[Path],
        spreads: Sequence[Spread],
        family: Sequence[int],
        correlation: float,
        first: Sequence[int],
    ) -> None:
        self.paths, self.spreads, self.family = paths, spreads, family
        self.correlation, self.first = correlation, first
        places = Counter(first)
        self.shared = [places[each] > 1 for each in first]
        self.drawn: list[_Drawn] = []
        self.moves: dict[int, _Form] = {}
        # What a number and those before it in its row leave of 1: mean, and how it moves.
        self.left: dict[int, tuple[float, _Form]] = {}

    def run(self) -> None:
        """All numbers, rows in an order of their own."""
        rows: dict[Path, list[int]] = {}
        for number, path in enumerate(self.paths):
            if _in_row(path) and self.spreads[number].scale != "log":
                rows.setdefault(path[:-1], []).append(number)
        done: set[int] = set()
        for number, path in enumerate(self.paths):
            row = rows.get(path[:-1], ())
            if number in row:
                # The best known first: what they leave is then as well known, and hardly moves the others.
                ordered = sorted(row, key=lambda each: (self.spreads[each].slope, each))
                for before, each in zip([None, *ordered], ordered, strict=False):
                    if each not in done:
                        self.add_to_row(each, before)
                done.update(ordered)
            else:
                below = number - 1 if number and self.paths[number - 1][:-1] == path[:-1] else None
                self.add_grade(number, below if _is_grade(path) else None)

    def add_to_row(self, number: int, before: int | None) -> None:
        """A probability of a row, after those that are better known."""
        rest, moves = self.left[before] if before is not None else (1.0, {})
        own = self.spreads[number]
        if before is None or self.shared[number]:
            drawn = _Drawn(number, own, before, rest=True)
            moved = self.deviate(number, own.slope)
        else:
            part = _part(own, rest, _variance(moves))
            drawn = _Drawn(number, part, before, share=True, rest=True)
            moved = _combined((rest, {number: part.slope}), (part.mean, moves))
        self.drawn.append(drawn)
        self.moves[number] = moved
        self.left[number] = rest - own.mean, _combined((1.0, moves), (-1.0, moved))

    def add_grade(self, number: int, below: int | None) -> None:
        """A number by itself, or that for at least a grade, after the grade below."""
        own = self.spreads[number]
        bounded = below is not None and self.spreads[below].mean >= own.mean > 0.0 and own.scale == "logit"
        if below is None or not bounded or self.shared[number]:
            drawn = _Drawn(number, own, below if bounded else None)
            moved = self.deviate(number, own.slope)
        else:
            mean, moves = self.spreads[below].mean, self.moves[below]
            part = _part(own, mean, _variance(moves))
            drawn = _Drawn(number, part, below, share=True)
            moved = _combined((mean, {number: part.slope}), (part.mean, moves))
        self.drawn.append(drawn)
        self.moves[number] = moved

    def deviate(self, number: int, slope: float) -> _Form:
        """The deviate of a number, in independent ones."""
        first = self.first[number]
        family = self.family[first]
        if family < 0:
            return {first: slope}
        shared = len(self.paths) + family
        return {
            first: slope * math.sqrt(1.0 - self.correlation),
            shared: slope * math.sqrt(self.correlation),
        }


def _part(own: Spread, bound: float, variance: float) -> Spread:
    """A probability as a part of another, or of what others leave, which has a mean and a variance.

    Of p = s R the variance is R^2 var(s) + s^2 var(R), so that this gives p the variance that was stated.
    Where all variances of a row are those of a Dirichlet distribution, so are all covariances then: its
    stick-breaking parts are independent.
    """
    mean = own.mean / bound if bound > 0.0 else 1.0
    if mean >= 1.0 or own.deviation == 0.0:
        return Spread("fixed", min(mean, 1.0), 0.0)
    stated = own.slope**2
    # Never less than a quarter: the part is itself uncertain for other reasons.
    left = max(stated - mean**2 * variance, 0.25 * stated) / bound**2
    return spread("logit", mean, math.sqrt(left) / (mean * (1.0 - mean)))


def _in_row(path: Path) -> bool:
    return "probabilities" in path or ("log_linear" in path and "marginal" in path)


def _is_grade(path: Path) -> bool:
    """Whether the number is for at least a grade: below a leak or a link of a noisy-MAX."""
    return "noisy_max" in path and "inhibitors" not in path
