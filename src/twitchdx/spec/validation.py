"""What a model should reproduce: published figures that set none of its numbers, and cases with expectations.

Like the model itself, each attribute is a key of a file: those in the folder `validation` of a model.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from twitchdx.spec.estimates import CLOSED, Level, StepKind
from twitchdx.spec.model import Reference

_SOME: dict[str, Any] = {**CLOSED, "json_schema_extra": {"minProperties": 1}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One probability of a figure: weight * P(of | given)."""

    __pydantic_config__: ClassVar[dict[str, Any]] = CLOSED

    of: dict[str, tuple[str, ...]]
    """Variable -> states of which any holds; of several variables, all hold."""
    given: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Variable -> states, as in `of`. Left out: nothing is known."""
    weight: float = 1.0
    """The factor of this probability."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What was published."""

    __pydantic_config__: ClassVar[dict[str, Any]] = CLOSED

    value: float
    """The figure."""
    low: float
    """Lower end of its interval."""
    high: float
    """Upper end of its interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A published figure that sets no number of the model."""

    __pydantic_config__: ClassVar[dict[str, Any]] = CLOSED

    label: str
    """What it is, in a few words."""
    terms: tuple[Term, ...]
    """What the model makes of it is the sum of these."""
    published: Published
    """What was published."""
    sources: tuple[str, ...]
    """Ids of references, of the validation files or of the model."""
    tolerance: float = 1.0
    """Factor by which the implied figure may lie beyond the interval: on the odds; on the value where a
    weight differs from 1."""
    population: str = ""
    """Whom the figure describes, where that is not the population of the model."""
    note: str = ""
    """What a reader must know: the definition, the conversion, why this tolerance."""
    shares_source: str = ""
    """Why it is no double use that the same publication also sets a number of the model."""
    explained: str = ""
    """Why the model misses the figure, where it does; a miss that is not explained is a failure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbabilityRange:
    """Bounds on a probability: at_least <= probability < below."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _SOME

    at_least: float | None = None
    """Lower end, included."""
    below: float | None = None
    """Upper end, excluded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelRange:
    """Bounds on the level of care, both included."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _SOME

    at_least: Level | None = None
    """The lowest level that will do."""
    at_most: Level | None = None
    """The highest level that will do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What the answer to a vignette must say: all that is listed."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _SOME

    leading: tuple[str, ...] = ()
    """Causes of which one is the first of the differential."""
    among_first: dict[str, int] = field(default_factory=dict)
    """Cause -> at worst this place in the differential, counted from 1."""
    above: tuple[tuple[str, ...], ...] = ()
    """Pairs of causes: the former ranks above the latter."""
    probability: dict[str, ProbabilityRange] = field(default_factory=dict)
    """Cause -> bounds on P(cause not absent | evidence)."""
    responsibility: dict[str, ProbabilityRange] = field(default_factory=dict)
    """Cause -> bounds on P(it explains the complaint | evidence)."""
    triage: LevelRange | None = None
    """Bounds on the level of care."""
    steps: tuple[str, ...] = ()
    """Ids of next steps that are offered."""
    tests: tuple[str, ...] = ()
    """Tests that some offered step contains."""
    no_kinds: tuple[StepKind, ...] = ()
    """Kinds of step of which none is offered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vignette:
    """A short case, and what the model should say to it."""

    __pydantic_config__: ClassVar[dict[str, Any]] = CLOSED

    expect: Expectation
    """What the answer must say."""
    title: str = ""
    """What to call it; left out: the title of the case."""
    description: str = ""
    """As the person would tell it; left out: the description of the case."""
    evidence: dict[str, Any] | None = None
    """Variable -> value, as in a case."""
    case: str = ""
    """Name of a file in `cases`, without its ending, whose evidence is taken."""
    sources: tuple[str, ...] = ()
    """Ids of references: whose presentation it follows."""
    note: str = ""
    """What a reader must know: why the answer should be this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationSpec:
    """All that the validation files say. Each attribute is a section that any of the files may hold."""

    __pydantic_config__: ClassVar[dict[str, Any]] = CLOSED

    figures: dict[str, Figure] = field(default_factory=dict)
    """Published figures."""
    vignettes: dict[str, Vignette] = field(default_factory=dict)
    """Short cases."""
    references: tuple[Reference, ...] = ()
    """Sources that set no number of the model, in the form of its bibliography."""
