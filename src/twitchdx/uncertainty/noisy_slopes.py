"""How the numbers of a noisy node depend on its estimates: links, leaks, sensitivities, ratios."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from twitchdx.network import NoisyMax, joint
from twitchdx.numerics import Array
from twitchdx.spec import Estimate, NoisyOr, Variable
from twitchdx.spec import NoisyMax as NoisyMaxSpec
from twitchdx.uncertainty.building import Build, Constraint, Path


class NoisySlopes:
    """A noisy node: cumulative quantities, each a function of estimates and of what is solved."""

    def __init__(
        self,
        build: Build,
        name: str,
        path: Path,
        variable: Variable,
        kind: NoisyOr | NoisyMaxSpec,
        first: int,
    ) -> None:
        mechanism = build.network[name].mechanism
        assert isinstance(mechanism, NoisyMax)
        self.build, self.name, self.kind, self.mechanism = build, name, kind, mechanism
        self.states = tuple(variable.states)
        self.grades = self.states[1:]
        self.path = (*path, "noisy_or" if isinstance(kind, NoisyOr) else "noisy_max")
        self.part: dict[str, int] = {}
        at = first
        for parent, reach in zip(mechanism.producers, mechanism.reach, strict=True):
            self.part[parent] = at
            at += len(reach) * len(self.states)
        self.passes: dict[str, int] = {}
        for parent, each in zip(mechanism.inhibitors, mechanism.passes, strict=True):
            self.passes[parent] = at
            at += len(each)
        self.leak_at = at

    def run(self) -> None:
        """Collect the derivatives of all numbers of the node."""
        for parent, below in self.kind.inhibitors.items():
            states = self.build.network[parent].states
            for state in below:
                number = self.build.estimate[(*self.path, "inhibitors", parent, state)]
                self.build.direct.append((self.passes[parent] + states.index(state), number, 1.0))
        for g, grade in enumerate(self.grades):
            self.grade(g, grade)

    def grade(self, g: int, grade: str) -> None:
        """Those for one grade."""
        leak, leak_path = self.leak(grade)
        ratios: dict[str, list[tuple[str, Path, Estimate]]] = {}
        sensitivities = []
        for parent, state, place, estimate in self.links(grade):
            if estimate.form == "sensitivity":
                sensitivities.append((parent, state, place, estimate))
            elif estimate.form == "link":
                self.move(self.build.direct, self.cell(parent, state), g, self.build.estimate[place], 1.0)
            else:
                ratios.setdefault(parent, []).append((state, place, estimate))
        for parent, exposed in ratios.items():
            assert leak is not None
            self.ratios(g, parent, exposed, leak, leak_path)
        if leak is None:
            return
        entries, column = self.leak_column(g, leak, leak_path)
        self.move(entries, self.leak_at, g, column, 1.0)
        value = float(self.mechanism.leak[g])
        for parent, state, place, estimate in sensitivities:
            cell = self.cell(parent, state)
            self.move(self.build.direct, cell, g, self.build.estimate[place], 1.0 / (1.0 - value))
            self.move(entries, cell, g, column, -(1.0 - estimate.value) / (1.0 - value) ** 2)

    def leak_column(self, g: int, leak: Estimate, path: Path) -> tuple[list[tuple[int, int, float]], int]:
        """The leak as an estimate, or as what its prevalence makes it."""
        number = self.build.estimate[path]
        if leak.form != "prevalence":
            return self.build.direct, number
        hypothesis = self.build.suppose(self.name, range(g + 1, len(self.states)))
        return self.build.through, self.build.constrain(Constraint([(hypothesis, 1.0)], [(number, -1.0)]))

    def ratios(
        self,
        g: int,
        parent: str,
        exposed: Sequence[tuple[str, Path, Estimate]],
        leak: Estimate,
        leak_path: Path,
    ) -> None:
        """Links from ratios, by way of p0, the risk of the unexposed."""
        build = self.build
        states = build.network[parent].states
        odds = exposed[0][2].form == "odds_ratio"
        shares = joint(build.network, [parent])
        index = [states.index(state) for state, _, _ in exposed]
        f = np.array([float(shares[k]) for k in index])
        r = np.array([estimate.value for _, _, estimate in exposed])
        reach = self.mechanism.reach[self.mechanism.producers.index(parent)][index, g]
        p0 = _unexposed(f, r, reach, leak.value, odds=odds)
        p, by_p0, by_r = _risk(p0, r, odds=odds)
        terms = [(build.suppose(parent, [k]), each) for k, each in zip(index, (p - p0).tolist(), strict=True)]
        by_estimate = [(build.estimate[leak_path], -1.0)]
        by_estimate += [
            (build.estimate[place], each)
            for (_, place, _), each in zip(exposed, (f * by_r).tolist(), strict=True)
        ]
        risk = build.constrain(Constraint(terms, by_estimate, 1.0 - f.sum() + float(f @ by_p0)))
        for (state, place, _), one, a, b in zip(
            exposed, p.tolist(), by_p0.tolist(), by_r.tolist(), strict=True
        ):
            cell = self.cell(parent, state)
            self.move(build.direct, cell, g, build.estimate[place], b / (1.0 - p0))
            self.move(build.through, cell, g, risk, a / (1.0 - p0) - (1.0 - one) / (1.0 - p0) ** 2)

    def leak(self, grade: str) -> tuple[Estimate | None, Path]:
        """The estimate of the leak at a grade, and its place."""
        if isinstance(self.kind, NoisyOr):
            return self.kind.leak, (*self.path, "leak")
        return self.kind.leak.get(grade), (*self.path, "leak", grade)

    def links(self, grade: str) -> Iterator[tuple[str, str, Path, Estimate]]:
        """Parent, state, place and estimate of every link at a grade."""
        for parent, below in self.kind.links.items():
            for state, entry in below.items():
                place = (*self.path, "links", parent, state)
                if isinstance(entry, Estimate):
                    yield parent, state, place, entry
                elif grade in entry:
                    yield parent, state, (*place, grade), entry[grade]

    def cell(self, parent: str, state: str) -> int:
        """Where the contributions of a parent in a state begin."""
        return self.part[parent] + self.build.network[parent].states.index(state) * len(self.states)

    def move(
        self, entries: list[tuple[int, int, float]], cell: int, g: int, column: int, slope: float
    ) -> None:
        """P(contribution >= grade g + 1) rises by `slope`: mass goes from the class below to this one."""
        entries.append((cell + g + 1, column, slope))
        entries.append((cell + g, column, -slope))


def _risk(p0: float, r: Array, *, odds: bool) -> tuple[Array, Array, Array]:
    """Risks of the exposed, and their derivatives by that of the unexposed and by the ratios."""
    if not odds:
        return r * p0, r, np.full_like(r, p0)
    below = 1.0 - p0 + r * p0
    return r * p0 / below, r / below**2, p0 * (1.0 - p0) / below**2


def _unexposed(f: Array, r: Array, reach: Array, prevalence: float, *, odds: bool) -> float:
    """The risk of the unexposed, from the link that was made of it: w = (p1 - p0) / (1 - p0)."""
    if not odds:
        return prevalence / float(1.0 - f.sum() + f @ r)
    # w = p0 (r - 1) / (1 - p0 + r p0), so that p0 = w / ((r - 1) (1 - w)); a ratio of 1 tells nothing.
    telling = int(np.argmax(np.abs(np.log(r))))
    if r[telling] == 1.0:
        return prevalence
    w = float(reach[telling])
    return w / ((float(r[telling]) - 1.0) * (1.0 - w))
