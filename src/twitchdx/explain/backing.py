"""Which numbers of a model stand behind a line of an explanation, and which moves the result most."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from twitchdx.checks import form_of
from twitchdx.engines import Condition, Differentiating
from twitchdx.errors import ModelError
from twitchdx.explain.accounts import Backing, WeakestNumber
from twitchdx.explain.attribution import DECIBANS_PER_NAT, Rivals, log_ratio
from twitchdx.explain.case import Case, Path, bearing_part
from twitchdx.network import recompile
from twitchdx.spec import (
    ROLE_OF_SECTION,
    Estimate,
    Table,
    distribution_of,
    places_of_shared,
    replace_estimates,
    walk_estimates,
)

# Width of a 95 % interval in standard deviations of a normal distribution.
_WIDTH = 2 * 1.959963984540054
# How far towards an end of its interval a number is moved, where the others do not allow all of it.
_FRACTIONS = (1.0, 0.75, 0.5, 0.25, 0.1)
# Parts of a distribution that a parent names, and those that belong to the variable alone.
_BY_PARENT = ("links", "inhibitors", "modifiers")


@dataclass(frozen=True, slots=True, eq=False)
class Numbers:
    """The estimates of a model, and how the log-ratio of two hypotheses depends on each.

    Attributes
    ----------
    case : Case
        Whose answer it is.
    estimates : mapping of tuple to Estimate
        Every estimate of a distribution, by its path.
    slopes : mapping of tuple to float or None
        d (ln P(H | e) - ln P(K | e)) / d estimate, of a shared one in all of its places; None where the
        engine has none.
    """

    case: Case
    estimates: Mapping[Path, Estimate]
    slopes: Mapping[Path, float] | None

    @classmethod
    def of(cls, case: Case, rivals: Rivals | None) -> Numbers:
        """The numbers of a case; without slopes where there are no hypotheses to compare."""
        estimates = {path: each for path, each in walk_estimates(case.spec) if "distribution" in path}
        return cls(case, estimates, None if rivals is None else _slopes(case, rivals))

    def behind(self, variable: str, others: Collection[str]) -> tuple[Backing, ...]:
        """What stands behind an observation of a variable, in an answer about others.

        Where arrows lead from one of the others to it: the numbers on these arrows, and those of the variable
        that no parent names, such as its leak. Where arrows lead from it to one of them: the numbers on
        these. Else, as where it speaks for a rival, all numbers of its own distribution.
        """
        network = self.case.network
        paths: list[Path] = []
        for other in others:
            down = network.descendants([other]) & network.ancestors([variable])
            up = network.descendants([variable]) & network.ancestors([other])
            if variable != other and down:
                paths += self.of_variable(variable, down, own=True)
                between = [name for name in network if name in down - {other, variable}]
                paths += [path for name in between for path in self.of_variable(name, down, own=False)]
            elif variable != other and up:
                between = [name for name in network if name in up - {variable}]
                paths += [path for name in between for path in self.of_variable(name, up, own=False)]
        if not paths and variable not in others:
            paths = self.of_variable(variable, network, own=True)
        return self.describe(dict.fromkeys(paths))

    def of_variable(self, name: str, parents: Collection[str], *, own: bool) -> list[Path]:
        """The estimates of a distribution for some parents and, if wanted, those for no parent."""
        section = _section_of(self.case, name)
        variable = getattr(self.case.spec, section)[name]
        kind = distribution_of(variable)
        found = []
        for inner, _ in walk_estimates(variable.distribution, (section, name, "distribution")):
            part = inner[4]
            if part in _BY_PARENT:
                wanted = inner[5] in parents
            elif isinstance(kind, Table):
                when = kind.rows[int(inner[5])].when
                wanted = own if not when else any(parent in parents for parent in when)
            else:
                wanted = own
            if wanted:
                found.append(inner)
        return found

    def describe(self, paths: Iterable[Path]) -> tuple[Backing, ...]:
        """The numbers at some paths that move the result, the one that moves it most first."""
        if self.slopes is not None:
            paths = [path for path in paths if self.slopes[path] != 0.0]
        # A number that stands in several places is one number.
        once = {self.estimates[path].shared or path: path for path in paths}
        found = [self._backing(path) for path in once.values()]
        return tuple(sorted(found, key=lambda each: -abs(each.moves or 0.0)))

    def weakest(self) -> tuple[Path, Backing] | None:
        """The number whose standard deviation moves the result most; None where none is known to."""
        if self.slopes is None:
            return None
        moved = {path: abs(slope) * self.deviation(path) for path, slope in self.slopes.items()}
        path = max(moved, key=moved.__getitem__, default=None)
        return None if path is None or moved[path] == 0.0 else (path, self._backing(path))

    def deviation(self, path: Path) -> float:
        """The standard deviation of an estimate: as given, from its interval, or from its sample size."""
        given = self.case.deviations.get(path)
        if given is not None:
            return given
        estimate = self.estimates[path]
        if estimate.low is not None and estimate.high is not None:
            return (estimate.high - estimate.low) / _WIDTH
        if estimate.n and 0.0 < estimate.value < 1.0:
            return math.sqrt(estimate.value * (1.0 - estimate.value) / estimate.n)
        return 0.0

    def _backing(self, path: Path) -> Backing:
        estimate = self.estimates[path]
        moves = None
        if self.slopes is not None:
            moves = DECIBANS_PER_NAT * self.slopes[path] * self.deviation(path)
        return Backing(
            path=".".join(map(str, path)),
            value=estimate.value,
            form=form_of(path, estimate),
            low=estimate.low,
            high=estimate.high,
            n=estimate.n,
            grade=estimate.grade,
            population=estimate.population or self.case.spec.model.population,
            sources=estimate.sources,
            note=estimate.note,
            moves=moves,
        )


def find_weakest(numbers: Numbers, rivals: Rivals) -> WeakestNumber | None:
    """The number whose stated uncertainty moves the log-ratio of two hypotheses most.

    It is found to first order, |slope| times standard deviation, and its interval is gone through exactly:
    the model is compiled anew with the number at either end, or as near to it as the other numbers allow.
    """
    found = numbers.weakest()
    if found is None:
        return None
    path, backing = found
    (low, at_low), (high, at_high) = (
        _towards(numbers, rivals, path, end) for end in (backing.low, backing.high)
    )
    label = _label_of(path, {name: each.label for name, (_, each) in numbers.case.described().items()})
    return WeakestNumber(number=backing, label=label, low=low, high=high, at_low=at_low, at_high=at_high)


# What stands between a variable and another one in the place of a number -> how the two are joined.
_JOINED = {"links": "from", "modifiers": "by", "inhibitors": "held back by"}


def _label_of(path: Path, labels: Mapping[str, str]) -> str:
    """What a number is about: a variable, and the other variable that has part in it."""
    own = labels[str(path[1])]
    for part, name in pairwise(map(str, path)):
        if part in _JOINED and name in labels:
            return f"{own}, {_JOINED[part]} {labels[name]}"
    return f"{own}, from none of its causes" if "leak" in path else own


def _towards(
    numbers: Numbers, rivals: Rivals, path: Path, end: float | None
) -> tuple[float | None, float | None]:
    """A number moved to an end of its interval, as far as the others allow, and the result in decibans."""
    value = numbers.estimates[path].value
    for fraction in _FRACTIONS if end is not None and end != value else ():
        assert end is not None
        near = end if fraction == 1.0 else value + fraction * (end - value)
        found = _at(numbers, rivals, path, near)
        if found is not None:
            return near, found
    return None, None


def _at(numbers: Numbers, rivals: Rivals, path: Path, value: float) -> float | None:
    """The log-ratio with one number changed, in decibans; None where there is none."""
    case, estimate = numbers.case, numbers.estimates[path]
    # Only what bears on the result: a number elsewhere that does not go with the change is no obstacle.
    spec, network = bearing_part(case.spec, case.network, (*case.evidence, rivals.first[0], rivals.second[0]))
    # Only the value counts for the network; the interval need not hold it.
    places = places_of_shared(spec).get(estimate.shared, (path,))
    changed = replace_estimates(spec, dict.fromkeys(places, replace(estimate, value=value)))
    try:
        network = recompile(changed, spec, network)
    except ModelError:
        return None
    everything = np.ones([1, len(case.evidence)], dtype=bool)
    found = float(log_ratio(replace(case, network=network), rivals, everything)[0])
    return DECIBANS_PER_NAT * found if math.isfinite(found) else None


def _slopes(case: Case, rivals: Rivals) -> Mapping[Path, float] | None:
    if case.jacobian is None or not isinstance(case.engine, Differentiating):
        return None
    hypotheses = [
        (Condition(name, tuple(np.flatnonzero(vector).tolist())),)
        for name, vector in (rivals.first, rivals.second)
    ]
    slopes = case.engine.differentiate(case.network, case.evidence.likelihoods, hypotheses)
    by_estimate = case.jacobian.by_estimate(slopes.by_number[1:2] - slopes.by_number[2:3])[0]
    found = dict(zip(case.jacobian.paths, by_estimate.tolist(), strict=True))
    # A shared number moves in all of its places at once.
    for places in places_of_shared(case.spec).values():
        inside = [path for path in places if path in found]
        found |= dict.fromkeys(inside, math.fsum(found[path] for path in inside))
    return found


def _section_of(case: Case, name: str) -> str:
    return next(_sections_with(case, name))


def _sections_with(case: Case, name: str) -> Iterator[str]:
    return (section for section in ROLE_OF_SECTION if name in getattr(case.spec, section))
