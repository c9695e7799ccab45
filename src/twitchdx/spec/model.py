"""The whole of a model: header, bibliography, sections."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, ClassVar

from twitchdx.spec.estimates import CLOSED, ROLE_OF_SECTION, Estimate, Level, Role
from twitchdx.spec.rules import CareLevel, Decision, Step, TriageRule
from twitchdx.spec.variables import Finding, Test, Variable


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A source, in the fields of CSL (the Citation Style Language)."""

    __pydantic_config__: ClassVar[dict[str, Any]] = CLOSED

    id: str
    """The key by which estimates, rules and steps name it."""
    type: str
    """CSL type: article-journal, webpage, book, chapter, report, ..."""
    title: str
    """Title."""
    author: tuple[dict[str, str], ...] = ()
    """CSL names: `family` and `given`, or `literal`."""
    issued: dict[str, tuple[tuple[int, ...], ...]] = field(default_factory=dict)
    """CSL date: `date-parts: [[year, month, day]]`."""
    container_title: str = ""
    """Journal, book or site; `container-title` in the file."""
    publisher: str = ""
    """Publisher."""
    volume: str = ""
    """Volume."""
    issue: str = ""
    """Issue."""
    page: str = ""
    """Pages."""
    DOI: str = ""
    """Digital object identifier."""
    PMID: str = ""
    """PubMed id."""
    URL: str = ""
    """Address."""
    note: str = ""
    """What was read: abstract, full text, second-hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What the model is."""

    __pydantic_config__: ClassVar[dict[str, Any]] = CLOSED

    format: int
    """Version of this file format: 1."""
    name: str
    """The name of the model; a shipped model has the same name as its folder."""
    version: str
    """Version of the model's content."""
    title: str
    """What to call it."""
    description: str
    """What it is for, in a paragraph."""
    population: str
    """Whom the priors describe."""
    window: str
    """The time window of variables that do not name their own."""
    complaint: str
    """The finding whose causes are sought."""
    licence: str
    """SPDX identifier of the licence of the model files."""
    disclaimer: str
    """The sentence that every answer carries."""
    step_threshold: Estimate
    """A step is offered when the posterior weight of the causes that it serves is at least this
    `probability`."""
    answers: tuple[str, ...] = ()
    """Ids of the facts that the model as a whole answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """All that a model folder says. Each attribute is a section that any of its files may hold."""

    __pydantic_config__: ClassVar[dict[str, Any]] = CLOSED

    model: Header
    """What the model is."""
    care_levels: dict[Level, CareLevel]
    """All five levels of care."""
    references: tuple[Reference, ...] = ()
    """The bibliography."""
    shared: dict[str, Estimate] = field(default_factory=dict)
    """Numbers that stand in several places: one judgement made once, one source read once."""
    facts: dict[str, str] = field(default_factory=dict)
    """Facts that the model promises to answer: id -> statement."""
    risk_factors: dict[str, Variable] = field(default_factory=dict)
    """Context, exposures, age, sex."""
    causes: dict[str, Variable] = field(default_factory=dict)
    """Hypotheses: disorders, drug effects, physiological states. The first state is `absent`."""
    processes: dict[str, Variable] = field(default_factory=dict)
    """Latent pathophysiology between causes and findings."""
    findings: dict[str, Finding] = field(default_factory=dict)
    """Symptoms and signs."""
    tests: dict[str, Test] = field(default_factory=dict)
    """Measured results."""
    triage_rules: dict[str, TriageRule] = field(default_factory=dict)
    """Rules that set a floor under the level of care."""
    steps: dict[str, Step] = field(default_factory=dict)
    """What to do next."""
    decision: Decision | None = None
    """Utilities."""

    def variables(self) -> dict[str, tuple[Role, Variable]]:
        """Every variable with its role, in the order of the sections and of the file."""
        return {
            name: (role, variable)
            for section, role in ROLE_OF_SECTION.items()
            for name, variable in getattr(self, section).items()
        }


# What holds nothing: left out before a path is made, since most of a model is text.
_LEAVES = (str, int, float)


def walk_estimates(
    node: object, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], Estimate]]:
    """Every estimate at or below a part of a spec, with its path, in the order of the file."""
    waiting = [(path, node)]
    while waiting:
        here, each = waiting.pop()
        if isinstance(each, Estimate):
            yield here, each
        inner = [
            ((*here, key), value) for key, value in _below(each) if value and not isinstance(value, _LEAVES)
        ]
        waiting.extend(reversed(inner))


def _below(node: object) -> Iterable[tuple[str | int, object]]:
    if isinstance(node, dict):
        return node.items()
    if isinstance(node, tuple):
        return enumerate(node)
    kind: Any = type(node)
    return [(name, getattr(node, name)) for name in _attributes(kind)]


@functools.cache
def _attributes(kind: Any) -> tuple[str, ...]:
    return tuple(each.name for each in fields(kind)) if is_dataclass(kind) else ()
