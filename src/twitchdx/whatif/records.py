"""The plain frozen results of a what-if: two answers side by side, sensitivities, interventions."""

from __future__ import annotations

from dataclasses import dataclass

from twitchdx.records import DiagnosisRecord, NextStep
from twitchdx.spec import Level
from twitchdx.tables import Column, Tabled, spoken_interval, spoken_probability


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingChange:
    """One observation that was added, changed or withdrawn."""

    variable: str
    """Name of the variable."""
    label: str
    """What to call it."""
    before: str | None
    """What was given before; null where it was not observed."""
    after: str | None
    """What is given now; null where it is withdrawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseChange:
    """One cause in two answers."""

    cause: str
    """Name of the cause."""
    label: str
    """What to call it."""
    probability_before: float
    """P(cause not absent | evidence) in the first answer."""
    probability_after: float
    """The same in the second."""
    points: float
    """100 times the difference of the two."""
    decibans: float | None
    """10 log10 of the ratio of their odds; null where one of them is 0 or 1."""
    responsibility_before: float | None
    """Responsibility for the complaint in the first answer."""
    responsibility_after: float | None
    """The same in the second."""
    responsibility_points: float | None
    """100 times the difference of the two; null where one of them is."""
    responsibility_decibans: float | None
    """10 log10 of the ratio of their odds; null where one of them is null, 0 or 1."""
    rank_before: int
    """Its place in the first differential, from 1."""
    rank_after: int
    """Its place in the second."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class WhatIf(Tabled):
    """Two answers of one model to two sets of findings, side by side."""

    changes: tuple[FindingChange, ...]
    """What is different about the findings."""
    causes: tuple[CauseChange, ...]
    """Every cause, the largest change of probability or responsibility first."""
    leader_before: str | None
    """The first cause of the first differential; null for a network without roles."""
    leader_after: str | None
    """The first cause of the second."""
    level_before: Level | None
    """The level of care of the first answer; null for a network without roles."""
    level_after: Level | None
    """The level of care of the second."""
    steps_gained: tuple[NextStep, ...]
    """Steps of the second answer that the first does not have, in their order."""
    steps_lost: tuple[NextStep, ...]
    """Steps of the first answer that the second does not have."""
    before: DiagnosisRecord
    """The first answer."""
    after: DiagnosisRecord
    """The second answer."""

    def _title(self) -> str:
        said = [
            f"{each.label}: {each.before or 'not observed'} \u2192 {each.after or 'not observed'}"
            for each in self.changes
        ]
        return f"What if: {'; '.join(said) or 'nothing is changed'}"

    def _columns(self) -> list[Column]:
        explains = any(each.responsibility_before is not None for each in self.causes)
        columns: list[Column] = [
            ("cause", [each.label for each in self.causes], str),
            ("before", [each.probability_before for each in self.causes], spoken_probability),
            ("after", [each.probability_after for each in self.causes], spoken_probability),
            ("points", [each.points for each in self.causes], "{:+.1f}".format),
        ]
        if explains:
            columns += [
                (
                    "explains it before",
                    [each.responsibility_before for each in self.causes],
                    spoken_probability,
                ),
                ("after that", [each.responsibility_after for each in self.causes], spoken_probability),
            ]
        return columns

    def _notes(self) -> list[str]:
        said = [
            f"First cause: {self.leader_before} \u2192 {self.leader_after}.",
            f"Level of care: {self.level_before} \u2192 {self.level_after}.",
        ]
        said += [f"Gained: {each.action}" for each in self.steps_gained]
        return said + [f"Lost: {each.action}" for each in self.steps_lost]


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberChange:
    """One number that two models give differently."""

    path: str
    """Its place in the model."""
    before: float | None
    """Its value in the first model; null where it has no such number."""
    after: float | None
    """Its value in the second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseChange:
    """One case as two models answer it."""

    name: str
    """Name of the case."""
    changed: bool
    """Whether anything below is different."""
    leader_before: str | None
    """First cause of the first model's differential."""
    leader_after: str | None
    """First cause of the second's."""
    level_before: Level | None
    """Level of care of the first model."""
    level_after: Level | None
    """Level of care of the second."""
    moved: tuple[CauseChange, ...]
    """Causes that both models have and whose probability differs by more than the stated amount."""
    problem: str
    """Why a model cannot answer, such as evidence that is impossible in it; empty where both do."""
    before: DiagnosisRecord | None
    """The first model's answer; null where it has none."""
    after: DiagnosisRecord | None
    """The second model's answer."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ModelComparison(Tabled):
    """What a change of the model changes in its answers to some cases."""

    digest_before: str
    """Digest of the first model."""
    digest_after: str
    """Digest of the second."""
    more_than: float
    """A posterior counts as changed when it differs by more than this."""
    numbers: tuple[NumberChange, ...]
    """The numbers whose values differ."""
    causes_gained: tuple[str, ...]
    """Causes that only the second model has."""
    causes_lost: tuple[str, ...]
    """Causes that only the first model has."""
    cases: tuple[CaseChange, ...]
    """Every case, in the order given."""

    @property
    def changed(self) -> tuple[CaseChange, ...]:
        """The cases whose answer changes."""
        return tuple(each for each in self.cases if each.changed)

    def _title(self) -> str:
        before, after = self.digest_before[:12], self.digest_after[:12]
        return f"Model {before} \u2192 {after}: {len(self.changed)} of {len(self.cases)} answers change"

    def _columns(self) -> list[Column]:
        return [
            ("case", [each.name for each in self.cases], str),
            ("leader before", [each.leader_before for each in self.cases], str),
            ("leader after", [each.leader_after for each in self.cases], str),
            ("level before", [each.level_before for each in self.cases], str),
            ("level after", [each.level_after for each in self.cases], str),
            (f"moved by more than {self.more_than:g}", [len(each.moved) for each in self.cases], str),
        ]

    def _notes(self) -> list[str]:
        numbers = [f"{each.path}: {each.before} \u2192 {each.after}" for each in self.numbers]
        return numbers + [f"{each.name}: {each.problem}" for each in self.cases if each.problem]


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One variable that is set."""

    variable: str
    """Name of the variable."""
    label: str
    """What to call it."""
    state: str
    """The state to which it is set."""
    state_label: str
    """What to call that state."""
    probability: float
    """P(it has that state already | evidence)."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Intervention(Tabled):
    """What becomes of the complaint when some variables are set; `intervene` says what exactly that means."""

    actions: tuple[Action, ...]
    """What is set."""
    complaint: str
    """The finding that is predicted."""
    label: str
    """What to call it."""
    reaches: bool
    """Whether a chain of arrows leads from what is set to the complaint; else nothing changes."""
    drawn_anew: tuple[str, ...]
    """What is downstream of what is set and leads to the complaint, itself included: it happens anew."""
    after: dict[str, float]
    """State -> P(complaint in the second window | evidence) when the variables are set."""
    unchanged: dict[str, float]
    """The same when nothing is set: what `after` is to be compared with."""
    persists_after: float
    """P(complaint above its first state in the second window | evidence) when the variables are set."""
    persists_unchanged: float
    """The same when nothing is set."""
    interval_after: tuple[float, float] | None
    """95 % credible interval of `persists_after`; null where the engine gives no slopes."""
    interval_unchanged: tuple[float, float] | None
    """95 % credible interval of `persists_unchanged`; null where the engine gives no slopes."""

    def _title(self) -> str:
        said = "; ".join(f"{each.label}: {each.state_label}" for each in self.actions)
        return f"{self.label}, when this is set: {said}"

    def _columns(self) -> list[Column]:
        return [
            ("state", list(self.unchanged), str),
            ("nothing changed", list(self.unchanged.values()), spoken_probability),
            ("when it is set", list(self.after.values()), spoken_probability),
        ]

    def _notes(self) -> list[str]:
        after = _with_interval(self.persists_after, self.interval_after)
        unchanged = _with_interval(self.persists_unchanged, self.interval_unchanged)
        said = [
            f"It persists with {after}, against {unchanged} if nothing is changed.",
            "Everything that the action does not act on stays as it is now; what it acts on happens anew.",
            f"It acts on: {', '.join(self.drawn_anew)}.",
        ]
        if not self.reaches:
            said = [
                "No chain of arrows leads from what is set to it: nothing changes.",
                f"It stays as it is now, present with {unchanged}.",
            ]
        if self.interval_after is not None:
            said.append("In brackets: 95 % intervals, from the stated uncertainty of the model's numbers.")
        return said


def _with_interval(probability: float, interval: tuple[float, float] | None) -> str:
    said = spoken_probability(probability)
    return said if interval is None else f"{said} ({spoken_interval(interval)})"
