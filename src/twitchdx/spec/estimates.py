"""The words of the format, and the single number with its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

FORMAT_VERSION = 1

Form = Literal[
    "probability",
    "link",
    "sensitivity",
    "prevalence",
    "odds_ratio",
    "relative_risk",
    "incidence",
    "multiplier",
    "hazard_ratio",
    "difference",
    "rate",
    "quantity",
]
Grade = Literal[
    "meta-analysis",
    "cohort",
    "cross-sectional",
    "case-series",
    "guideline",
    "review",
    "textbook",
    "seed",
    "judgement",
    "definition",
]
Level = Literal["self_care", "routine", "soon", "urgent", "emergency"]
StepKind = Literal["seek_care", "test", "question", "treatment", "self_care", "medication_review", "monitor"]
Role = Literal["risk_factor", "cause", "process", "finding", "test"]

#: Levels of care from the least to the most urgent.
LEVELS: tuple[Level, ...] = ("self_care", "routine", "soon", "urgent", "emergency")

#: Sections that hold variables, with the role that each gives, in the order of the network's layers.
ROLE_OF_SECTION: Mapping[str, Role] = {
    "risk_factors": "risk_factor",
    "causes": "cause",
    "processes": "process",
    "findings": "finding",
    "tests": "test",
}

# What pydantic is told at the edge. Plain dicts, so that a spec does not load pydantic.
CLOSED: dict[str, Any] = {"extra": "forbid"}
ONE_OF: dict[str, Any] = {**CLOSED, "json_schema_extra": {"minProperties": 1, "maxProperties": 1}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """One number of the model, with its uncertainty and where it comes from."""

    __pydantic_config__: ClassVar[dict[str, Any]] = CLOSED

    value: float
    """The number that the posterior uses: the mean of what is believed about it."""
    grade: Grade
    """Strength of the source. `judgement` needs a `note` and an interval; `definition` marks a
    number that is true by the meaning of the words (a logical 0 or 1) and needs only a `note`;
    every other grade needs `sources`, and an interval or `n`."""
    form: Form | None = None
    """What kind of number it is. Needed wherever more than one kind is possible: on links, leaks
    and the marginals of `log_linear`."""
    low: float | None = None
    """Lower end of the 95 % interval."""
    high: float | None = None
    """Upper end of the 95 % interval."""
    n: int | None = None
    """Sample size behind this very number (not of the whole study)."""
    sources: tuple[str, ...] = ()
    """Ids of references."""
    note: str = ""
    """What a reader must know: the rationale of a judgement, the definition used, the conversion."""
    population: str = ""
    """Whom the number describes, where that is not the population of the model."""
    duration: Estimate | None = None
    """For `incidence` (per person-year): mean years from onset to diagnosis, as a `quantity`."""
    family: str = ""
    """Judgements with the same family name share a bias: their errors are correlated."""
    shared: str = ""
    """Instead of all other keys: the entry of the section `shared` that stands here as well."""
