"""The decision as it is: what can be chosen, and what would be chosen without learning anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from twitchdx.care import get_care
from twitchdx.engines.contract import one_patient
from twitchdx.numerics import Array
from twitchdx.spec import LEVELS, Level
from twitchdx.steps import Actions, Choice, Situation, Weighing, predicate, refuse_weighing
from twitchdx.whatif import Subject


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """The decision of one patient as things are.

    Attributes
    ----------
    level : Level
        The level of care.
    choice : Choice or None
        The levels with stated utilities that a red flag leaves open, and which of these has the highest
        expected utility; None where the model states none.
    utilities : float64 array, shape (L,)
        Expected utility of each stated level that is allowed, of the lowest, and of the level of care; -inf
        of the others.
    actions : Actions
        The optional actions.
    open_actions : list of int
        Those which the evidence does not forbid.
    action_utilities : float64 array, shape (A,)
        Expected utility of every action.
    """

    level: Level
    choice: Choice | None
    utilities: Array
    actions: Actions
    open_actions: list[int]
    action_utilities: Array

    @property
    def stated(self) -> bool:
        """Whether the model states utilities of anything."""
        return self.choice is not None or bool(self.actions.names)

    def action_gains(self, present: Mapping[str, Array]) -> Array:
        """By how much the actions that are then worth it are better than those that are worth it now.

        Parameters
        ----------
        present : mapping of str to float64 array, shape (R,)
            Cause -> P(cause not absent) after each result.
        """
        after = self.actions.utilities(present)[:, self.open_actions]
        chosen = self.action_utilities[self.open_actions] > 0.0
        gains: Array = np.where(chosen, np.maximum(-after, 0.0), np.maximum(after, 0.0)).sum(axis=1)
        return gains


def find_standing(subject: Subject, *, weighed: bool = True) -> Standing:
    """The decision as it is.

    The choice of a level is bounded from below by red flags alone: what rules ask for on a probability is up
    for change when the probability is. An action is open unless the evidence fulfils its `unless`.

    Parameters
    ----------
    subject : Subject
        The patient.
    weighed : bool, optional
        Whether the levels of care are weighed exactly; else there is no choice of one.
    """
    spec = subject.spec
    situation = subject.situation
    red_flags = [LEVELS.index(each.level) for each in subject.rules.fired(situation) if each.red_flag]
    floor = max(red_flags, default=0)
    care = get_care(spec, subject.network)
    choice, utilities = None, np.zeros(0)
    if care.weighing is not None and weighed:
        choice, utilities = _choice(subject, care.weighing, floor)
    actions = Actions(spec)
    present = {cause: np.array([p]) for cause, p in situation.probability.items()}
    return Standing(
        subject.outcome.level,
        choice,
        utilities,
        actions,
        [place for place, name in enumerate(actions.names) if not _forbidden(subject, name, situation)],
        actions.utilities(present)[0],
    )


def _choice(subject: Subject, weighing: Weighing, floor: int) -> tuple[Choice, Array]:
    """The levels that are open, with the best of them, and what the levels are worth."""
    # Above all stated levels the highest of them stands for what the red flag asks.
    allowed = weighing.places >= min(floor, int(weighing.places[-1]))
    wanted = allowed | (weighing.places == LEVELS.index(subject.outcome.level))
    wanted[0] = True
    rows = one_patient(subject.evidence.likelihoods)
    log_evidence = np.array([subject.outcome.masses.log_evidence])
    bounds = weighing.bounds(subject.marginals)
    chances, wide = weighing.measure(subject.engine, rows, log_evidence, bounds, wanted[None, :])
    if wide.any():
        refuse_weighing()
    utilities = np.where(wanted, weighing.utilities(chances)[0], -np.inf)
    return Choice(allowed, int(np.where(allowed, utilities, -np.inf).argmax())), utilities


def _forbidden(subject: Subject, name: str, situation: Situation) -> bool:
    unless = subject.spec.steps[name].unless
    return unless is not None and predicate(unless)(situation)
