"""A question as a person reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from twitchdx.spec import Variable

Kind = Literal["basis", "danger", "value"]

_CHECKLIST = "To which of these would you say yes?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One variable of a question."""

    variable: str
    """The variable."""
    label: str
    """What to call it."""
    text: str
    """The question about it alone."""
    states: dict[str, str]
    """Its possible answers: state -> what to call it."""
    unit: str | None
    """The unit of a number, where a number is an answer as well."""

    @property
    def yes_or_no(self) -> bool:
        """Whether it is simply absent or present."""
        return set(self.states) == {"absent", "present"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What to ask next, and why."""

    items: tuple[Item, ...]
    """What is asked about: one variable, or several at once in a checklist."""
    text: str
    """The question."""
    kind: Kind
    """Whether it is asked of everybody, for a danger, or for what it is worth."""
    reason: str
    """Why it is asked, as a sentence."""

    @property
    def variables(self) -> tuple[str, ...]:
        """What it is about."""
        return tuple(each.variable for each in self.items)

    @property
    def checklist(self) -> bool:
        """Whether several things are asked about at once, each absent or present."""
        return len(self.items) > 1


def word_question(
    names: Sequence[str], variables: Mapping[str, Variable], kind: Kind, reason: str
) -> Question:
    """The question about some variables of a model."""
    items = tuple(_item(name, variables[name]) for name in names)
    text = _CHECKLIST if len(items) > 1 else items[0].text
    return Question(items=items, text=text, kind=kind, reason=reason)


def _item(name: str, variable: Variable) -> Item:
    return Item(
        variable=name,
        label=variable.label,
        text=variable.question or f"{variable.label}?",
        states=dict(variable.states),
        unit=variable.measurement.unit if variable.measurement is not None else None,
    )
