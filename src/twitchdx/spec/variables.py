"""Variables: what they mean, how they are asked, measured and distributed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Literal

from twitchdx.spec.distributions import (
    Categorical,
    Deterministic,
    Distribution,
    Kind,
    LogLinear,
    NoisyMax,
    NoisyOr,
    Table,
)
from twitchdx.spec.estimates import CLOSED, Estimate, Level


def _absent_present() -> dict[str, str]:
    return {"absent": "absent", "present": "present"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A half-open range of a measured value: at_least <= value < below."""

    __pydantic_config__: ClassVar[dict[str, Any]] = CLOSED

    at_least: float | None = None
    """Lower end, included; left out: no lower end."""
    below: float | None = None
    """Upper end, excluded; left out: no upper end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlausibleRange:
    """Values that can be true at all; others are refused with the message."""

    __pydantic_config__: ClassVar[dict[str, Any]] = CLOSED

    at_least: float
    """Lower end, included."""
    below: float
    """Upper end, excluded."""
    message: str
    """What to tell a person who enters a value outside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitConversion:
    """How another unit becomes the model's unit."""

    __pydantic_config__: ClassVar[dict[str, Any]] = CLOSED

    factor: float
    """value in the model's unit = factor * value in this unit."""
    note: str
    """Where the factor comes from, such as the molar mass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """How a number becomes a state."""

    __pydantic_config__: ClassVar[dict[str, Any]] = CLOSED

    unit: str
    """The unit of the bands, and of a number that is given without one."""
    bands: dict[str, Band]
    """Every state -> its range. Together they cover every number once."""
    plausible: PlausibleRange
    """Values that can be true at all."""
    units: dict[str, UnitConversion] = field(default_factory=dict)
    """Other units that are understood."""
    sources: tuple[str, ...] = ()
    """Where the thresholds come from."""
    note: str = ""
    """What a reader must know about the thresholds; needed where there is no source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One node of the network."""

    __pydantic_config__: ClassVar[dict[str, Any]] = CLOSED

    label: str
    """What to call it, in a few words."""
    definition: str
    """What exactly it means, with its time window and threshold."""
    distribution: Distribution
    """P(this variable | its parents)."""
    states: dict[str, str] = field(default_factory=_absent_present)
    """State -> what to call it, the normal state first. Left out: `absent` and `present`."""
    question: str = ""
    """What one would ask a person; optional for processes only."""
    codes: dict[str, str] = field(default_factory=dict)
    """Coding system (icd10, snomed, hpo, mondo, loinc, atc) -> code."""
    answers: tuple[str, ...] = ()
    """Ids of the facts that this element answers."""
    aliases: tuple[str, ...] = ()
    """Other names, for suggestions when a name is misspelt."""
    measurement: Measurement | None = None
    """For variables that can be given as a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding(Variable):
    """A symptom that a person reports or a sign that an examiner sees."""

    observed_by: Literal["report", "examination"] = "report"
    """Reported by the person or found by an examiner: these are different evidence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Test(Variable):
    """A measured result."""

    __test__: ClassVar[bool] = False  # not a test class for pytest

    available_from: Level = "routine"
    """The least level of care at which it can be had."""
    sample: str = ""
    """Tests with the same sample (one blood draw) are taken together."""
    cost: Estimate | None = None
    """Money, as a `quantity` in the currency of `decision`."""
    burden: Estimate | None = None
    """Discomfort and time, as a `quantity` in the unit of utility of `decision`."""
    turnaround_days: Estimate | None = None
    """Days until the result, as a `quantity`."""


def count_kinds(variable: Variable) -> int:
    """How many kinds of distribution a variable names; it must be one."""
    return sum(getattr(variable.distribution, each.name) is not None for each in fields(Distribution))


def distribution_of(variable: Variable) -> Kind:
    """The one kind of distribution that a variable has."""
    for attribute in fields(Distribution):
        kind: Kind | None = getattr(variable.distribution, attribute.name)
        if kind is not None:
            return kind
    message = "a distribution names exactly one kind"
    raise ValueError(message)


def parents_of(variable: Variable) -> tuple[str, ...]:
    """The parents of a variable, in the order in which its distribution first names them."""
    match distribution_of(variable):
        case Categorical():
            names: Iterable[str] = ()
        case LogLinear(modifiers=modifiers):
            names = modifiers
        case NoisyOr(links=links, inhibitors=inhibitors):
            names = [*links, *inhibitors]
        case NoisyMax(links=grade_links, inhibitors=inhibitors):
            names = [*grade_links, *inhibitors]
        case Table(rows=rows):
            names = [name for row in rows for name in row.when]
        case Deterministic(rows=certain):
            names = [name for row in certain for name in row.when]
    return tuple(dict.fromkeys(names))
