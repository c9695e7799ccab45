"""The patient whose answer is put to the test, and the part of an answer that can turn."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from twitchdx.answering import observed_states, query
from twitchdx.assembly import Assembled
from twitchdx.care import get_care
from twitchdx.engines import Answer, Engine
from twitchdx.engines.contract import one_patient
from twitchdx.errors import ModelError
from twitchdx.evidence import Evidence, Observation
from twitchdx.explain import responsibility
from twitchdx.explain.case import bearing_part
from twitchdx.network import Network, recompile
from twitchdx.numerics import Array, read_only
from twitchdx.spec import (
    LEVELS,
    Estimate,
    Level,
    ModelSpec,
    Role,
    Variable,
    places_of_shared,
    replace_estimates,
)
from twitchdx.steps import Situation, TriageRules, refuse_weighing, watched_causes
from twitchdx.whatif.parameters import Path, require_spec
from twitchdx.whatif.robustness import Criterion

CRITERIA: tuple[Criterion, ...] = ("explaining", "probable", "level")


@dataclass(frozen=True, slots=True, eq=False)
class Masses:
    """What a network says about the causes.

    Attributes
    ----------
    log_evidence : float
        Natural log of P(evidence).
    present, absent : float64 array, shape (C,)
        P(cause not absent | evidence), P(cause absent | evidence).
    """

    log_evidence: float
    present: Array
    absent: Array


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """The part of an answer that can turn.

    Attributes
    ----------
    masses : Masses
        The posteriors.
    responsibility : mapping of str to float, or None
        Of each cause for the complaint.
    turns : mapping of Criterion to str
        The cause that explains the complaint best (left out where responsibility is None), the most probable
        cause, the level of care. The order of the model decides ties.
    level : str
        The level of care once more.
    """

    masses: Masses
    responsibility: Mapping[str, float] | None
    turns: Mapping[Criterion, str]
    level: Level


class Subject:
    """One patient before one model, whose answer is computed again and again with something different.

    Parameters
    ----------
    model : Assembled
        A model with roles.
    evidence : Evidence
        What was observed.
    engine : Engine
        Computes the answers.
    complaint : str or None
        The finding to explain.

    Raises
    ------
    ModelError
        The model has no roles.
    ImpossibleEvidenceError
        The observations exclude each other.
    """

    def __init__(self, model: Assembled, evidence: Evidence, engine: Engine, complaint: str | None) -> None:
        self.model = model
        self.spec: ModelSpec = require_spec(model)
        described = self.spec.variables()
        self.variables: dict[str, Variable] = {name: each for name, (_, each) in described.items()}
        self.roles: dict[str, Role] = {name: role for name, (role, _) in described.items()}
        self.network = model.network
        self.evidence = evidence
        self.engine = engine
        self.complaint = complaint
        self.causes = tuple(self.spec.causes)
        self.rules = TriageRules(self.spec.triage_rules, self.spec.care_levels)
        # Raises, with what excludes what.
        self._answer = query(self.network, evidence, self.causes, engine)

    @cached_property
    def outcome(self) -> Outcome:
        """The answer as it is."""
        return self._judge(self.network, self.evidence, self._answer)

    @cached_property
    def marginals(self) -> Mapping[str, Array]:
        """P(cause | evidence) of every cause, each of shape (1, states), as it is."""
        return {cause: self._answer.marginals[cause][None, :] for cause in self.causes}

    @cached_property
    def situation(self) -> Situation:
        """What rules and steps look at, as it is."""
        states = observed_states(self.evidence, self.variables)
        present = dict(zip(self.causes, self.outcome.masses.present.tolist(), strict=True))
        watched = watched_causes(self.spec.triage_rules.values())
        return Situation(states, present, self.outcome.responsibility, watched)

    def weigh(self, network: Network, evidence: Evidence) -> Masses | None:
        """The posteriors; None where the evidence is impossible."""
        answer = self.engine.answer(network, evidence.likelihoods, self.causes)
        return None if answer.log_evidence == -math.inf else self._masses(answer)

    def _masses(self, answer: Answer) -> Masses:
        marginals = [answer.marginals[cause] for cause in self.causes]
        return Masses(
            answer.log_evidence,
            read_only([float(np.add.reduce(each[1:])) for each in marginals]),
            read_only([float(each[0]) for each in marginals]),
        )

    def judge(self, network: Network, evidence: Evidence) -> Outcome | None:
        """The answer of some network to some evidence; None where that is impossible."""
        answer = self.engine.answer(network, evidence.likelihoods, self.causes)
        return None if answer.log_evidence == -math.inf else self._judge(network, evidence, answer)

    def _judge(self, network: Network, evidence: Evidence, answer: Answer) -> Outcome:
        masses = self._masses(answer)
        of = self._explain(network, evidence)
        present = dict(zip(self.causes, masses.present.tolist(), strict=True))
        turns: dict[Criterion, str] = {}
        if of is not None:
            turns["explaining"] = max(self.causes, key=lambda cause: (of[cause], present[cause]))
        turns["probable"] = max(self.causes, key=present.__getitem__)
        level = self._level(network, evidence, answer, present, of)
        turns["level"] = level
        return Outcome(masses, of, turns, level)

    def _explain(self, network: Network, evidence: Evidence) -> Mapping[str, float] | None:
        if self.complaint is None:
            return None
        found = responsibility(network, self.complaint, self.causes, evidence.likelihoods, self.engine)
        return None if found is None else found.of

    def _level(
        self,
        network: Network,
        evidence: Evidence,
        answer: Answer,
        present: Mapping[str, float],
        of: Mapping[str, float] | None,
    ) -> Level:
        """The level of care: that of the rules, and what utility and caution ask for beyond it."""
        floor = LEVELS.index(self.level_by_rules(evidence, present, of))
        beyond = get_care(self.spec, network).beyond_rules(
            self.engine,
            one_patient(evidence.likelihoods),
            np.array([answer.log_evidence]),
            {cause: answer.marginals[cause][None, :] for cause in self.causes},
            np.array([floor]),
        )
        if beyond.wide[0]:
            refuse_weighing()
        return LEVELS[int(beyond.level[0])]

    def level_by_rules(
        self,
        evidence: Mapping[str, Observation],
        present: Mapping[str, float],
        of: Mapping[str, float] | None,
    ) -> Level:
        """The level of care that the rules alone ask for."""
        states = observed_states(evidence, self.variables)
        fired = self.rules.fired(Situation(states, present, of))
        return fired[0].level if fired else LEVELS[0]


def spoken_turn(subject: Subject, criterion: Criterion, turned: str) -> str:
    """What to call a cause or a level that a part of the answer turns into."""
    return turned.replace("_", " ") if criterion == "level" else subject.variables[turned].label


def bearing(subject: Subject) -> frozenset[str]:
    """Where numbers can matter: evidence, causes, complaint, and whatever is upstream of them."""
    complaint = () if subject.complaint is None else (subject.complaint,)
    return subject.network.ancestors((*subject.evidence, *subject.causes, *complaint))


class ChangedNumbers:
    """A subject whose model is compiled anew with one number changed.

    Only what bears on the subject is compiled: evidence, causes, complaint, and whatever is upstream of them.
    Answers are kept, so that the same change costs only once.
    """

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self._spec, self._network = bearing_part(subject.spec, subject.network, bearing(subject))
        self._places = places_of_shared(self._spec)
        self._masses: dict[tuple[Path, float], Masses | None] = {}
        self._outcomes: dict[tuple[Path, float], Outcome | None] = {}

    def compile(self, path: Path, estimate: Estimate, value: float) -> Network | None:
        """The network; None where the other numbers do not allow this value."""
        # Only the value counts for the network; the interval need not hold it.
        places = self._places.get(estimate.shared, (path,))
        changed = replace_estimates(self._spec, dict.fromkeys(places, replace(estimate, value=value)))
        try:
            return recompile(changed, self._spec, self._network)
        except ModelError:
            return None

    def weigh(self, path: Path, estimate: Estimate, value: float) -> Masses | None:
        """The posteriors; None where there is no such model, or where the evidence is impossible in it."""
        key = (path, value)
        if key not in self._masses:
            network = self.compile(path, estimate, value)
            self._masses[key] = (
                None if network is None else self.subject.weigh(network, self.subject.evidence)
            )
        return self._masses[key]

    def judge(self, path: Path, estimate: Estimate, value: float) -> Outcome | None:
        """The answer; None as in `weigh`."""
        key = (path, value)
        if key not in self._outcomes:
            network = self.compile(path, estimate, value)
            found = None if network is None else self.subject.judge(network, self.subject.evidence)
            self._outcomes[key] = found
            self._masses[key] = None if found is None else found.masses
        return self._outcomes[key]
