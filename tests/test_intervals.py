"""Intervals of an answer, the chances that go with them, and how often they cover."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import twitchdx as dx
from explaining import guess, likelihoods, named, spec_of, uncertainty_of
from models import write_model
from twitchdx.engines import ExactEngine
from twitchdx.numerics import Array
from twitchdx.uncertainty.beliefs import believe
from twitchdx.uncertainty.intervals import AnswerUncertainty, LogOddsUncertainty
from twitchdx.uncertainty.montecarlo import draw_networks, sample_posteriors
from twitchdx.uncertainty.spread import Z_95, spread_of

ENGINE = ExactEngine()
LINK = ("findings", "x", "distribution", "noisy_or", "links", "c", "present")


@pytest.fixture(scope="module")
def hinge(tmp_path_factory: pytest.TempPathFactory) -> dx.Model:
    return dx.load_model(write_model(tmp_path_factory.mktemp("models") / "squeaking_hinge"))


def test_the_interval_of_a_prior_is_that_of_its_number(hinge: dx.Model) -> None:
    answer = uncertainty_of(hinge, {})
    believed = spread_of(LINK, guess(0.07, 0.05, 0.1))
    at = answer.probability.names.index("loose_screw")
    assert answer.probability.deviation[at] == pytest.approx(believed.deviation, rel=1e-9)
    ends = believed.values(np.array([-Z_95, Z_95]))
    assert answer.probability.interval("loose_screw") == pytest.approx(tuple(ends), rel=1e-9)


@given(st.floats(1e-7, 0.999), st.floats(0.0, 3.0))
def test_what_is_believed_of_a_posterior_has_the_posterior_as_its_mean(
    value: float, deviation: float
) -> None:
    log_odds = np.array([math.log(value / (1 - value))])
    found = LogOddsUncertainty(
        ("x",), np.array([value]), log_odds, np.array([[0.6 * deviation, 0.8 * deviation]])
    )
    # By the trapezoidal rule, which knows nothing of the nodes that the library uses.
    z = np.linspace(-12.0, 12.0, 20_001)
    density = np.exp(-0.5 * z**2) / math.sqrt(2 * math.pi)
    mean = np.trapezoid(density / (1 + np.exp(-(found.centre[0] + deviation * z))), z)
    assert mean == pytest.approx(value, rel=1e-5)
    low, high = found.interval("x")
    assert low <= value * (1 + 1e-12)
    assert value <= high * (1 + 1e-12) or deviation > 1.9  # the mean of a very wide one is beyond its 97.5 %


@pytest.mark.parametrize(
    "evidence",
    [{"squeak": "loud"}, {"squeak": "soft", "wobble": False}, {"squeak": "loud", "rust_meter": 7, "age": 30}],
)
def test_intervals_agree_with_draws_of_all_numbers(tmp_path: Path, evidence: dict) -> None:
    model = dx.load_model(write_model(tmp_path / "squeaking_hinge"))
    answer = uncertainty_of(model, evidence)
    told, causes = likelihoods(model, evidence), tuple(model.causes)
    draws = draw_networks(spec_of(model), believe(spec_of(model)), 1500, 1)
    sampled = sample_posteriors(draws, told, named(causes), ENGINE)
    for cause in causes:
        for found, expected in zip(answer.probability.interval(cause), sampled.interval(cause), strict=True):
            # To first order, and by sampling: on the scale of log-odds both are good to about a tenth.
            gap = math.log(found / (1 - found)) - math.log(expected / (1 - expected))
            at = causes.index(cause)
            assert abs(gap) <= 0.2 * Z_95 * answer.probability.deviation[at] + 0.05


def test_the_value_beside_each_interval_is_that_of_the_answer(hinge: dx.Model) -> None:
    for evidence in (
        {"squeak": "loud"},
        {"squeak": {"none": 0.1, "soft": 1.0, "loud": 0.5}},
        {"annoyed_owner": True},
    ):
        plain = hinge.diagnose(evidence)
        answer = uncertainty_of(hinge, evidence)
        assert answer.responsibility is not None
        assert answer.unexplained is not None
        values = dict(zip(answer.probability.names, answer.probability.value, strict=True))
        explained = dict(zip(answer.responsibility.names, answer.responsibility.value, strict=True))
        for each in plain.differential:
            assert values[each.cause] == pytest.approx(each.probability, rel=1e-9)
            assert explained.get(each.cause, 0.0) == pytest.approx(each.responsibility, rel=1e-9)
            low, high = answer.probability.interval(each.cause)
            assert low <= each.probability <= high
        assert answer.unexplained.value[0] == pytest.approx(plain.unexplained, rel=1e-9)


def test_a_cause_that_is_known_has_no_interval_to_speak_of(hinge: dx.Model) -> None:
    answer = uncertainty_of(hinge, {"wear": True, "loose_screw": False})
    assert answer.probability.interval("wear") == (1.0, 1.0)
    assert answer.probability.interval("loose_screw") == (0.0, 0.0)
    assert answer.probability.chance_above("wear", "rust") == 1.0
    assert answer.probability.chance_above("loose_screw", "rust") == 0.0
    assert answer.probability.chance_at_least("wear", 0.999) == 1.0
    assert answer.probability.chance_at_least("loose_screw", 0.001) == 0.0


def test_of_two_causes_one_is_above_the_other_or_below(hinge: dx.Model) -> None:
    answer = uncertainty_of(hinge, {"squeak": "loud"})
    forth = answer.probability.chance_above("rust", "wear")
    assert forth + answer.probability.chance_above("wear", "rust") == pytest.approx(1.0)
    draws = draw_networks(spec_of(hinge), believe(spec_of(hinge)), 1000, 4)
    told = likelihoods(hinge, {"squeak": "loud"})
    assert forth == pytest.approx(
        sample_posteriors(draws, told, named(hinge.causes), ENGINE).chance_above("rust", "wear"), abs=0.06
    )


# Thresholds of triage


def test_the_chance_to_reach_a_threshold_is_the_share_of_draws_that_do(hinge: dx.Model) -> None:
    d = hinge.diagnose({"squeak": "loud"})
    found = {(each.rule, each.cause): each for each in d.care_thresholds.thresholds}
    draws = draw_networks(spec_of(hinge), believe(spec_of(hinge)), 1000, 9)
    told = likelihoods(hinge, {"squeak": "loud"})
    sampled = sample_posteriors(draws, told, named(hinge.causes), ENGINE)
    assert found
    for (_, cause), each in found.items():
        assert each.quantity == "probability"
        column = sampled.probability[:, sampled.causes.index(cause)]
        share = float(sampled.weights @ (column >= each.bound))
        assert each.chance_at_least == pytest.approx(share, abs=0.08)
        assert each.value == d.posterior[cause]
        low, high = d.intervals[cause] or (0.0, 0.0)
        assert each.open == (low < each.bound <= high)


def test_at_its_median_a_threshold_is_reached_with_an_even_chance(hinge: dx.Model) -> None:
    found = uncertainty_of(hinge, {"squeak": "loud"}).probability
    for name, centre in zip(found.names, found.centre.tolist(), strict=True):
        assert found.chance_at_least(name, 1 / (1 + math.exp(-centre))) == pytest.approx(0.5)
        low, high = found.interval(name)
        assert found.chance_at_least(name, low) == pytest.approx(0.975)
        assert found.chance_at_least(name, high) == pytest.approx(0.025)


# Coverage. It tests the arithmetic only: the truths are drawn from what the model believes, so that whether
# these beliefs are right is no part of it.


def test_intervals_cover_simulated_truths_as_often_as_they_say(hinge: dx.Model) -> None:
    spec, causes = spec_of(hinge), tuple(hinge.causes)
    draws = draw_networks(spec, believe(spec), 400, 12)
    asked: dict[str, tuple[AnswerUncertainty, Mapping[str, Array]]] = {}
    random = np.random.default_rng(3)
    inside = count = 0
    for network in draws.networks:
        # A door of that truth, of which the squeak is heard.
        squeak = ENGINE.answer(network, {}, ("squeak",)).marginals["squeak"]
        state = ("none", "soft", "loud")[random.choice(3, p=squeak / squeak.sum())]
        if state not in asked:
            evidence = {"squeak": state}
            asked[state] = uncertainty_of(hinge, evidence), likelihoods(hinge, evidence)
        answer, told = asked[state]
        truth = ENGINE.answer(network, told, causes).marginals
        for cause in causes:
            low, high = answer.probability.interval(cause)
            inside += low <= truth[cause][1:].sum() <= high
            count += 1
    # 95 % to first order; the truths of one draw are not independent, so that the bounds are wide.
    assert 0.92 <= inside / count <= 0.98
