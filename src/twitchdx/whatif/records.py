"""The plain frozen results of a what-if: two answers side by side, sensitivities, interventions."""

from __future__ import annotations

from dataclasses import dataclass

from twitchdx.display.words import spoken_observation
from twitchdx.explain.accounts import PERCEPTIBLE
from twitchdx.records import DiagnosisRecord, NextStep
from twitchdx.spec import Level
from twitchdx.tables import Column, Records, Tabled, spoken_decibans, spoken_interval, spoken_probability

# Of what is more seldom than this a change is shown only where it is large.
_RARE = 0.001


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

    @property
    def moves(self) -> bool:
        """Whether its probability or its responsibility moves by a percentage point or a deciban at least.

        Below 1 in 1,000 only a factor of ten counts.
        """
        responsibility = (self.responsibility_before, self.responsibility_after)
        return _moves((self.probability_before, self.probability_after), self.decibans) or _moves(
            responsibility, self.responsibility_decibans
        )


def _moves(ends: tuple[float | None, float | None], decibans: float | None) -> bool:
    before, after = ends
    if before is None or after is None:
        return False
    # What is certain on one side only has no decibans, and has moved without end.
    far = (
        before != after
        if decibans is None
        else abs(decibans) >= (10.0 if max(before, after) < _RARE else PERCEPTIBLE)
    )
    return far or abs(after - before) >= 0.01


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

    @property
    def moved(self) -> tuple[CauseChange, ...]:
        """The causes that the table shows."""
        return tuple(each for each in self.causes if each.moves)

    def _title(self) -> str:
        said = [
            f"{each.label}: {_given(self.before, each)} \u2192 {_given(self.after, each)}"
            for each in self.changes
            if each.before != each.after
        ]
        return f"What if: {'; '.join(said) or 'nothing is changed'}"

    def _columns(self) -> list[Column]:
        rows = self.moved
        columns: list[Column] = [
            ("cause", [each.label for each in rows], str),
            ("before", [each.probability_before for each in rows], spoken_probability),
            ("after", [each.probability_after for each in rows], spoken_probability),
            ("change", [each.decibans for each in rows], spoken_decibans),
        ]
        if any(each.responsibility_before is not None for each in rows):
            columns += [
                ("explains it before", [each.responsibility_before for each in rows], spoken_probability),
                ("explains it after", [each.responsibility_after for each in rows], spoken_probability),
            ]
        return columns

    def _records(self) -> Records:
        return Records((CauseChange,), [(each,) for each in self.causes])

    def _notes(self) -> list[str]:
        said = [_said_if_same(each) for each in self.changes if each.before == each.after]
        left_out = len(self.causes) - len(self.moved)
        if left_out:
            many = "one cause that hardly moves" if left_out == 1 else f"{left_out} causes that hardly move"
            said.append(f"Left out: {many}; the data frame has all of them.")
        if self.leader_after is not None:
            said.append(f"First cause: {_then(_first_cause(self.before), _first_cause(self.after))}.")
        if self.level_after is not None:
            said.append(f"Level of care: {_then(_level(self.level_before), _level(self.level_after))}.")
        said += [f"Gained: {each.action}" for each in self.steps_gained]
        return said + [f"Lost: {each.action}" for each in self.steps_lost]


def _given(record: DiagnosisRecord, change: FindingChange) -> str:
    """What was observed of one variable, as people say it: "present" rather than "True"."""
    for each in record.evidence:
        if each.variable == change.variable:
            said = spoken_observation(each)
            return said.removeprefix(f"{each.label}: ")
    return "not observed"


def _said_if_same(change: FindingChange) -> str:
    if change.before is None:
        return f"{change.label} was not given: nothing was withdrawn."
    return f"{change.label} is what was given already."


def _first_cause(record: DiagnosisRecord | None) -> str | None:
    return record.differential[0].label if record is not None and record.differential else None


def _level(level: Level | None) -> str | None:
    return None if level is None else level.replace("_", " ")


