"""Rules for distributions: states exist, each is complete, none is said twice."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from twitchdx.checks.report import Path, Report
from twitchdx.spec import (
    ROLE_OF_SECTION,
    Categorical,
    Deterministic,
    Estimate,
    LogLinear,
    ModelSpec,
    NoisyMax,
    NoisyOr,
    Table,
    TableRow,
    Variable,
    distribution_of,
    parents_of,
)

#: Largest table that a model may spell out: 10^5 cells are under a megabyte, and nobody reads more.
MAX_TABLE_CELLS = 100_000

_KINDS = ("categorical", "log_linear", "noisy_or", "noisy_max", "table", "deterministic")


def check_distributions(spec: ModelSpec, report: Report) -> None:
    """Check every distribution; parents that do not exist are left to `check_graph`."""
    variables = {name: variable for name, (_, variable) in spec.variables().items()}
    for section in ROLE_OF_SECTION:
        for name, variable in getattr(spec, section).items():
            _Checker(variables, variable, (section, name, "distribution"), report).check()


class _Checker:
    """The rules for the distribution of one variable."""

    def __init__(
        self, variables: Mapping[str, Variable], variable: Variable, path: Path, report: Report
    ) -> None:
        self.variables = variables
        self.states = tuple(variable.states)
        self.variable = variable
        self.path = path
        self.report = report

    def check(self) -> None:
        kinds = [name for name in _KINDS if getattr(self.variable.distribution, name) is not None]
        if len(kinds) != 1:
            found = ", ".join(kinds) or "none"
            self.report.error(
                "distribution-kind",
                self.path,
                f"found {found}.",
                f"Give exactly one of: {', '.join(_KINDS)}.",
            )
            return
        path = (*self.path, kinds[0])
        match distribution_of(self.variable):
            case Categorical(probabilities=probabilities):
                self.rest((*path, "probabilities"), probabilities)
            case LogLinear() as log_linear:
                self.log_linear(path, log_linear)
            case NoisyOr() as noisy_or:
                self.noisy_or(path, noisy_or)
            case NoisyMax() as noisy_max:
                self.noisy_max(path, noisy_max)
            case Table(rows=rows):
                self.table(path, rows)
            case Deterministic() as deterministic:
                self.deterministic(path, deterministic)

    def known_state(self, path: Path, owner: str, state: str, states: Collection[str]) -> bool:
        if state in states:
            return True
        self.report.unresolved("unknown-state", path, state, states, f"state of {owner}")
        return False

    def parent_states(self, path: Path, parent: str, states: Collection[str]) -> None:
        if parent in self.variables:
            for state in states:
                self.known_state((*path, parent, state), parent, state, self.variables[parent].states)

    def rest(self, path: Path, given: Collection[str]) -> None:
        """All states but one are given."""
        for state in given:
            self.known_state((*path, state), "this variable", state, self.states)
        missing = [state for state in self.states if state not in given]
        if len(missing) != 1:
            self.report.error(
                "incomplete-distribution",
                path,
                f"{len(missing)} states have no number: {', '.join(missing) or 'none'}.",
                "Give every state but one a number; the one left out receives the rest.",
            )

    def log_linear(self, path: Path, kind: LogLinear) -> None:
        self.table_size(path)
        for state in kind.marginal:
            self.known_state((*path, "marginal", state), "this variable", state, self.states[1:])
        missing = [state for state in self.states[1:] if state not in kind.marginal]
        if missing:
            self.report.error(
                "incomplete-distribution",
                (*path, "marginal"),
                f"no marginal for {', '.join(missing)}.",
                "Give every state but the first its prevalence or incidence.",
            )
        forms = set()
        for parent, ratios in kind.modifiers.items():
            self.parent_states((*path, "modifiers"), parent, ratios)
            forms |= {ratio.form for ratio in ratios.values()}
            if parent in self.variables and not set(self.variables[parent].states) - set(ratios):
                self.report.error(
                    "no-reference-state",
                    (*path, "modifiers", parent),
                    "every state has a ratio, so none is the one that the others are compared with.",
                    "Leave out the state that the ratios are against.",
                )
        if len(forms) > 1:
            self.report.error(
                "mixed-ratios",
                (*path, "modifiers"),
                "odds ratios and relative risks stand side by side.",
                "Convert them to one form: they multiply on different scales.",
            )

    def producers(self, path: Path, links: Mapping[str, Collection[str]]) -> None:
        for parent, given in links.items():
            self.parent_states((*path, "links"), parent, given)
            if parent in self.variables and next(iter(self.variables[parent].states)) in given:
                first = next(iter(self.variables[parent].states))
                self.report.error(
                    "first-state-produces",
                    (*path, "links", parent, first),
                    f"{first!r} is the first state of {parent}, which contributes nothing.",
                    "Remove it, or reorder the states of the parent.",
                )

    def noisy_or(self, path: Path, kind: NoisyOr) -> None:
        if len(self.states) != 2:
            self.report.error(
                "noisy-or-states", path, f"the variable has {len(self.states)} states.", "Use `noisy_max`."
            )
        self.producers(path, kind.links)
        for parent, given in kind.inhibitors.items():
            self.parent_states((*path, "inhibitors"), parent, given)

    def noisy_max(self, path: Path, kind: NoisyMax) -> None:
        self.grades((*path, "leak"), kind.leak)
        self.producers(path, kind.links)
        for parent, states in kind.links.items():
            for state, grades in states.items():
                self.grades((*path, "links", parent, state), grades)
        for parent, given in kind.inhibitors.items():
            self.parent_states((*path, "inhibitors"), parent, given)

    def grades(self, path: Path, given: Mapping[str, Estimate]) -> None:
        """Grades are cumulative: those given are the lowest ones, without a gap."""
        # A list, not a generator: every unknown grade is reported, not only the first.
        known = [self.known_state((*path, grade), "this variable", grade, self.states[1:]) for grade in given]
        if all(known) and set(given) != set(self.states[1 : len(given) + 1]):
            self.report.error(
                "grade-gap",
                path,
                f"found {', '.join(given)}; the grades are {', '.join(self.states[1:])}.",
                "Each number is for at least its grade: give the grades from the lowest up, without a gap.",
            )

    def table(self, path: Path, rows: Sequence[TableRow]) -> None:
        for index, row in enumerate(rows):
            here = (*path, "rows", index)
            self.conditions(here, row.when)
            if (row.probabilities is None) == (row.state is None):
                self.report.error(
                    "table-row",
                    here,
                    "a row gives `probabilities` or a `state`.",
                    "Give exactly one of the two.",
                )
            if row.probabilities is not None:
                self.rest((*here, "probabilities"), row.probabilities)
            if row.state is not None:
                self.known_state(here, "this variable", row.state, self.states)
        self.coverage(path, [row.when for row in rows])

    def deterministic(self, path: Path, kind: Deterministic) -> None:
        for index, row in enumerate(kind.rows):
            here = (*path, "rows", index)
            self.conditions(here, row.when)
            self.known_state(here, "this variable", row.state, self.states)
        self.known_state((*path, "otherwise"), "this variable", kind.otherwise, self.states)
        self.table_size(path)

    def conditions(self, path: Path, when: Mapping[str, Collection[str]]) -> None:
        for parent, states in when.items():
            self.parent_states((*path, "when"), parent, states)
            if not states or len(set(states)) < len(states):
                self.report.error(
                    "table-row",
                    (*path, "when", parent),
                    "the list of states is empty or repeats one.",
                    "List each once.",
                )

    def table_size(self, path: Path) -> bool:
        parents = [self.variables[name] for name in parents_of(self.variable) if name in self.variables]
        cells = math.prod([len(self.states), *(len(parent.states) for parent in parents)])
        if cells > MAX_TABLE_CELLS:
            self.report.error(
                "table-too-large",
                path,
                f"the table would have {cells:,} cells; the limit is {MAX_TABLE_CELLS:,}.",
                "Use `noisy_max` or `log_linear`, which grow with the sum of the parents, or fewer parents.",
            )
        return cells <= MAX_TABLE_CELLS

    def coverage(self, path: Path, rows: Sequence[Mapping[str, Collection[str]]]) -> None:
        """Each combination of the parents' states is matched exactly once."""
        parents = parents_of(self.variable)
        # Without the states of a parent nothing can be said about its combinations.
        if not self.table_size(path) or not all(name in self.variables for name in parents):
            return
        states = [tuple(self.variables[name].states) for name in parents]
        matched = np.zeros([len(each) for each in states], dtype=np.int64)
        for when in rows:
            chosen = [
                [i for i, state in enumerate(each) if state in when.get(name, each)]
                for name, each in zip(parents, states, strict=True)
            ]
            matched[np.ix_(*chosen)] += 1
        for count, code in ((matched == 0, "table-gap"), (matched > 1, "table-overlap")):
            if count.any():
                example = np.argwhere(count)[0]
                combination = ", ".join(
                    f"{name}={each[i]}" for name, each, i in zip(parents, states, example, strict=True)
                )
                verb = "no row matches" if code == "table-gap" else "more than one row matches"
                self.report.error(
                    code,
                    path,
                    f"{verb} {combination or 'the table'}.",
                    "Match every combination exactly once.",
                )
