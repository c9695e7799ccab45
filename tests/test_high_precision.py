"""Every digit of rare posteriors, against arithmetic that does not round, or rounds at the 150th digit.

The inputs of the oracles are the very float64 numbers that the engine is given, so that all of the difference
is the engine's own rounding.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracle import Enumeration, ExactWorlds, TwoLayers, log_of
from strategies import (
    clinical_network,
    possible_evidence,
    sampled_evidence,
    seeds,
    small_networks,
    two_layers,
)
from twitchdx.engines import Answer, Engine
from twitchdx.network import Network, Node, Table

# What the library promises of every posterior, including the rarest, and of P(evidence).
PROMISED = 1e-10
PRESENT, ABSENT = np.array([0.0, 1.0]), np.array([1.0, 0.0])
MANY = settings(max_examples=4 * settings.default.max_examples)


@pytest.fixture(scope="module")
def engine(every_engine: Engine) -> Engine:
    return every_engine


def agrees(marginal: np.ndarray, expected: Sequence[Fraction | Decimal]) -> None:
    assert marginal.tolist() == pytest.approx([float(each) for each in expected], rel=PROMISED, abs=0.0)


def agrees_with_quickscore(
    engine: Engine, layers: TwoLayers, present: Sequence[int], absent: Sequence[int]
) -> None:
    network = layers.network()
    evidence = {f"f{f}": PRESENT for f in present} | {f"f{f}": ABSENT for f in absent}
    causes = [f"c{k}" for k in range(len(layers.priors))]
    answer = engine.answer(network, evidence, causes)
    mass, posteriors = layers.quickscore(present, absent)
    assert answer.log_evidence == pytest.approx(log_of(mass), rel=0.0, abs=PROMISED)
    if mass == 0:
        assert answer.marginals == {}
        return
    for cause, expected in zip(causes, posteriors, strict=True):
        agrees(answer.marginals[cause], expected)


def agrees_with_exact_worlds(answer: Answer, network: Network, evidence: dict) -> None:
    worlds = ExactWorlds(network, evidence)
    assert answer.log_evidence == pytest.approx(log_of(worlds.mass), rel=0.0, abs=PROMISED)
    assert bool(answer.marginals) == (worlds.mass > 0)
    for name, marginal in answer.marginals.items():
        agrees(marginal, worlds.marginal(name))


@MANY
@given(seeds, st.integers(1, 24), st.integers(0, 6), st.integers(0, 10))
def test_two_layers(engine: Engine, random: Random, causes: int, present: int, absent: int) -> None:
    layers = two_layers(random, causes, present + absent)
    agrees_with_quickscore(engine, layers, range(present), range(present, present + absent))


@pytest.mark.parametrize(
    ("causes", "positives", "density"), [(10, 16, 1.0), (14, 16, 0.4), (24, 14, 0.6), (60, 12, 0.2)]
)
def test_many_positive_findings(engine: Engine, causes: int, positives: int, density: float) -> None:
    if engine.name == "pgmpy":  # its tables grow as 4^positives where every cause has every finding
        positives = 7
    layers = two_layers(Random(causes), causes, positives + 4, density=density)
    agrees_with_quickscore(engine, layers, range(positives), range(positives, positives + 4))


@MANY
@given(seeds, st.integers(1, 4), st.integers(0, 16))
def test_processes_grades_and_inhibitors(engine: Engine, random: Random, causes: int, findings: int) -> None:
    network = clinical_network(random, causes, findings)
    evidence = {
        name: vector for name, vector in sampled_evidence(random, network, 1.0).items() if name[0] in "ft"
    }
    for name, vector in evidence.items():
        # What is observed need not be what is likely.
        if random.random() < 0.7:
            evidence[name] = np.eye(vector.size)[random.randrange(vector.size)]
    agrees_with_exact_worlds(engine.answer(network, evidence, list(network)), network, evidence)


@given(small_networks(rare=True), st.data())
def test_small_networks_of_any_kind(engine: Engine, network: Network, data: st.DataObject) -> None:
    evidence = data.draw(possible_evidence(network))
    agrees_with_exact_worlds(engine.answer(network, evidence, list(network)), network, evidence)


@given(seeds, st.integers(1, 8), st.integers(1, 4), st.integers(0, 4))
def test_extremes(engine: Engine, random: Random, causes: int, present: int, absent: int) -> None:
    # Priors of 1e-12 and near 1, links of 1, leaks of 0: some of the evidence is impossible.
    whole = two_layers(random, causes, present + absent)
    layers = TwoLayers(
        tuple(random.choice((1e-12, 3e-12, 1e-7, 0.5, 1.0 - 1e-9)) for _ in whole.priors),
        tuple(
            tuple(random.choice((link, 1.0, 1e-9)) if link else 0.0 for link in row) for row in whole.links
        ),
        tuple(random.choice((0.0, 0.0, 1e-12, 1e-5)) for _ in whole.leaks),
    )
    agrees_with_quickscore(engine, layers, range(present), range(present, present + absent))


def _rescales(engine: Engine) -> None:
    if engine.name == "pgmpy":
        pytest.skip("pgmpy multiplies the factors of a variable as they are: products under 1e-308 vanish")


def test_hundreds_of_findings_do_not_underflow(engine: Engine) -> None:
    # Each finding has a probability of 1e-300, or twice that: their product is around 1e-90000.
    _rescales(engine)
    likelihood, prior = 1e-300, 1e-9
    layers = TwoLayers((prior,), ((likelihood,) * 300,), (likelihood,) * 300)
    answer = engine.answer(layers.network(), {f"f{f}": PRESENT for f in range(300)}, ["c0"])
    # In units of tiny^300, the cause makes each finding 1 - (1 - tiny)^2 = tiny (2 - tiny).
    tiny = Decimal(likelihood)
    off, on = Decimal(1.0 - prior), Decimal(prior) * (2 - tiny) ** 300
    assert answer.log_evidence == pytest.approx(log_of((off + on) * tiny**300), rel=1e-14, abs=0.0)
    agrees(answer.marginals["c0"], (off / (off + on), on / (off + on)))


@pytest.mark.parametrize("count", [50, 500])
def test_findings_for_and_against_balance(engine: Engine, count: int) -> None:
    # Half of the findings speak for the cause, half as strongly against it: on the way the odds can leave
    # the range of a float.
    if count > 50:
        _rescales(engine)
    table = Table(("c",), np.array([[0.999, 0.001], [0.001, 0.999]]))
    root = Node("c", ("absent", "present"), Table((), np.array([0.875, 0.125])))
    network = Network([root, *(Node(f"f{f}", ("absent", "present"), table) for f in range(2 * count))])
    evidence = {f"f{f}": PRESENT if f < count else ABSENT for f in range(2 * count)}
    answer = engine.answer(network, evidence, ["c"])
    assert answer.log_evidence == pytest.approx(count * math.log(0.999 * 0.001), rel=1e-12, abs=0.0)
    assert answer.marginals["c"].tolist() == pytest.approx([0.875, 0.125], rel=PROMISED, abs=0.0)


@given(small_networks(), st.data())
def test_the_oracles_agree(network: Network, data: st.DataObject) -> None:
    evidence = data.draw(possible_evidence(network))
    worlds, enumeration = ExactWorlds(network, evidence), Enumeration(network)
    assert float(worlds.mass) == pytest.approx(enumeration.mass(evidence), rel=1e-12, abs=0.0)
    for name in network:
        expected = [float(each) for each in worlds.marginal(name)]
        assert enumeration.marginal(name, evidence) == pytest.approx(expected, rel=1e-12, abs=0.0)


@given(seeds, st.integers(1, 5), st.integers(0, 3), st.integers(0, 3))
def test_quickscore_agrees_with_exact_worlds(random: Random, causes: int, present: int, absent: int) -> None:
    layers = two_layers(random, causes, present + absent)
    evidence = {f"f{f}": PRESENT if f < present else ABSENT for f in range(present + absent)}
    worlds = ExactWorlds(layers.network(), evidence)
    mass, posteriors = layers.quickscore(range(present), range(present, present + absent))
    assert float(mass) == pytest.approx(float(worlds.mass), rel=1e-15, abs=0.0)
    for k, expected in enumerate(posteriors):
        assert [float(each) for each in worlds.marginal(f"c{k}")] == pytest.approx(
            [float(each) for each in expected], rel=1e-15, abs=0.0
        )