def _then(before: str | None, after: str | None) -> str:
    return f"{after}, as before" if before == after else f"{before} \u2192 {after}"


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
    moved_most: str | None
    """The cause of both models whose probability differs most, however little; null where none does."""
    moved_points: float | None
    """100 times by how much it differs."""
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
            ("leader before", [_first_cause(each.before) for each in self.cases], str),
            ("leader after", [_first_cause(each.after) for each in self.cases], str),
            ("level before", [_level(each.level_before) for each in self.cases], str),
            ("level after", [_level(each.level_after) for each in self.cases], str),
            (f"moved by more than {self.more_than:g}", [len(each.moved) for each in self.cases], str),
            ("moved most", [_said_to_move_most(each) for each in self.cases], str),
        ]

    def _records(self) -> Records:
        return Records((CaseChange,), [(each,) for each in self.cases])

    def _notes(self) -> list[str]:
        numbers = [f"{each.path}: {each.before} \u2192 {each.after}" for each in self.numbers]
        return numbers + [f"{each.name}: {each.problem}" for each in self.cases if each.problem]


def _said_to_move_most(case: CaseChange) -> str | None:
    if case.moved_most is None or case.before is None or case.after is None:
        return None
    first, second = (
        next(each for each in record.differential if each.cause == case.moved_most)
        for record in (case.before, case.after)
    )
    before, after = (spoken_probability(each.probability) for each in (first, second))
    return f"{first.label}: {before} \u2192 {after}"


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
    may_change: tuple[str, ...]
    """What may be drawn anew and leads to the complaint, itself included; empty where nothing changes."""
    after: dict[str, float]
    """State -> P(complaint in the second window | evidence) when the variables are set."""
    unchanged: dict[str, float]
    """State -> P(complaint | evidence): what `after` is to be compared with, the same for every action."""
    persists_after: float
    """P(complaint above its first state in the second window | evidence) when the variables are set."""
    persists_unchanged: float
    """P(complaint above its first state | evidence): 1 where it was observed."""
    interval_after: tuple[float, float] | None
    """95 % credible interval of `persists_after`; null where the engine gives no slopes."""
    interval_unchanged: tuple[float, float] | None
    """95 % credible interval of `persists_unchanged`: one point where it is certain; null as above."""

    def _title(self) -> str:
        said = "; ".join(f"{each.label}: {each.state_label}" for each in self.actions)
        return f"{self.label}, when this is set: {said}"

    def _columns(self) -> list[Column]:
        return [
            ("state", list(self.unchanged), str),
            ("if nothing is changed", list(self.unchanged.values()), spoken_probability),
            ("when it is set", list(self.after.values()), spoken_probability),
        ]

    def _notes(self) -> list[str]:
        said = [
            f"{each.label}: this is so already."
            for each in self.actions
            if each.probability == 1.0 and self.may_change
        ]
        said += self._changes() if self.may_change else self._no_change()
        intervals = [self.interval_after, self.interval_unchanged]
        if any(each is not None and each[0] < each[1] for each in intervals):
            said.append("In brackets: 95 % intervals, from the stated uncertainty of the model's numbers.")
        return said

    def _changes(self) -> list[str]:
        after = _with_interval(self.persists_after, self.interval_after)
        unchanged = _with_interval(self.persists_unchanged, self.interval_unchanged)
        first = next(iter(self.unchanged))
        if self.persists_unchanged == 0.0:
            said = f"{self.label}: none was observed; when this is set, it comes with {after}."
        elif self.unchanged[first] == 0.0:
            said = f"It persists with {after}."
        else:
            said = f"It is present with {unchanged} now, and with {after} when this is set."
        rule = (
            "What the action does not act on stays as it is; what it acts on happens anew, and only then. "
            "That the complaint may pass by itself is left out."
        )
        return [said, rule, f"It may act on: {', '.join(self.may_change)}."]

    def _no_change(self) -> list[str]:
        unchanged = _with_interval(self.persists_unchanged, self.interval_unchanged)
        why = "No chain of arrows leads from what is set to it: nothing changes."
        if all(each.probability == 1.0 for each in self.actions):
            why = "This is so already: nothing changes."
        elif self.reaches:
            why = "What is set anew leads to it only through what is so already: nothing changes."
        if self.persists_unchanged == 0.0:
            return [why, f"{self.label}: none was observed, and none comes of this."]
        certain = next(iter(self.unchanged.values())) == 0.0
        return [why, "It persists." if certain else f"It stays as it is now, present with {unchanged}."]


def _with_interval(probability: float, interval: tuple[float, float] | None) -> str:
    said = spoken_probability(probability)
    return said if interval is None or interval[0] == interval[1] else f"{said} ({spoken_interval(interval)})"
