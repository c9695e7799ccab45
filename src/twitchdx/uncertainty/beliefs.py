"""What is believed of all numbers of a model together: spreads, and families that move as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
    a share of what the ones before it leave: then grades never cross, rows never exceed 1, and every mean is
    the number that the posterior uses.

    Attributes
    ----------
    paths : tuple of tuple
        The estimates, in the order of `Jacobian.paths`.
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
    """

    paths: tuple[Path, ...]
    spreads: tuple[Spread, ...]
    slopes: Array
    family: NDArray[np.intp]
    correlation: float
    first: NDArray[np.intp]
    _shares: tuple[tuple[int, int | None, Spread, bool], ...]

    def combine(self, effects: Array) -> tuple[Array, Array]:
        """Effects of independent deviates, from effects of one standard deviation of each estimate.

        Parameters
        ----------
        effects : float64 array, shape (K, P)
            Change of K quantities by one standard deviation of each estimate.

        Returns
        -------
        own : float64 array, shape (K, P)
            By what each estimate has for itself; of a shared one, by all of its places together, in the
            column of the first.
        shared : float64 array, shape (K, families)
            By what each family shares.
        """
        effects = self._gather(effects)
        inside = self.family >= 0
        own = effects * np.where(inside, np.sqrt(1.0 - self.correlation), 1.0)
        shared = np.zeros([len(effects), int(self.family.max(initial=-1)) + 1])
        for number in range(shared.shape[1]):
            shared[:, number] = np.sqrt(self.correlation) * effects[:, self.family == number].sum(axis=1)
        return own, shared

    def _gather(self, effects: Array) -> Array:
        """The effects of all places of a shared number, summed in the column of the first."""
        (again,) = np.nonzero(self.first != np.arange(len(self.first)))
        if not again.size:
            return effects
        gathered = effects.copy()
        gathered[:, again] = 0.0
        for place in again:
            gathered[:, self.first[place]] += effects[:, place]
        return gathered

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
        for number, of, believed, rest in self._shares:
            share = believed.values(z[:, number])
            base = np.ones(count) if of is None else (left[of] if rest else values[:, of])
            values[:, number] = share * base
            left[number] = base - values[:, number] if rest else base
        return values


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
    paths = tuple(estimates)
    place = {path: number for number, path in enumerate(paths)}
    spreads = tuple(spread_of(path, each) for path, each in estimates.items())
    names = sorted({each.family for each in estimates.values() if each.family})
    family = [names.index(each.family) if each.family else -1 for each in estimates.values()]
    shares = [_share(number, paths, place, spreads, estimates) for number in range(len(paths))]
    return Beliefs(
        paths,
        spreads,
        read_only([each.slope for each in spreads]),
        np.array(family, dtype=np.intp),
        correlation,
        _first_places(estimates),
        tuple(shares),
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


def _share(
    number: int,
    paths: Sequence[Path],
    place: Mapping[Path, int],
    spreads: Sequence[Spread],
    estimates: Mapping[Path, Estimate],
) -> tuple[int, int | None, Spread, bool]:
    """How one number is drawn: as a share of which other one, or of what that one leaves."""
    path, own = paths[number], spreads[number]
    before = place[paths[number - 1]] if number and paths[number - 1][:-1] == path[:-1] else None
    if before is None or own.scale != "logit" or spreads[before].scale == "log":
        return number, None, own, _in_row(path)
    if _in_row(path):
        taken, at = 0.0, number - 1
        while at >= 0 and paths[at][:-1] == path[:-1]:
            taken += estimates[paths[at]].value
            at -= 1
        mean = min(own.mean / (1.0 - taken), 1.0)
        return number, before, spread("logit", mean, own.deviation) if mean < 1.0 else own, True
    if _is_grade(path) and spreads[before].mean >= own.mean > 0.0:
        mean = own.mean / spreads[before].mean
        # What the grade below does not account for; never less than half, since a share is itself uncertain.
        deviation = max(own.deviation**2 - spreads[before].deviation ** 2, 0.25 * own.deviation**2) ** 0.5
        return (
            number,
            before,
            spread("logit", mean, deviation) if mean < 1.0 else Spread("fixed", 1.0, 1.0, 0.0),
            False,
        )
    return number, None, own, _in_row(path)


def _in_row(path: Path) -> bool:
    return "probabilities" in path or ("log_linear" in path and "marginal" in path)


def _is_grade(path: Path) -> bool:
    """Whether the number is for at least a grade: below a leak or a link of a noisy-MAX."""
    return "noisy_max" in path and "inhibitors" not in path
