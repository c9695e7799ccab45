"""The interview: what was asked and answered, what comes next, and the answer so far."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from twitchdx.api import load_model, usual_model
from twitchdx.diagnosis import Diagnosis
from twitchdx.engines import DEFAULT_ENGINE, Engine
from twitchdx.errors import Issue, OptionError, Where
from twitchdx.interview.answers import understand_answer, understand_known
from twitchdx.interview.display import interview_html, interview_text
from twitchdx.interview.repertoire import Repertoire
from twitchdx.interview.saving import Saved, read_saved, write_saved
from twitchdx.interview.state import Setting, State, Step
from twitchdx.interview.wording import Question
from twitchdx.model import Model
from twitchdx.whatif.parameters import require_spec

#: Questions at most, where nothing else is said: more tire, and tell little.
MOST = 15

_AT_ONCE = "No answer to a further question would change that."
_TOO_WIDE = "No warning sign is left to ask for, and it would take too long to find out what else to ask."
_NOTHING_LEFT = "No further answer of yours is likely to change what to do."


class Interview:
    """A person is asked one thing after another, and every answer changes what is asked next.

    The interview begins with the complaint and who the person is. Then it looks for what may need care soon
    or at once, and then for what is worth most. "Don't know" is no answer, and never "no". It ends where no
    answer is likely to change what to do, at an emergency, or after `most` questions.

    Parameters
    ----------
    model : str, path or Model, optional
        The model; the usual one if left out.
    answers : mapping, optional
        What is known already, as `diagnose` takes it; it is not asked. Signs, tests and known causes can be
        given here, which are never asked of a person.
    most : int, optional
        How many questions are asked at most, skipped ones among them.
    engine : str or Engine, optional
        Which engine answers.

    Raises
    ------
    OptionError
        `most` is no whole number above 0.
    EvidenceError
        What is known cannot be understood, or is impossible; the error lists every problem.
    ModelError
        The model is a network file, which has no complaint and no questions.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | Model | None = None,
        *,
        answers: Mapping[str, Any] | None = None,
        most: int = MOST,
        engine: str | Engine = DEFAULT_ENGINE,
    ) -> None:
        if isinstance(most, bool) or not isinstance(most, int) or most < 1:
            issue = Issue("error", "wrong-option", Where("most"), f"found {most!r}.", "Give 1 or more.")
            raise OptionError("An option cannot be understood.", [issue])
        loaded = model if isinstance(model, Model) else load_model(usual_model() if model is None else model)
        repertoire = Repertoire(require_spec(loaded.assembled), loaded.network)
        known = understand_known({} if answers is None else answers, loaded.specs)
        self._setting = Setting(loaded, engine, repertoire, known, most)
        self._move(())

    @property
    def model(self) -> Model:
        """The model."""
        return self._setting.model

    @property
    def most(self) -> int:
        """How many questions are asked at most."""
        return self._setting.most

    @property
    def asked(self) -> int:
        """How many questions were asked, skipped ones among them."""
        return len(self._state.steps)

    @property
    def answers(self) -> Mapping[str, Any]:
        """All that is known, as `diagnose` takes it."""
        return MappingProxyType(self._state.answers)

    @property
    def skipped(self) -> tuple[str, ...]:
        """What was asked and left open: the person does not know, or does not want to say."""
        return tuple(name for step in self._state.steps for name in step.skipped)

    @property
    def diagnosis(self) -> Diagnosis:
        """The answer so far."""
        return self._state.diagnosis

    @property
    def question(self) -> Question | None:
        """What to ask next; None where it is time to stop."""
        return self._state.question

    @property
    def stopped(self) -> str | None:
        """Why nothing is asked any more, as a sentence; None while there is a question."""
        if self.question is not None:
            return None
        if self._state.at_emergency:
            triage = self.diagnosis.triage
            return f"{triage.label}. {_AT_ONCE}" if triage is not None else _AT_ONCE
        if self.asked >= self.most:
            return f"That was question {self.most}, the last of this interview."
        return _NOTHING_LEFT if self.weighed else _TOO_WIDE

    @property
    def weighed(self) -> bool:
        """Whether what comes next was weighed; False where that would take too long, and red flags decide."""
        return not self._state.too_wide

    def answer(self, value: Any) -> None:
        """Answer the question.

        Parameters
        ----------
        value : object
            For one variable: a state, a truth value, a number or "number unit" where it is measured, or what
            else `diagnose` takes; None is a skip. For a checklist: the names of those that are present, and
            the others are absent; a mapping of name to value, and the others stay open; True or False for
            all of them.

        Raises
        ------
        EvidenceError
            The answer cannot be understood, and the question stands; the error lists every problem.
        ImpossibleEvidenceError
            The answer contradicts what is known, and the question stands.
        OptionError
            There is no question to answer.
        """
        question = self._require_question()
        given = understand_answer(question, value, self.model.specs)
        self._move((*self._state.steps, Step(question.variables, given)))

    def skip(self) -> None:
        """Leave the question open: nothing is assumed about it, and it is not asked again.

        Raises
        ------
        OptionError
            There is no question to skip.
        """
        self._move((*self._state.steps, Step(self._require_question().variables, {})))

    def back(self) -> None:
        """Take the last answer back, or the last skip, and ask that question again.

        Raises
        ------
        OptionError
            No question was answered yet.
        """
        if not self._state.steps:
            issue = Issue("error", "nothing-to-take-back", Where("interview"), "nothing was answered yet.",
                          "Answer the question, or skip it.")  # fmt: skip
            raise OptionError("There is nothing to take back.", [issue])
        self._move(self._state.steps[:-1])

    def to_json(self) -> str:
        """Everything that is needed to go on another day, as JSON text."""
        setting = self._setting
        return write_saved(setting.model, Saved(setting.most, setting.known, self._state.steps))

    @classmethod
    def from_json(
        cls,
        text: str,
        model: str | os.PathLike[str] | Model | None = None,
        *,
        engine: str | Engine = DEFAULT_ENGINE,
    ) -> Interview:
        """Go on with an interview.

        Parameters
        ----------
        text : str
            What `to_json` gave.
        model : str, path or Model, optional
            The model; the shipped one that the text names if left out.
        engine : str or Engine, optional
            Which engine answers.

        Raises
        ------
        OptionError
            The text is no interview, or belongs to another model; the error lists every problem.
        EvidenceError
            What was answered is impossible.
        ModelError
            `model` is none.
        """
        loaded, saved = read_saved(text, model)
        found = cls(loaded, answers=saved.known, most=saved.most, engine=engine)
        found._move(saved.steps)
        return found

    def _require_question(self) -> Question:
        question = self.question
        if question is None:
            issue = Issue("error", "no-question", Where("interview"), self.stopped or "",
                          "Read `diagnosis`, or go `back()`.")  # fmt: skip
            raise OptionError("There is no question.", [issue])
        return question

    def _move(self, steps: tuple[Step, ...]) -> None:
        after = State(self._setting, steps)
        _ = after.diagnosis  # what is impossible is refused here, and the interview stays where it is
        self._state = after

    def __repr__(self) -> str:
        return interview_text(self)

    def _repr_html_(self) -> str:
        return interview_html(self)
