"""One moment of an interview: what was said until then, the answer to it, and the question that follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from twitchdx.diagnosis import Diagnosis
from twitchdx.engines import Engine, ExactEngine
from twitchdx.errors import EngineError
from twitchdx.interview.choosing import choose_basis, choose_by_red_flags, choose_question
from twitchdx.interview.repertoire import Repertoire
from twitchdx.interview.wording import Question
from twitchdx.model import Model
from twitchdx.spec import LEVELS
from twitchdx.whatif import Subject

# So many cells take some 40 ms, an answer.
_CELLS = 1e6


@dataclass(frozen=True, slots=True)
class Step:
    """A question that was asked.

    Attributes
    ----------
    variables : tuple of str
        What it was about.
    given : mapping of str to value
        What was answered, in the types of JSON; what is not in it was left open.
    """

    variables: tuple[str, ...]
    given: Mapping[str, Any]

    @property
    def skipped(self) -> tuple[str, ...]:
        """What was left open."""
        return tuple(name for name in self.variables if name not in self.given)


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """What stays the same through an interview."""

    model: Model
    engine: str | Engine
    repertoire: Repertoire
    known: Mapping[str, Any]
    most: int


class State:
    """One moment of an interview; its answer and its question are found when they are first looked at.

    Parameters
    ----------
    setting : Setting
        What stays the same.
    steps : tuple of Step
        What was asked until then.
    """

    def __init__(self, setting: Setting, steps: tuple[Step, ...]) -> None:
        self.setting = setting
        self.steps = steps

    @cached_property
    def answers(self) -> dict[str, Any]:
        """All that is known."""
        said = dict(self.setting.known)
        for step in self.steps:
            said |= step.given
        return said

    @cached_property
    def diagnosis(self) -> Diagnosis:
        """The answer so far."""
        return self.setting.model.diagnose(self.answers, engine=self.setting.engine)

    @property
    def at_emergency(self) -> bool:
        """Whether the level of care is the highest there is."""
        triage = self.diagnosis.triage
        return triage is not None and triage.level == LEVELS[-1]

    @property
    def question(self) -> Question | None:
        """What to ask next."""
        return self._choice[0]

    @property
    def too_wide(self) -> bool:
        """Whether there was no time to weigh what could still be asked."""
        return self._choice[1]

    @cached_property
    def _choice(self) -> tuple[Question | None, bool]:
        """What to ask next, and whether it was chosen without weighing."""
        if self.at_emergency or len(self.steps) >= self.setting.most:
            return None, False
        repertoire, answer = self.setting.repertoire, self.diagnosis
        done = {*self.answers, *(name for step in self.steps for name in step.variables)}
        basis = choose_basis(self.setting.model.complaint, repertoire, done)
        if basis is not None:
            return basis, False
        try:
            model, engine = answer.model.assembled, _quick(answer.engine)
            subject = Subject(model, answer.evidence, engine, answer.plain.complaint)
            return choose_question(subject, repertoire, done), False
        except EngineError:
            level = answer.triage.level if answer.triage is not None else LEVELS[0]
            return choose_by_red_flags(level, repertoire, done), True


def _quick(engine: Engine) -> Engine:
    """The same engine, which refuses what would keep a person waiting: some hundred answers are needed."""
    return ExactEngine(min(engine.budget, _CELLS)) if isinstance(engine, ExactEngine) else engine
