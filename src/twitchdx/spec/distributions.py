"""The six kinds of distribution."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from twitchdx.spec.estimates import CLOSED, ONE_OF, Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Categorical:
    """A variable without parents: a probability for every state but one, which gets the rest."""

    __pydantic_config__: ClassVar[dict[str, Any]] = CLOSED

    probabilities: dict[str, Estimate]
    """State -> probability or incidence. Exactly one state is left out and receives the remainder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLinear:
    """Modifiers that multiply odds or risks, such as age, sex or a family history on a prior.

    The intercept of each state is solved so that the published marginal comes out.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = CLOSED

    marginal: dict[str, Estimate]
    """Every state but the first -> its overall `prevalence` or `incidence` in the population."""
    modifiers: dict[str, dict[str, Estimate]]
    """Parent -> state of the parent -> `odds_ratio` or `relative_risk` against the parent's states
    that are not listed (ratio 1). All ratios of one variable have the same form, and each
    multiplies all states but the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoisyOr:
    """A two-state variable that any of its parents can produce, independently, or the leak."""

    __pydantic_config__: ClassVar[dict[str, Any]] = CLOSED

    leak: Estimate
    """`probability` of the second state with no parent active, or its `prevalence` in the
    population: then the leak is solved so that this marginal comes out."""
    links: dict[str, dict[str, Estimate]]
    """Parent -> state of the parent -> `link`, `sensitivity`, `odds_ratio` or `relative_risk`.
    The first state of a parent contributes nothing and is not listed; neither is any other state
    that contributes nothing."""
    inhibitors: dict[str, dict[str, Estimate]] = field(default_factory=dict)
    """Parent -> state -> `multiplier` in [0, 1] of the outcome. States not listed leave it as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoisyMax:
    """An ordered variable that takes the highest grade that any parent, or the leak, contributes."""

    __pydantic_config__: ClassVar[dict[str, Any]] = CLOSED

    leak: dict[str, Estimate]
    """Grade -> `probability` of at least this grade with no parent active, or its `prevalence`.
    Grades left out at the upper end are never reached by the leak."""
    links: dict[str, dict[str, dict[str, Estimate]]]
    """Parent -> state of the parent -> grade -> the number for *at least* this grade (`link`,
    `sensitivity`, `odds_ratio` or `relative_risk`); never rising with the grade. Grades left out
    at the upper end are never reached."""
    inhibitors: dict[str, dict[str, Estimate]] = field(default_factory=dict)
    """Parent -> state -> `multiplier` in [0, 1]: the chance that the outcome is not suppressed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """The distribution for some combinations of the parents' states."""

    __pydantic_config__: ClassVar[dict[str, Any]] = CLOSED

    when: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Parent -> its states to which this row applies. A parent left out: any state."""
    probabilities: dict[str, Estimate] | None = None
    """Every state but one -> `probability` or `incidence`; the state left out gets the rest."""
    state: str | None = None
    """Instead of `probabilities`: this state is certain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A full table: every combination of the parents' states is matched by exactly one row."""

    __pydantic_config__: ClassVar[dict[str, Any]] = CLOSED

    rows: tuple[TableRow, ...]
    """The rows, in any order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeterministicRow:
    """A state that follows from the parents' states."""

    __pydantic_config__: ClassVar[dict[str, Any]] = CLOSED

    when: dict[str, tuple[str, ...]]
    """Parent -> its states to which this row applies. A parent left out: any state."""
    state: str
    """The state that follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deterministic:
    """A function of the parents: the first row that matches decides."""

    __pydantic_config__: ClassVar[dict[str, Any]] = CLOSED

    rows: tuple[DeterministicRow, ...]
    """Tried from the top; the first that matches decides."""
    otherwise: str
    """The state where no row matches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """Exactly one of the six kinds of distribution."""

    __pydantic_config__: ClassVar[dict[str, Any]] = ONE_OF

    categorical: Categorical | None = None
    """No parents."""
    log_linear: LogLinear | None = None
    """Parents multiply the odds or the risk."""
    noisy_or: NoisyOr | None = None
    """Any parent can produce it (two states)."""
    noisy_max: NoisyMax | None = None
    """Any parent can produce some grade of it, and the highest grade wins."""
    table: Table | None = None
    """Everything spelled out."""
    deterministic: Deterministic | None = None
    """A function of the parents."""


#: The kinds of distribution.
Kind = Categorical | LogLinear | NoisyOr | NoisyMax | Table | Deterministic
