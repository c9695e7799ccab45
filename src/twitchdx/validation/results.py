"""What a validation found: plain frozen results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from twitchdx.spec import Figure, Level, Vignette

Verdict = Literal["within", "tolerated", "missed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureResult:
    """What a model makes of one published figure.

    Attributes
    ----------
    name : str
        Its id.
    figure : Figure
        What was published.
    implied : float
        What the model makes of it.
    beyond : float
        Factor by which the implied figure lies beyond the interval, on the scale of the tolerance; 1 within.
    verdict : {"within", "tolerated", "missed"}
        Within the interval; beyond it by no more than the tolerance; further away.
    """

    name: str
    figure: Figure
    implied: float
    beyond: float
    verdict: Verdict

    @property
    def failed(self) -> bool:
        """Whether it is missed, and nothing explains why."""
        return self.verdict == "missed" and not self.figure.explained


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectationResult:
    """One thing that an answer must say, and what it says.

    Attributes
    ----------
    expected : str
        What must be said, in words.
    found : str
        What the answer says of it.
    met : bool
        Whether the two agree.
    """

    expected: str
    found: str
    met: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class VignetteResult:
    """What a model says to one vignette.

    Attributes
    ----------
    name : str
        Its id.
    vignette : Vignette
        The case and what was expected.
    leading : str
        The first cause of the differential; empty where the evidence is impossible.
    level : str or None
        The level of care; None where the evidence is impossible.
    expectations : tuple of ExpectationResult
        Each thing that was expected.
    """

    name: str
    vignette: Vignette
    leading: str
    level: Level | None
    expectations: tuple[ExpectationResult, ...]

    @property
    def unmet(self) -> tuple[ExpectationResult, ...]:
        """The expectations that the answer does not meet."""
        return tuple(each for each in self.expectations if not each.met)

    @property
    def failed(self) -> bool:
        """Whether some expectation is not met."""
        return bool(self.unmet)


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationReport:
    """What a model makes of all its figures and vignettes.

    Attributes
    ----------
    figures : tuple of FigureResult
        In the order of the files.
    vignettes : tuple of VignetteResult
        In the order of the files.
    """

    figures: tuple[FigureResult, ...]
    vignettes: tuple[VignetteResult, ...]

    @property
    def failures(self) -> tuple[str, ...]:
        """Names of the figures that are missed and not explained, and of the vignettes that failed."""
        figures = [each.name for each in self.figures if each.failed]
        return (*figures, *(each.name for each in self.vignettes if each.failed))
