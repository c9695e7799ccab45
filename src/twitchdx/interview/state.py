"""One moment of an interview: what was said until then, the answer to it, and the question that follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from twitchdx.diagnosis import Diagnosis
from twitchdx.engines import Engine
from twitchdx.interview.choosing import choose_question
from twitchdx.interview.repertoire import Repertoire
from twitchdx.interview.wording import Question
from twitchdx.model import Model
from twitchdx.spec import LEVELS
from twitchdx.whatif import Subject


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

    @cached_property
    def question(self) -> Question | None:
        """What to ask next."""
        if self.at_emergency or len(self.steps) >= self.setting.most:
            return None
        done = {*self.answers, *(name for step in self.steps for name in step.variables)}
        answer = self.diagnosis
        subject = Subject(answer.model.assembled, answer.evidence, answer.engine, answer.plain.complaint)
        return choose_question(subject, self.setting.repertoire, done)
