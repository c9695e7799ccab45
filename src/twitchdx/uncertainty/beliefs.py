"""What is believed of all numbers of a model together: spreads, and families that move as one."""

from __future__ import annotations

import math
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

    so that any two of them have the correlation rho; all others are independent. A shared number that stands
    in several places has one deviate for all of them. A number for "at least this grade" is drawn as a share
    of the number for the grade below it, and of several probabilities that stand in one row each is drawn as
    a share of what the ones before it leave, as in the generalized Dirichlet distribution [1]_, with
    logit-normal shares. Then grades never cross, rows never exceed 1, and every mean is the number that the
    posterior uses.

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
    _shares: tuple[_Share, ...]

    def draw(self, count: int, seed: int) -> Array:
        """Values of all estimates, shape (count, P); the same seed gives the same values."""
        random = np.random.default_rng(seed)
        z = random.standard_normal([count, len(self.paths)])
        common = random.standard_normal([count, int(self.family.max(initial=-1)) + 1])
        inside = self.family >= 0
        z[:, inside] = np.sqrt(1.0 - self.correlation) * z[:, inside]
        z[:, inside] += np.sqrt(self.correlation) * common[:, self.family[inside]]
        z = z[:, self.first]
        values = np.empty_like(z)
        left: dict[int, Array] = {}
        for number, each in enumerate(self._shares):
            share = each.believed.values(z[:, number])
            base = np.ones(count) if each.of is None else (left[each.of] if each.rest else values[:, each.of])
            values[:, number] = share * base
            left[number] = base - values[:, number] if each.rest else base
        return values


@dataclass(frozen=True, slots=True)
class _Share:
    """How a number is drawn: as a share of which other one, or of what that one and those before it leave."""

    of: int | None
    believed: Spread
    rest: bool


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
    sharing = _Sharing(tuple(estimates), spreads, family, correlation, first.tolist())
    for number in range(len(estimates)):
        sharing.add(number)
    moves = [
        (number, deviate, slope)
        for number, form in enumerate(sharing.value_forms)
        for deviate, slope in form.items()
        if slope
    ]
    return Beliefs(
        tuple(estimates),
        spreads,
        read_only([each.slope for each in spreads]),
        np.array(family, dtype=np.intp),
        correlation,
        first,
        Sparse.of(moves, len(estimates) + len(names)),
        tuple(sharing.shares),
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


class _Sharing:
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
        self.shares: list[_Share] = []
        self.value_forms: list[_Form] = []
        # What a number and those before it in its row leave of 1: mean, and how it moves.
        self.left: list[tuple[float, _Form]] = []

    def add(self, number: int) -> None:
        """The next number."""
        path, own = self.paths[number], self.spreads[number]
        before = number - 1 if number and self.paths[number - 1][:-1] == path[:-1] else None
        chained = before is not None and own.scale == "logit" and self.spreads[before].scale != "log"
        share = _Share(None, own, _in_row(path))
        base: tuple[float, _Form] = (1.0, {})
        if chained and before is not None and _in_row(path):
            base = self.left[before]
            share = _Share(before, _part_of_rest(own, *base), rest=True)
        elif chained and before is not None and _is_grade(path):
            below = self.spreads[before]
            if below.mean >= own.mean > 0.0:
                base = (below.mean, self.value_forms[before])
                share = _Share(before, _part_of_grade(own, below), rest=False)
        moved = _combined(
            (base[0], self.deviate(number, share.believed.slope)), (share.believed.mean, base[1])
        )
        self.shares.append(share)
        self.value_forms.append(moved)
        rest = (base[0] - own.mean, _combined((1.0, base[1]), (-1.0, moved))) if share.rest else (1.0, {})
        self.left.append(rest)

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


def _part_of_rest(own: Spread, rest: float, moves: _Form) -> Spread:
    """A probability as a part of what those before it in its row leave.

    Of p = s R the variance is R^2 var(s) + s^2 var(R), so that this gives p the variance that was stated.
    Where all variances of a row are those of a Dirichlet distribution, so are all covariances then: its
    stick-breaking parts are independent.
    """
    mean = own.mean / rest if rest > 0.0 else 1.0
    if mean >= 1.0 or own.deviation == 0.0:
        return Spread("fixed", min(mean, 1.0), 0.0)
    stated = own.slope**2
    # Never less than a quarter: the rest is itself uncertain for other reasons.
    variance = max(stated - mean**2 * _variance(moves), 0.25 * stated) / rest**2
    return spread("logit", mean, math.sqrt(variance) / (mean * (1.0 - mean)))


def _part_of_grade(own: Spread, below: Spread) -> Spread:
    """The number for a grade as a part of that for the grade below it."""
    mean = own.mean / below.mean
    # What the grade below does not account for; never less than half, since a share is itself uncertain.
    deviation = max(own.deviation**2 - below.deviation**2, 0.25 * own.deviation**2) ** 0.5
    return spread("logit", mean, deviation) if mean < 1.0 else Spread("fixed", 1.0, 0.0)


def _in_row(path: Path) -> bool:
    return "probabilities" in path or ("log_linear" in path and "marginal" in path)


def _is_grade(path: Path) -> bool:
    """Whether the number is for at least a grade: below a leak or a link of a noisy-MAX."""
    return "noisy_max" in path and "inhibitors" not in path
