"""Rules of meaning for validation files: every name exists, and no figure is what sets a number."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from twitchdx.checks.report import Path, Report
from twitchdx.errors import EvidenceError, Issue, Where, suggest
from twitchdx.evidence import parse_evidence
from twitchdx.loading import Case
from twitchdx.spec import (
    LEVELS,
    Expectation,
    Figure,
    ModelSpec,
    ProbabilityRange,
    Reference,
    ValidationSpec,
    Variable,
    Vignette,
    walk_estimates,
)

# The step that the level of care asks for; it stands in no section of a model.
_SEEK_CARE = "seek_care"


def check_validation(
    said: ValidationSpec,
    model: ModelSpec,
    cases: Mapping[str, Case],
    where: Callable[[Path], Where],
    left_out: frozenset[str] = frozenset(),
) -> list[Issue]:
    """Every issue of meaning in the validation files of a model.

    Parameters
    ----------
    said : ValidationSpec
        What the files say, of the right shape.
    model : ModelSpec
        The model, without an error.
    cases : mapping of str to Case
        Its cases.
    where : callable
        Path of an entry -> its file and line.
    left_out : frozenset of str, optional
        Names of entries whose shape is wrong; naming them is no issue.
    """
    report = Report(where, left_out=left_out)
    _check_references(said, model, report)
    figures = _FigureRules(report, _variables(model), _publications(said, model), _used(model))
    for name, figure in said.figures.items():
        figures.check(("figures", name), figure)
    vignettes = _VignetteRules(report, model, _variables(model), cases, _publications(said, model))
    for name, vignette in said.vignettes.items():
        vignettes.check(("vignettes", name), vignette)
    return report.issues


def _variables(model: ModelSpec) -> dict[str, Variable]:
    return {name: variable for name, (_, variable) in model.variables().items()}


def _check_references(said: ValidationSpec, model: ModelSpec, report: Report) -> None:
    counts = Counter(each.id for each in (*said.references, *model.references))
    for index, reference in enumerate(said.references):
        if counts[reference.id] > 1:
            report.error(
                "duplicate-reference",
                ("references", index),
                f"the id {reference.id!r} occurs twice, here or in the model.",
                "Cite the reference of the model by its id, or rename this one.",
            )


def _publications(said: ValidationSpec, model: ModelSpec) -> dict[str, frozenset[str]]:
    """Id of a reference -> what identifies the publication: the id, its DOI and its PubMed id."""

    def identity(reference: Reference) -> frozenset[str]:
        names = (reference.id, f"doi {reference.DOI.casefold()}", f"pmid {reference.PMID}")
        return frozenset(name for name in names if not name.endswith(" "))

    return {each.id: identity(each) for each in (*said.references, *model.references)}


def _used(model: ModelSpec) -> dict[str, str]:
    """Id of a reference that some number cites -> the place of the first that does."""
    used: dict[str, str] = {}
    for path, estimate in walk_estimates(model):
        for source in estimate.sources:
            used.setdefault(source, ".".join(map(str, path)))
    return used


def _check_sources(report: Report, path: Path, sources: Iterable[str], known: Collection[str]) -> None:
    for source in sources:
        if source not in known:
            report.unresolved("unknown-reference", (*path, "sources"), source, known, "reference")


@dataclass(frozen=True, slots=True)
class _FigureRules:
    report: Report
    variables: Mapping[str, Variable]
    publications: Mapping[str, frozenset[str]]
    used: Mapping[str, str]

    def check(self, path: Path, figure: Figure) -> None:
        self.numbers(path, figure)
        if not figure.terms:
            self.report.error("no-term", path, "the figure has no term.", "Say in `terms` what it counts.")
        for index, term in enumerate(figure.terms):
            here: Path = (*path, "terms", index)
            if not term.of:
                self.report.error("no-event", here, "the term says nothing.", "Name a variable in `of`.")
            self.event((*here, "of"), term.of)
            self.event((*here, "given"), term.given)
        if not figure.sources:
            self.report.error("uncited-figure", path, "the figure has no source.", "Add `sources`.")
        _check_sources(self.report, path, figure.sources, self.publications)
        self.double_use(path, figure)

    def numbers(self, path: Path, figure: Figure) -> None:
        published = figure.published
        values = (published.value, published.low, published.high, figure.tolerance)
        if not all(map(math.isfinite, (*values, *(term.weight for term in figure.terms)))):
            self.report.error("out-of-range", path, "a number is not finite.", "Give finite numbers.")
        if not published.low <= published.value <= published.high:
            self.report.error(
                "interval-misses-value",
                (*path, "published"),
                f"the value {published.value:g} lies outside {published.low:g} to {published.high:g}.",
                "Mend the value or the interval: low <= value <= high.",
            )
        probability = all(term.weight == 1.0 for term in figure.terms)
        if published.low < 0.0 or (probability and published.high > 1.0):
            self.report.error(
                "out-of-range",
                (*path, "published"),
                f"{published.low:g} to {published.high:g} is no range of "
                f"{'probabilities' if probability else 'amounts'}.",
                "Give shares from 0 to 1; where the terms have weights, amounts that are not negative.",
            )
        if figure.tolerance < 1.0:
            self.report.error(
                "out-of-range",
                (*path, "tolerance"),
                f"the tolerance is {figure.tolerance:g}.",
                "Give a factor of at least 1; 1 tolerates nothing beyond the interval.",
            )

    def event(self, path: Path, event: Mapping[str, tuple[str, ...]]) -> None:
        for name, states in event.items():
            here = (*path, name)
            if name not in self.variables:
                self.report.unresolved("unknown-variable", here, name, self.variables, "variable")
                continue
            known = self.variables[name].states
            if not states:
                self.report.error(
                    "no-state", here, "the list of states is empty.", f"Choose of: {', '.join(known)}."
                )
            for state in states:
                if state not in known:
                    self.report.unresolved("unknown-state", here, state, known, f"state of {name}")

    def double_use(self, path: Path, figure: Figure) -> None:
        """What sets a number cannot test it, unless the author says why it can."""
        if figure.shares_source:
            return
        for source in figure.sources:
            same = self.publications.get(source, frozenset())
            for other, place in self.used.items():
                if same & self.publications[other]:
                    self.report.error(
                        "double-use",
                        (*path, "sources"),
                        f"{source!r} also sets a number of the model: {place}.",
                        "Say in `shares_source` why the two are different figures, or remove this one.",
                    )


@dataclass(frozen=True, slots=True)
class _VignetteRules:
    report: Report
    model: ModelSpec
    variables: Mapping[str, Variable]
    cases: Mapping[str, Case]
    publications: Mapping[str, frozenset[str]]

    def check(self, path: Path, vignette: Vignette) -> None:
        self.evidence(path, vignette)
        _check_sources(self.report, path, vignette.sources, self.publications)
        self.expectation((*path, "expect"), vignette.expect)

    def evidence(self, path: Path, vignette: Vignette) -> None:
        if (vignette.evidence is None) == (not vignette.case):
            found = "a vignette has `evidence`, or a `case` that holds it."
            self.report.error("evidence-or-case", path, found, "Give exactly one of the two.")
        case = self.cases.get(vignette.case)
        if vignette.case and case is None:
            self.report.unresolved("unknown-case", (*path, "case"), vignette.case, self.cases, "case")
        if not vignette.title and (case is None or not case.title) and (case or not vignette.case):
            self.report.error("no-title", path, "the vignette has no title.", "Add `title`.")
        for name, value in (vignette.evidence or {}).items():
            self.observation((*path, "evidence", name), name, value)
        for name, value in (case.evidence if case else {}).items():
            self.observation((*path, "case"), name, value)

    def observation(self, path: Path, name: str, value: object) -> None:
        try:
            parse_evidence({name: value}, self.variables)
        except EvidenceError as error:
            self.report.issues += [replace(issue, where=self.report.where(path)) for issue in error.issues]

    def expectation(self, path: Path, expect: Expectation) -> None:
        if expect == Expectation():
            fix = "Say what the answer must be."
            self.report.error("no-expectation", path, "nothing is expected.", fix)
        causes = self.model.causes
        for part, named in (
            ("leading", expect.leading),
            ("among_first", expect.among_first),
            ("probability", expect.probability),
            ("responsibility", expect.responsibility),
        ):
            self.names((*path, part), named, causes, "cause")
        self.names((*path, "steps"), expect.steps, (*self.model.steps, _SEEK_CARE), "step")
        self.names((*path, "tests"), expect.tests, self.model.tests, "test")
        for index, pair in enumerate(expect.above):
            here: Path = (*path, "above", index)
            self.names(here, pair, causes, "cause")
            if len(pair) != 2 or len(set(pair)) != 2:
                found = f"found {', '.join(pair) or 'nothing'}."
                self.report.error("no-pair", here, found, "Give two causes: the former above the latter.")
        for cause, place in expect.among_first.items():
            if not 1 <= place <= len(causes):
                found = f"there is no place {place}."
                fix = f"Give a place from 1 to {len(causes)}."
                self.report.error("out-of-range", (*path, "among_first", cause), found, fix)
        for part in ("probability", "responsibility"):
            for cause, bounds in getattr(expect, part).items():
                self.bounds((*path, part, cause), bounds)
        self.levels((*path, "triage"), expect)

    def names(self, path: Path, named: Iterable[str], known: Collection[str], what: str) -> None:
        for name in named:
            if name not in known:
                # Whatever is left out here is no cause, step or test.
                found = f"there is no {what} {name!r}."
                self.report.error(f"unknown-{what}", path, found, suggest(name, known))

    def bounds(self, path: Path, bounds: ProbabilityRange) -> None:
        low = 0.0 if bounds.at_least is None else bounds.at_least
        high = math.inf if bounds.below is None else bounds.below
        said = bounds.at_least is not None or bounds.below is not None
        if not said or not 0.0 <= low <= 1.0 or high <= low:
            fix = "Give `at_least`, `below` or both, from 0 to 1, with room between them."
            self.report.error("threshold", path, "no probability is excluded, or every one is.", fix)

    def levels(self, path: Path, expect: Expectation) -> None:
        if expect.triage is None:
            return
        low, high = expect.triage.at_least, expect.triage.at_most
        order = [LEVELS.index(level) for level in (low, high) if level is not None]
        if not order or order != sorted(order):
            fix = "Give `at_least`, `at_most` or both, the former no higher than the latter."
            self.report.error("threshold", path, "no level is excluded, or every one is.", fix)
