"""What an answer says of each expectation of a vignette."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from twitchdx.diagnosis import Diagnosis
from twitchdx.errors import ImpossibleEvidenceError
from twitchdx.model import Model
from twitchdx.records import Candidate
from twitchdx.spec import LEVELS, Expectation, ProbabilityRange, Vignette
from twitchdx.validation.results import ExpectationResult, VignetteResult


def check_vignette(model: Model, name: str, vignette: Vignette) -> VignetteResult:
    """Diagnose a vignette, and compare the answer with each expectation."""
    try:
        answer = model.diagnose(vignette.evidence or {})
    except ImpossibleEvidenceError as error:
        found = " ".join(issue.message for issue in error.issues)
        impossible = ExpectationResult(expected="evidence that can be true", found=found, met=False)
        return VignetteResult(
            name=name, vignette=vignette, leading="", level=None, expectations=(impossible,)
        )
    return VignetteResult(
        name=name,
        vignette=vignette,
        leading=answer.plain.differential[0].cause,
        level=answer.triage.level if answer.triage else None,
        expectations=tuple(_Comparison(answer).compare(vignette.expect)),
    )


class _Comparison:
    """One answer, held against what was expected of it."""

    def __init__(self, answer: Diagnosis) -> None:
        self.answer = answer
        self.candidates = {each.cause: each for each in answer.plain.differential}
        self.place = {cause: place for place, cause in enumerate(self.candidates, start=1)}

    def compare(self, expect: Expectation) -> Iterator[ExpectationResult]:
        if expect.leading:
            leading = self.answer.plain.differential[0].cause
            yield ExpectationResult(
                expected=f"{' or '.join(expect.leading)} leads",
                found=f"{leading} leads",
                met=leading in expect.leading,
            )
        for cause, worst in expect.among_first.items():
            place = self.place[cause]
            yield ExpectationResult(
                expected=f"{cause} among the first {worst}", found=f"place {place}", met=place <= worst
            )
        for first, second in expect.above:
            places = self.place[first], self.place[second]
            yield ExpectationResult(
                expected=f"{first} above {second}",
                found=f"places {places[0]} and {places[1]}",
                met=places[0] < places[1],
            )
        yield from self.ranges("probability", expect.probability, lambda each: each.probability)
        yield from self.ranges("responsibility", expect.responsibility, lambda each: each.responsibility)
        yield from self.level(expect)
        yield from self.steps(expect)

    def ranges(
        self,
        what: str,
        expected: dict[str, ProbabilityRange],
        number: Callable[[Candidate], float | None],
    ) -> Iterator[ExpectationResult]:
        for cause, bounds in expected.items():
            value = number(self.candidates[cause])
            yield ExpectationResult(
                expected=f"{what} of {cause} {_spoken(bounds)}",
                found="there is none" if value is None else f"{value:.3g}",
                met=value is not None and _holds(value, bounds),
            )

    def level(self, expect: Expectation) -> Iterator[ExpectationResult]:
        triage = self.answer.triage
        if expect.triage is None or triage is None:
            return
        low, high = expect.triage.at_least or LEVELS[0], expect.triage.at_most or LEVELS[-1]
        spoken = [f"at least {low}"] if expect.triage.at_least else []
        spoken += [f"at most {high}"] if expect.triage.at_most else []
        yield ExpectationResult(
            expected=f"care {low}" if low == high else f"care {' and '.join(spoken)}",
            found=triage.level,
            met=LEVELS.index(low) <= LEVELS.index(triage.level) <= LEVELS.index(high),
        )

    def steps(self, expect: Expectation) -> Iterator[ExpectationResult]:
        offered = [each.id for each in self.answer.next_steps]
        tests = {test for each in self.answer.next_steps for test in each.tests}
        for step in expect.steps:
            met = step in offered
            yield ExpectationResult(
                expected=f"step {step}", found="offered" if met else "not offered", met=met
            )
        for test in expect.tests:
            met = test in tests
            yield ExpectationResult(
                expected=f"test {test}", found="offered" if met else "not offered", met=met
            )
        for kind in expect.no_kinds:
            unwanted = [each.id for each in self.answer.next_steps if each.kind == kind]
            yield ExpectationResult(
                expected=f"no step of the kind {kind}", found=", ".join(unwanted) or "none", met=not unwanted
            )


def _holds(value: float, bounds: ProbabilityRange) -> bool:
    above = bounds.at_least is None or value >= bounds.at_least
    return above and (bounds.below is None or value < bounds.below)


def _spoken(bounds: ProbabilityRange) -> str:
    ends = [f"at least {bounds.at_least:g}"] if bounds.at_least is not None else []
    ends += [f"below {bounds.below:g}"] if bounds.below is not None else []
    return " and ".join(ends)
