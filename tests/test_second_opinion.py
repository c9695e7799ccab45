"""A second opinion on the shipped model: lazy propagation, by other people, in another language."""

from __future__ import annotations

import functools
import json
import math
import warnings
from typing import Any

import numpy as np
import pytest

import twitchdx as dx
from twitchdx.loading import find_model
from twitchdx.network import Table, split_network

CASES = sorted((find_model("knee_twitching") / "cases").glob("*.json"))


@functools.cache
def pyagrum() -> Any:
    # Its import warns about its own bindings, and the interpreter crashes where that warning is an error.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pyagrum

        return pyagrum


@functools.cache
def independent() -> Any:
    """The tables of the shipped model as a network of pyAgrum."""
    tables = split_network(dx.load_model("knee_twitching")._assembled.network)
    net = pyagrum().BayesNet("knee_twitching")
    for name, node in tables.items():
        net.add(pyagrum().LabelizedVariable(name, name, list(node.states)))
    for name, node in tables.items():
        for parent in node.parents:
            net.addArc(parent, name)
    for name, node in tables.items():
        assert isinstance(node.mechanism, Table)
        cpt = net.cpt(name)
        axes = [*node.parents, name]
        # The first variable of a pyAgrum table runs fastest.
        values = np.transpose(node.mechanism.values, [axes.index(each) for each in reversed(cpt.names)])
        cpt.fillWith(values.ravel().tolist())
    return net


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_an_independent_program_computes_the_same(case: Any) -> None:
    model = dx.load_model("knee_twitching")
    answer = model.diagnose(json.loads(case.read_text(encoding="utf-8"))["evidence"])
    inference = pyagrum().LazyPropagation(independent())
    inference.setEvidence(dict(answer.evidence.states))
    inference.setTargets(set(model.causes))
    inference.makeInference()
    assert math.log(inference.evidenceProbability()) == pytest.approx(answer.log_evidence, abs=1e-9)
    for each in answer.differential:
        expected = inference.posterior(each.cause).tolist()
        assert list(each.states.values()) == pytest.approx(expected, rel=1e-9, abs=0.0)
