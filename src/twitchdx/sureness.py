"""How sure an answer is: intervals for a diagnosis, draws, and the case that explanations are about."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType
from typing import get_args

import numpy as np

from twitchdx.assembly import Assembled
from twitchdx.engines import Differentiating, Engine
from twitchdx.errors import EngineError, Issue, ModelError, OptionError, Where
from twitchdx.evidence import Evidence
from twitchdx.explain.case import Case
from twitchdx.explain.differentiation import AnswerSlopes, differentiate_answer
from twitchdx.explain.fit import flag_fit
from twitchdx.explain.responsibility import responsibility
from twitchdx.network import Network
from twitchdx.numerics import Array
from twitchdx.records import Candidate, DiagnosisRecord
from twitchdx.spec import ModelSpec
from twitchdx.uncertainty.beliefs import believe
from twitchdx.uncertainty.intervals import (
    AnswerUncertainty,
    LogOddsUncertainty,
    Uncertainty,
    measure_uncertainty,
)
from twitchdx.uncertainty.montecarlo import Draws, Quantity, Sampled, draw_networks, sample_posteriors
from twitchdx.uncertainty.thresholds import CareThresholds, find_thresholds


def find_uncertainty(
    model: Assembled, record: DiagnosisRecord, evidence: Evidence, engine: Engine
) -> AnswerUncertainty | None:
    """How the probabilities of an answer depend on the numbers of the model.

    None for a network file, whose numbers have no stated uncertainty; for an engine without slopes; and where
    the hypotheses about responsibilities tie together more than the engine can compute.
    """
    if model.spec is None or not isinstance(engine, Differentiating):
        return None
    states = {each.cause: np.array([*each.states.values()]) for each in record.differential}
    ordered = {cause: states[cause] for cause in model.spec.causes}
    complaint = record.complaint if record.unexplained is not None else None
    try:
        slopes = differentiate_answer(model.network, evidence.likelihoods, ordered, complaint, engine)
    except EngineError:
        return None
    known = measure_uncertainty(model.spec, model.network, engine)
    return _by_deviate(known, slopes)


def upper_end(
    spec: ModelSpec,
    network: Network,
    likelihoods: Mapping[str, Array],
    states: Mapping[str, Array],
    cause: str,
    engine: Differentiating,
) -> float:
    """Upper end of the 95 % interval of P(cause not absent | evidence), from posteriors that are known.

    Parameters
    ----------
    spec : ModelSpec
        The model.
    network : Network
        What it compiles to.
    likelihoods : mapping of str to float64 array
        The evidence; it must be possible.
    states : mapping of str to float64 array
        P(cause | evidence) of every cause.
    cause : str
        The cause.
    engine : Differentiating
        Gives slopes.

    Raises
    ------
    EngineError
        The evidence ties together more than the engine can compute.
    """
    ordered = {name: states[name] for name in spec.causes}
    slopes = differentiate_answer(network, likelihoods, ordered, None, engine)
    found = _by_deviate(measure_uncertainty(spec, network, engine), slopes)
    return _around(found.probability, cause, float(states[cause][1:].sum()))[1]


def _by_deviate(known: Uncertainty, slopes: AnswerSlopes) -> AnswerUncertainty:
    """From slopes by the numbers of the network to effects of what is believed of published ones."""
    parts = [
        each for each in (slopes.probability, slopes.responsibility, slopes.unexplained) if each is not None
    ]
    effects = known.by_deviate.by_estimate(np.concatenate([each.by_number for each in parts]))
    ends = np.cumsum([0, *(len(each.names) for each in parts)]).tolist()
    found = [
        LogOddsUncertainty(each.names, each.value, each.log_odds, effects[start:end])
        for each, start, end in zip(parts, ends, ends[1:], strict=False)
    ]
    return AnswerUncertainty(found[0], *(found[1:] or (None, None)))


def chance_above(
    found: AnswerUncertainty | None, cause: str, other: str, by: Quantity | None
) -> float | None:
    """The probability that one cause ranks above another; None where that is not known.

    A cause without chains to the complaint explains nothing, whatever the numbers: it is below all that do.

    Raises
    ------
    OptionError
        `by` is no quantity.
    """
    if by not in (None, *get_args(Quantity)):
        fix = 'Give "responsibility" or "probability", or leave it out.'
        issue = Issue("error", "wrong-option", Where("by"), f"found {by!r}.", fix)
        raise OptionError("An option cannot be understood.", [issue])
    if found is None:
        return None
    ranked = found.probability
    if by != "probability" and found.responsibility is not None:
        ranked = found.responsibility
    elif by == "responsibility":
        return None
    a, b = cause in ranked.names, other in ranked.names
    if a and b:
        return ranked.chance_above(cause, other)
    return 0.5 if a == b else float(a)


def with_intervals(record: DiagnosisRecord, found: AnswerUncertainty | None) -> DiagnosisRecord:
    """The same answer with intervals round probabilities and responsibilities."""
    if found is None:
        return record
    differential = tuple(
        replace(
            each,
            interval=_around(found.probability, each.cause, each.probability),
            responsibility_interval=_responsibility(found, each),
        )
        for each in record.differential
    )
    around = None
    if found.unexplained is not None and record.unexplained is not None:
        around = _around(found.unexplained, found.unexplained.names[0], record.unexplained)
    return replace(record, differential=differential, unexplained_interval=around)


def with_fit(
    record: DiagnosisRecord, model: Assembled, evidence: Evidence, engine: Engine
) -> DiagnosisRecord:
    """The same answer with the flag that says whether the model explains the evidence badly.

    Unchanged for a network file, for an engine without slopes, of which so many answers are not asked in
    passing, and where the engine cannot compute them.
    """
    if model.spec is None or not isinstance(engine, Differentiating):
        return record
    try:
        badly, rule = flag_fit(Case(model.spec, model.network, evidence, engine))
    except EngineError:
        return record
    return replace(record, explained_badly=badly, fit=rule)


def _responsibility(found: AnswerUncertainty, candidate: Candidate) -> tuple[float, float] | None:
    if candidate.responsibility is None or found.responsibility is None:
        return None
    if candidate.responsibility == 0.0:  # no chain, whatever the numbers
        return 0.0, 0.0
    if candidate.cause not in found.responsibility.names:
        return None
    return _around(found.responsibility, candidate.cause, candidate.responsibility)


def _around(found: LogOddsUncertainty, cause: str, value: float) -> tuple[float, float]:
    """The interval; rounding must not leave the value outside."""
    low, high = found.interval(cause)
    return min(low, value), max(high, value)


def thresholds_of(
    model: Assembled, record: DiagnosisRecord, found: AnswerUncertainty | None
) -> CareThresholds:
    """The bounds of triage rules on probabilities.

    Raises
    ------
    ModelError
        The model was read from a network file.
    """
    return find_thresholds(_require_roles(model), record, found)


def case_of(model: Assembled, evidence: Evidence, engine: Engine) -> Case:
    """What an explanation is about.

    Raises
    ------
    ModelError
        The model was read from a network file, which has no roles.
    """
    spec = _require_roles(model)
    if not isinstance(engine, Differentiating):
        return Case(spec, model.network, evidence, engine)
    known = measure_uncertainty(spec, model.network, engine)
    deviations = dict(zip(known.beliefs.paths, known.beliefs.slopes.tolist(), strict=True))
    return Case(spec, model.network, evidence, engine, known.jacobian, MappingProxyType(deviations))


def sample_answer(
    model: Assembled,
    evidence: Evidence,
    engine: Engine,
    draws: int,
    seed: int,
    complaint: str | None,
) -> Sampled:
    """The posteriors of all causes in models whose numbers are drawn, with what they explain of a complaint.

    Raises
    ------
    ModelError
        The model was read from a network file.
    OptionError
        An option is no whole number in range.
    """
    spec = _require_roles(model)
    _require_counts({"draws": (draws, 1), "seed": (seed, 0)})
    causes = {name: each.label for name, each in spec.causes.items()}

    def explain(network: Network) -> Mapping[str, float]:
        found = responsibility(network, complaint or "", tuple(causes), evidence.likelihoods, engine)
        return dict.fromkeys(causes, 0.0) if found is None else found.of

    asked = None if complaint is None else explain
    return sample_posteriors(_draws(model, draws, seed), evidence.likelihoods, causes, engine, asked)


@lru_cache(maxsize=2)
def _draws(model: Assembled, draws: int, seed: int) -> Draws:
    spec = _require_roles(model)
    return draw_networks(spec, believe(spec), draws, seed)


def _require_roles(model: Assembled) -> ModelSpec:
    if model.spec is None:
        fix = "Write it as a model folder; the guide to the model format shows how."
        issue = Issue(
            "error", "no-roles", Where(model.name), "this is a network file: it has no causes.", fix
        )
        raise ModelError("The model has no roles.", [issue])
    return model.spec


def _require_counts(given: Mapping[str, tuple[object, int]]) -> None:
    issues: Collection[Issue] = [
        Issue("error", "wrong-option", Where(name), f"found {value!r}.", f"Give a whole number from {least}.")
        for name, (value, least) in given.items()
        if isinstance(value, bool) or not isinstance(value, int) or value < least
    ]
    if issues:
        raise OptionError("An option cannot be understood.", list(issues))
