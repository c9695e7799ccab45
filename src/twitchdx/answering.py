"""Evidence to the whole answer: posteriors, responsibilities, level of care, next steps."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping

import numpy as np

from twitchdx.assembly import Assembled
from twitchdx.catalogue import cite, model_info
from twitchdx.engines import Answer, Engine, get_engine
from twitchdx.errors import ImpossibleEvidenceError, Issue, Where
from twitchdx.evidence import Evidence, Observation
from twitchdx.explain import Responsibility, responsibility, smallest_conflict
from twitchdx.network import Network
from twitchdx.records import (
    RESULT_SCHEMA_VERSION,
    Candidate,
    DiagnosisRecord,
    Observed,
    Triage,
)
from twitchdx.spec import LEVELS, Condition, Level, ModelSpec, Variable
from twitchdx.steps import Situation, rank_next_steps, triage

# A cause whose probability can ask for this level or a higher one is a danger.
_DANGER: Level = "soon"


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
    spec = model.spec
    causes = tuple(spec.causes) if spec is not None else ()
    posterior = query(model.network, evidence, causes, engine)
    explained: Responsibility | None = None
    if complaint is not None:
        explained = responsibility(model.network, complaint, causes, evidence.likelihoods, engine)
    record = functools.partial(
        DiagnosisRecord,
        schema_version=RESULT_SCHEMA_VERSION,
        model=model_info(spec.model if spec else None, model.name, model.version, model.digest),
        engine=engine.name,
        complaint=complaint,
        evidence=tuple(_observed(each, variables[name]) for name, each in evidence.items()),
        log_evidence=posterior.log_evidence,
    )
    if spec is None:
        return record(differential=(), unexplained=None, triage=None, next_steps=())
    differential = _differential(spec, model.network, posterior, explained, engine)
    situation = Situation(
        states=_states(evidence, variables),
        probability={each.cause: each.probability for each in differential},
        responsibility=None if explained is None else explained.of,
        watched=frozenset(each.cause for each in differential if each.watched),
    )
    level = triage(spec.triage_rules, spec.care_levels, situation)
    next_steps = rank_next_steps(spec.steps, level, situation, spec.model.step_threshold.value)
    named = {source for step in next_steps for source in step.sources}
    return record(
        differential=differential,
        unexplained=None if explained is None else explained.unexplained,
        triage=level,
        next_steps=next_steps,
        sources=cite(spec.references, named | _triage_sources(level)),
    )


def query(network: Network, evidence: Evidence, targets: tuple[str, ...], engine: Engine) -> Answer:
    """Posterior marginals, or the error that names what excludes what."""
    answer = engine.answer(network, evidence.likelihoods, targets)
    if answer.log_evidence == -math.inf:
        raise _impossible(network, evidence, engine)
    return answer


@functools.lru_cache(maxsize=32)
def _priors(network: Network, causes: tuple[str, ...], engine: str) -> Mapping[str, float]:
    marginals = get_engine(engine).answer(network, {}, causes).marginals
    return {cause: float(marginals[cause][1:].sum()) for cause in causes}


def _differential(
    spec: ModelSpec, network: Network, posterior: Answer, explained: Responsibility | None, engine: Engine
) -> tuple[Candidate, ...]:
    priors = _priors(network, tuple(spec.causes), engine.name)
    watched = {
        cause
        for rule in spec.triage_rules.values()
        if LEVELS.index(rule.level) >= LEVELS.index(_DANGER)
        for cause in _watched(rule.when)
    }
    candidates = [
        Candidate(
            cause=cause,
            label=variable.label,
            prior=priors[cause],
            # The sum of the other states, not 1 - P(absent), keeps the digits of a rare cause.
            probability=float(posterior.marginals[cause][1:].sum()),
            interval=None,
            responsibility=None if explained is None else explained.of[cause],
            states=dict(zip(variable.states, posterior.marginals[cause].tolist(), strict=True)),
            watched=cause in watched,
        )
        for cause, variable in spec.causes.items()
    ]
    # Stable: the order of the file decides ties.
    return tuple(sorted(candidates, key=_rank))


def _rank(candidate: Candidate) -> tuple[float, float]:
    lead = candidate.probability if candidate.responsibility is None else candidate.responsibility
    return (-lead, -candidate.probability)


def _watched(condition: Condition) -> set[str]:
    nested = [_watched(each) for each in (*condition.all, *condition.any)]
    return {cause for cause, bound in condition.posterior.items() if bound.at_least is not None}.union(
        *nested
    )


def _observed(observation: Observation, variable: Variable) -> Observed:
    label = variable.states[observation.state] if observation.state is not None else observation.given
    return Observed(
        variable=observation.variable,
        label=variable.label,
        given=observation.given,
        state=observation.state,
        state_label=label,
    )


def _states(evidence: Evidence, variables: Mapping[str, Variable]) -> dict[str, str]:
    """The observed state of each variable; for soft evidence, the most supported one."""
    return {
        name: tuple(variables[name].states)[int(np.argmax(observation.likelihood))]
        for name, observation in evidence.items()
    }


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
