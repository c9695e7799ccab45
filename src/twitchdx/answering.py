"""Evidence to the whole answer: posteriors, responsibilities, level of care, next steps."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from twitchdx.assembly import Assembled
from twitchdx.care import get_care
from twitchdx.catalogue import Bibliography, model_info
from twitchdx.engines import Answer, Engine
from twitchdx.engines.contract import one_patient
from twitchdx.errors import ImpossibleEvidenceError, Issue, Where
from twitchdx.evidence import Evidence, Observation
from twitchdx.explain import Responsibility, responsibility, smallest_conflict
from twitchdx.network import Network
from twitchdx.numerics import Array
from twitchdx.records import (
    RESULT_SCHEMA_VERSION,
    Candidate,
    DiagnosisRecord,
    ModelInfo,
    NextStep,
    Observed,
    Source,
    Triage,
)
from twitchdx.spec import LEVELS, Variable
from twitchdx.steps import NextSteps, Situation, TriageRules, refuse_weighing, watched_causes


def diagnose_patient(
    model: Assembled,
    variables: Mapping[str, Variable],
    evidence: Evidence,
    engine: Engine,
    complaint: str | None,
) -> DiagnosisRecord:
    """Answer for one patient.

    Parameters
    ----------
    model : Assembled
        The model.
    variables : mapping of str to Variable
        Its variables.
    evidence : Evidence
        What was observed.
    engine : Engine
        Computes the posteriors.
    complaint : str or None
        The finding to explain.

    Raises
    ------
    ImpossibleEvidenceError
        The observations exclude each other.
    """
    ready = _get_ready(model)
    causes = tuple(ready.labels)
    posterior = query(model.network, evidence, causes, engine)
    explained: Responsibility | None = None
    if complaint is not None:
        explained = responsibility(model.network, complaint, causes, evidence.likelihoods, engine)
    record = functools.partial(
        DiagnosisRecord,
        schema_version=RESULT_SCHEMA_VERSION,
        model=ready.info,
        engine=engine.name,
        complaint=complaint,
        evidence=tuple([_observed(each, variables[name]) for name, each in evidence.items()]),
        log_evidence=posterior.log_evidence,
    )
    if ready.guide is None:
        return record(differential=(), unexplained=None, triage=None, next_steps=())
    differential = _differential(ready, model.network, posterior, explained, engine)
    situation = Situation(
        states=observed_states(evidence, variables),
        probability={each.cause: each.probability for each in differential},
        responsibility=None if explained is None else explained.of,
        watched=ready.watched,
    )
    level = _triage(ready, model, evidence, posterior, engine, situation)
    next_steps = ready.guide.next_steps.rank(level, situation)
    return record(
        differential=differential,
        unexplained=None if explained is None else explained.unexplained,
        triage=level,
        next_steps=next_steps,
        sources=_cite(ready.guide, next_steps, level),
    )


def _triage(
    ready: _Ready,
    model: Assembled,
    evidence: Evidence,
    posterior: Answer,
    engine: Engine,
    situation: Situation,
) -> Triage:
    """The level of care: what the rules ask for, and what utility and caution ask for beyond that."""
    assert model.spec is not None
    assert ready.guide is not None
    rules = ready.guide.triage_rules
    reasons = rules.fired(situation)
    floor = LEVELS.index(reasons[0].level) if reasons else 0
    marginals = {cause: posterior.marginals[cause][None, :] for cause in ready.labels}
    care = get_care(model.spec, model.network)
    beyond = care.beyond_rules(
        engine,
        one_patient(evidence.likelihoods),
        np.array([posterior.log_evidence]),
        marginals,
        np.array([floor]),
    )
    if beyond.wide[0]:
        refuse_weighing()
    return rules.triage([*reasons, *care.reasons(beyond, marginals, floor)])


@dataclass(frozen=True, slots=True, eq=False)
class _Guide:
    """What a model with roles says about an answer: rules, steps and sources, ready for many patients."""

    triage_rules: TriageRules
    next_steps: NextSteps
    bibliography: Bibliography


@dataclass(frozen=True, slots=True, eq=False)
class _Ready:
    """What every answer of a model needs and no patient changes.

    Attributes
    ----------
    info : ModelInfo
        Which model answers.
    labels : mapping of str to str
        Cause -> what to call it, in the order of the model.
    states : mapping of str to tuple of str
        Cause -> its states.
    watched : frozenset of str
        Causes whose probability can ask for care soon or sooner.
    guide : _Guide or None
        None for a network file, which has no roles.
    """

    info: ModelInfo
    labels: Mapping[str, str]
    states: Mapping[str, tuple[str, ...]]
    watched: frozenset[str]
    guide: _Guide | None


@functools.lru_cache(maxsize=32)
def _get_ready(model: Assembled) -> _Ready:
    spec = model.spec
    info = model_info(spec.model if spec else None, model.name, model.version, model.digest)
    if spec is None:
        return _Ready(info, {}, {}, frozenset(), None)
    return _Ready(
        info,
        {cause: variable.label for cause, variable in spec.causes.items()},
        {cause: tuple(variable.states) for cause, variable in spec.causes.items()},
        watched_causes(spec.triage_rules.values()),
        _Guide(
            TriageRules(spec.triage_rules, spec.care_levels),
            NextSteps(spec.steps, spec.model.step_threshold.value),
            Bibliography(spec.references),
        ),
    )


def cite_steps(model: Assembled, next_steps: Iterable[NextStep], triage: Triage) -> tuple[Source, ...]:
    """The references that steps, their effects and the level of care name, in the order of the model."""
    guide = _get_ready(model).guide
    assert guide is not None
    return _cite(guide, next_steps, triage)


def _cite(guide: _Guide, next_steps: Iterable[NextStep], triage: Triage) -> tuple[Source, ...]:
    named = _triage_sources(triage)
    for step in next_steps:
        named.update(step.sources, *(effect.sources for effect in step.effects))
    return guide.bibliography.cite(named)


def query(network: Network, evidence: Evidence, targets: tuple[str, ...], engine: Engine) -> Answer:
    """Posterior marginals, or the error that names what excludes what."""
    answer = engine.answer(network, evidence.likelihoods, targets)
    if answer.log_evidence == -math.inf:
        raise _impossible(network, evidence, engine)
    return answer


@functools.lru_cache(maxsize=32)
def _priors(network: Network, causes: tuple[str, ...], engine: Engine) -> Mapping[str, float]:
    marginals = engine.answer(network, {}, causes).marginals
    return {cause: _present(marginals[cause]) for cause in causes}


def _differential(
    ready: _Ready, network: Network, posterior: Answer, explained: Responsibility | None, engine: Engine
) -> tuple[Candidate, ...]:
    priors = _priors(network, tuple(ready.labels), engine)
    candidates = []
    for cause, label in ready.labels.items():
        marginal = posterior.marginals[cause]
        candidates.append(
            Candidate(
                cause=cause,
                label=label,
                prior=priors[cause],
                probability=_present(marginal),
                interval=None,
                responsibility=None if explained is None else explained.of[cause],
                states=dict(zip(ready.states[cause], marginal.tolist(), strict=True)),
                watched=cause in ready.watched,
            )
        )
    # Stable: the order of the file decides ties.
    return tuple(sorted(candidates, key=_rank))


def _present(marginal: Array) -> float:
    """P(not the first state).

    The sum of the other states, not 1 - P(absent), keeps the digits of a rare cause.
    """
    return float(marginal[1] if len(marginal) == 2 else np.add.reduce(marginal[1:]))


def _rank(candidate: Candidate) -> tuple[float, float]:
    lead = candidate.probability if candidate.responsibility is None else candidate.responsibility
    return (-lead, -candidate.probability)


def _observed(observation: Observation, variable: Variable) -> Observed:
    label = variable.states[observation.state] if observation.state is not None else observation.given
    return Observed(
        variable=observation.variable,
        label=variable.label,
        given=observation.given,
        state=observation.state,
        state_label=label,
    )


def observed_states(evidence: Mapping[str, Observation], variables: Mapping[str, Variable]) -> dict[str, str]:
    """The observed state of each variable; for soft evidence, the most supported one."""
    return {
        name: observation.state or _most_supported(observation, variables[name])
        for name, observation in evidence.items()
    }


def _most_supported(observation: Observation, variable: Variable) -> str:
    likelihood = observation.likelihood
    return tuple(variable.states)[likelihood.index(max(likelihood))]


def _triage_sources(level: Triage) -> set[str]:
    return {*level.sources, *(source for reason in level.reasons for source in reason.sources)}


def _impossible(network: Network, evidence: Evidence, engine: Engine) -> ImpossibleEvidenceError:
    names = smallest_conflict(network, evidence.likelihoods, engine)
    conflict = {name: evidence[name].state or evidence[name].given for name in names}
    said = " and ".join(f"{name} = {state}" for name, state in conflict.items())
    issue = Issue(
        "error",
        "impossible-evidence",
        Where(", ".join(names)),
        f"{said} cannot be true together in this model."
        if len(names) > 1
        else f"{said} cannot be true in this model.",
        "Check these entries and change or withdraw one of them.",
    )
    return ImpossibleEvidenceError("The observations exclude each other.", [issue], conflict)
