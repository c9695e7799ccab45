"""Cases to be explained: random networks in the dress of a model, and models from files."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import twitchdx as dx
from twitchdx.engines import Engine, get_engine
from twitchdx.evidence import Evidence, Observation, parse_evidence
from twitchdx.explain.case import Case
from twitchdx.network import Network
from twitchdx.numerics import Array
from twitchdx.spec import Distribution, Estimate, Finding, Header, ModelSpec, Variable
from twitchdx.uncertainty.intervals import AnswerUncertainty
from twitchdx.uncertainty.jacobian import differentiate_compilation

_THRESHOLD = Estimate(value=0.05, grade="definition", note="none")
_HEADER = Header(
    format=1,
    name="random",
    version="0",
    title="Random",
    description="",
    population="nobody",
    window="",
    complaint="",
    licence="",
    disclaimer="",
    step_threshold=_THRESHOLD,
)


def observed(network: Network, likelihoods: Mapping[str, Any]) -> Evidence:
    """Likelihood vectors as observations; one that leaves a single state is certain."""
    found = {}
    for name in network:
        if name in likelihoods:
            vector = [float(each) for each in likelihoods[name]]
            possible = [state for state, each in zip(network[name].states, vector, strict=True) if each > 0.0]
            state = possible[0] if len(possible) == 1 else None
            scaled = tuple(each / max(vector) for each in vector)
            found[name] = Observation(name, state or "soft", state, scaled)
    return Evidence(found)


def dressed(
    network: Network, causes: Collection[str], likelihoods: Mapping[str, Any], engine: Engine
) -> Case:
    """A case of a network some variables of which are called causes, and the others findings."""

    def say(kind: type[Variable], name: str) -> Variable:
        states = {state: f"{name} is {state}" for state in network[name].states}
        return kind(label=name.upper(), definition="", distribution=Distribution(), states=states)

    spec = ModelSpec(
        model=_HEADER,
        care_levels={},
        causes={name: say(Variable, name) for name in causes},
        findings={name: say(Finding, name) for name in network if name not in causes},  # type: ignore[misc]
    )
    return Case(spec, network, observed(network, likelihoods), engine)


def case_of(model: dx.Model, evidence: Mapping[str, Any], engine: str = "exact") -> Case:
    """A case of a model, with slopes where the engine has them."""
    diagnosis = model.diagnose(evidence, engine=engine)
    assert model.spec is not None
    answering = get_engine(engine)
    jacobian = None
    if engine == "exact":
        jacobian = differentiate_compilation(model.spec, model.network, answering)  # type: ignore[arg-type]
    return Case(model.spec, model.network, diagnosis.evidence, answering, jacobian)


def spec_of(model: dx.Model) -> ModelSpec:
    assert model.spec is not None
    return model.spec


def likelihoods(model: dx.Model, evidence: Mapping[str, object]) -> Mapping[str, Array]:
    variables = {name: each for name, (_, each) in spec_of(model).variables().items()}
    return parse_evidence(evidence, variables).likelihoods


def uncertainty_of(model: dx.Model, evidence: Mapping[str, object]) -> AnswerUncertainty:
    found = model.diagnose(evidence).uncertainty
    assert found is not None
    return found


def guess(value: float, low: float, high: float, form: str = "link") -> Estimate:
    return Estimate(value=value, low=low, high=high, form=form, grade="judgement", note="a guess")


def named(causes: Collection[str]) -> dict[str, str]:
    """Causes that are called by their names."""
    return {cause: cause for cause in causes}
