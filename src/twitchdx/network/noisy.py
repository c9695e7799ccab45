"""Noisy-OR and noisy-MAX distributions: published numbers to cumulative contributions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from twitchdx.network.contraction import Nodes, Values, expectation, joint
from twitchdx.network.conversions import (
    ConversionError,
    link_from_risks,
    link_from_sensitivity,
    risks_from_ratios,
    solve_leak,
)
from twitchdx.network.network import NoisyMax as Compiled
from twitchdx.numerics import Array, read_only
from twitchdx.spec import Estimate, NoisyMax, NoisyOr

Path = tuple[str | int, ...]
Report = Callable[[Path, ConversionError], None]
# Solved numbers of neighbouring grades may cross by rounding alone.
_ROUNDING = 1e-9
# Errors of 1e-16 may grow a thousandfold before a solved leak, good to about 1e-10, would feel them.
_AMPLIFIED = 1e-3


def compile_noisy(
    above: Nodes, states: tuple[str, ...], kind: NoisyOr | NoisyMax, path: Path, report: Report
) -> Compiled:
    """Convert every number of a noisy distribution.

    Each grade g is a noisy-OR of its own for the event "at least g", so each is solved by itself: first
    links that need nothing else, then the leak, then links that are given as sensitivities.

    Parameters
    ----------
    above : mapping of str to Node
        Holds all parents and everything upstream of them, parents before children.
    states : tuple of str
        States of the variable, the first one included.
    kind : NoisyOr or NoisyMax
        What the model says.
    path : tuple
        Place of the distribution, for the issues.
    report : callable
        Takes the place and the problem of a number that cannot be converted.
    """
    place = (*path, "noisy_or" if isinstance(kind, NoisyOr) else "noisy_max")
    work = _Noisy(above, states[1:], kind, place, report)
    return work.compile()


@dataclass(slots=True)
class _Noisy:
    above: Nodes
    grades: tuple[str, ...]
    kind: NoisyOr | NoisyMax
    path: Path
    report: Report
    reach: dict[str, Array] = field(init=False)
    passes: dict[str, Array] = field(init=False)
    leak: Array = field(init=False)

    def compile(self) -> Compiled:
        self.reach = {
            parent: np.zeros([len(self.above[parent].states), len(self.grades)]) for parent in self.kind.links
        }
        self.passes = {parent: self.pass_vector(parent) for parent in self.kind.inhibitors}
        self.leak = np.zeros(len(self.grades))
        for g, grade in enumerate(self.grades):
            self.convert_grade(g, grade)
        self.check_monotone()
        return Compiled(
            producers=tuple(self.reach),
            reach=tuple(read_only(values) for values in self.reach.values()),
            leak=read_only(self.leak),
            inhibitors=tuple(self.passes),
            passes=tuple(read_only(values) for values in self.passes.values()),
        )

    def leaks(self) -> Mapping[str, Estimate]:
        leak = self.kind.leak
        return leak if isinstance(leak, dict) else {self.grades[0]: leak}

    def links(self, grade: str) -> dict[str, dict[str, tuple[Path, Estimate]]]:
        """Parent -> state -> the number for this grade, with its place."""
        found: dict[str, dict[str, tuple[Path, Estimate]]] = {}
        for parent, by_state in self.kind.links.items():
            for state, entry in by_state.items():
                place = (*self.path, "links", parent, state)
                if isinstance(entry, Estimate):
                    found.setdefault(parent, {})[state] = (place, entry)
                elif grade in entry:
                    found.setdefault(parent, {})[state] = ((*place, grade), entry[grade])
        return found

    def state_index(self, parent: str, state: str) -> int:
        return self.above[parent].states.index(state)

    def pass_vector(self, parent: str) -> Array:
        values = np.ones(len(self.above[parent].states))
        for state, multiplier in self.kind.inhibitors[parent].items():
            values[self.state_index(parent, state)] = multiplier.value
        return values

    def convert_grade(self, g: int, grade: str) -> None:
        links = self.links(grade)
        leak = self.leaks().get(grade)
        sensitivities: list[tuple[str, int, Path, float]] = []
        for parent, by_state in links.items():
            ratios = {}
            for state, (place, estimate) in by_state.items():
                index = self.state_index(parent, state)
                if estimate.form == "sensitivity":
                    sensitivities.append((parent, index, place, estimate.value))
                elif estimate.form == "link":
                    self.reach[parent][index, g] = estimate.value
                else:
                    ratios[index] = (place, estimate)
            if ratios:
                self.convert_ratios(g, parent, ratios, leak)
        if leak is not None and leak.form == "prevalence":
            self.solve_leak(g, grade, leak.value, sensitivities)
        elif leak is not None:
            self.leak[g] = leak.value
        for parent, index, place, sensitivity in sensitivities:
            try:
                self.reach[parent][index, g] = link_from_sensitivity(sensitivity, float(self.leak[g]))
            except ConversionError as error:
                self.report(place, error)

    def convert_ratios(
        self, g: int, parent: str, ratios: Mapping[int, tuple[Path, Estimate]], leak: Estimate | None
    ) -> None:
        first_place = next(iter(ratios.values()))[0]
        if leak is None or leak.form != "prevalence":
            message = "a ratio on a link needs the overall prevalence of this variable."
            fix = "Give the leak as `form: prevalence`, or convert the ratio to a link."
            self.report(first_place, ConversionError(message, fix))
            return
        marginal = joint(self.above, [parent])
        forms = {estimate.form for _, estimate in ratios.values()}
        try:
            if len(forms) > 1:
                message = "odds ratios and relative risks of one parent stand side by side."
                raise ConversionError(message, "Convert them to one form.")  # noqa: TRY301 - reported below, with the others
            unexposed, risks = risks_from_ratios(
                leak.value,
                [float(marginal[index]) for index in ratios],
                [estimate.value for _, estimate in ratios.values()],
                odds=forms == {"odds_ratio"},
            )
        except ConversionError as error:
            self.report(first_place, error)
            return
        for (index, (place, _)), risk in zip(ratios.items(), risks, strict=True):
            try:
                self.reach[parent][index, g] = link_from_risks(unexposed, risk)
            except ConversionError as error:
                self.report(place, error)

    def solve_leak(
        self, g: int, grade: str, prevalence: float, sensitivities: list[tuple[str, int, Path, float]]
    ) -> None:
        names = dict.fromkeys((*self.reach, *self.passes))
        unaries = {
            name: self.passes.get(name, np.ones(len(self.above[name].states)))[:, None] for name in names
        }
        passing = expectation(self.above, unaries).item() if self.passes else 1.0
        for parent, reach in self.reach.items():
            unaries[parent] = unaries[parent] * (1.0 - reach[:, g, None])

        def silence(scale: Values) -> Values:
            """E[I prod_k (1 - w_k)] where a link given as a sensitivity p has 1 - w = scale * (1 - p)."""
            functions = {name: values * np.ones_like(scale) for name, values in unaries.items()}
            for parent, index, _, sensitivity in sensitivities:
                functions[parent][index] *= (1.0 - sensitivity) * scale
            return expectation(self.above, functions) if functions else np.ones_like(scale)

        degree = len({parent for parent, *_ in sensitivities})
        greatest = prevalence / passing if prevalence < passing else 1.0
        try:
            self.leak[g] = solve_leak(prevalence, passing, _of_leak(silence, degree, greatest))
        except ConversionError as error:
            leak_path = (
                (*self.path, "leak") if isinstance(self.kind, NoisyOr) else (*self.path, "leak", grade)
            )
            self.report(leak_path, error)

    def check_monotone(self) -> None:
        """P(at least g) never rises with g, for the leak and for each state of each parent."""
        if len(self.grades) == 1:
            return
        rows: list[tuple[Path, Array]] = [((*self.path, "leak"), self.leak)]
        for parent, reach in self.reach.items():
            states = self.above[parent].states
            rows.extend(((*self.path, "links", parent, s), row) for s, row in zip(states, reach, strict=True))
        for place, row in rows:
            rise = np.diff(row)
            if rise.max() > _ROUNDING:
                grade = self.grades[int(rise.argmax()) + 1]
                lower, higher = row[int(rise.argmax())], row[int(rise.argmax()) + 1]
                message = (
                    f"after conversion, at least {grade!r} is more probable ({higher:.4g}) "
                    f"than the grade below it ({lower:.4g})."
                )
                fix = "Each number is for at least its grade: lower this one, or raise the one below."
                self.report(place, ConversionError(message, fix))
            np.minimum.accumulate(row, out=row)


def _of_leak(silence: Callable[[Values], Values], degree: int, greatest: float) -> Callable[[float], float]:
    """The silence as a function of the leak, at which 1 - w = (1 - p) / (1 - leak).

    It is a polynomial of 1 / (1 - leak), whose coefficients are known from its values at the roots of unity:
    one pass through the network for every leak. Each has an error of about 1e-16. Where the greatest possible
    leak makes too much of that, each leak has a pass of its own.
    """
    if (1.0 - greatest) ** degree < _AMPLIFIED:
        return lambda leak: silence(np.array([1.0 / (1.0 - leak)])).item()
    powers = np.arange(degree + 1)
    roots = np.exp(2j * np.pi * powers / len(powers))
    coefficients = (silence(roots) @ roots[:, None] ** -powers).real / len(powers)

    def of_leak(leak: float) -> float:
        return float(coefficients @ (1.0 - leak) ** -powers)

    return of_leak
