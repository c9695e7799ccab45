"""What is believed of the numbers of a model, how its network depends on them, and draws of all of them."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import twitchdx as dx
from explaining import guess, likelihoods, named, spec_of
from models import spoiled, write_model
from twitchdx.checks import form_of
from twitchdx.engines import ExactEngine, Sparse
from twitchdx.network import recompile
from twitchdx.numerics import Array
from twitchdx.spec import Estimate, replace_estimates, walk_estimates
from twitchdx.uncertainty.beliefs import Beliefs, believe
from twitchdx.uncertainty.intervals import measure_uncertainty
from twitchdx.uncertainty.montecarlo import draw_networks, sample_posteriors
from twitchdx.uncertainty.spread import Z_95, central, spread_of

ENGINE = ExactEngine()
LINK = ("findings", "x", "distribution", "noisy_or", "links", "c", "present")
RATIO = ("causes", "x", "distribution", "log_linear", "modifiers", "c", "present")


@pytest.fixture(scope="module")
def hinge(tmp_path_factory: pytest.TempPathFactory) -> dx.Model:
    return dx.load_model(write_model(tmp_path_factory.mktemp("models") / "squeaking_hinge"))


def ends(scale: str, value: float, deviation: float) -> tuple[float, float]:
    """The interval of a number that has this deviation on its scale."""
    low, high = (math.exp(sign * Z_95 * deviation) for sign in (-1, 1))
    if scale == "log":
        return value * low, value * high
    odds = value / (1 - value)
    return odds * low / (1 + odds * low), odds * high / (1 + odds * high)


def dense(moves: Sparse, rows: int) -> Array:
    found = np.zeros([rows, moves.width])
    for row, column, value in moves.entries():
        found[row, column] += value
    return found


# What is believed of one number


@given(st.floats(1e-6, 0.999), st.floats(1.1, 30.0), st.floats(1.1, 30.0))
def test_the_mean_of_what_is_believed_is_the_number_that_the_posterior_uses(
    value: float, down: float, up: float
) -> None:
    odds = value / (1 - value)
    low, high = odds / down / (1 + odds / down), odds * up / (1 + odds * up)
    spread = spread_of(LINK, guess(value, low, high))
    # Trapezoids on the scale of the deviate, far beyond what matters.
    z = np.linspace(-9, 9, 20001)
    density = np.exp(-0.5 * z**2) / math.sqrt(2 * math.pi)
    assert np.trapezoid(spread.values(z) * density, z) == pytest.approx(value, rel=1e-6)


def test_the_interval_of_a_number_whose_value_is_its_median_is_kept() -> None:
    # Narrow, so that mean and median agree.
    spread = spread_of(LINK, guess(0.5, 0.48, 0.52))
    assert spread.values(np.array([-Z_95, Z_95])) == pytest.approx([0.48, 0.52], abs=1e-5)
    spread = spread_of(RATIO, guess(2.0, 1.98, 2.02, "odds_ratio"))
    assert spread.values(np.array([-Z_95, Z_95])) == pytest.approx([1.98, 2.02], rel=1e-4)


def test_a_sample_size_stands_for_an_interval() -> None:
    counted = Estimate(value=0.3, n=200, form="link", grade="cohort", sources=("x",))
    assert spread_of(LINK, counted).slope == pytest.approx(math.sqrt(0.3 * 0.7 / 200))


def test_what_is_true_by_definition_has_no_spread() -> None:
    certain = Estimate(value=1.0, form="link", grade="definition", note="so it is")
    assert spread_of(LINK, certain).values(np.array([-3.0, 3.0])).tolist() == [1.0, 1.0]


def test_an_interval_that_begins_at_nothing_counts_with_its_other_end() -> None:
    spread = spread_of(LINK, guess(0.1, 0.0, 0.3))
    assert spread.deviation == pytest.approx((math.log(0.3 / 0.7) - math.log(0.1 / 0.9)) / Z_95)


def test_the_central_interval_cuts_equal_weights_off() -> None:
    values = np.arange(1000) / 1000.0
    assert central(values, np.full(1000, 0.001)) == pytest.approx((0.0245, 0.9745))
    # Twice the weight is the same draw twice.
    twice = np.repeat([0.1, 0.2, 0.3], [1, 2, 1])
    weights = np.array([0.25, 0.5, 0.25])
    assert central([0.1, 0.2, 0.3], weights, 0.5)[0] <= central(twice, np.full(4, 0.25), 0.5)[0] + 0.05


# What is believed of all numbers together


def test_drawn_numbers_have_the_means_that_the_posterior_uses(hinge: dx.Model) -> None:
    beliefs = believe(spec_of(hinge))
    drawn = beliefs.draw(40_000, 1)
    means = np.array([each.mean for each in beliefs.spreads])
    error = drawn.std(axis=0) / math.sqrt(len(drawn))
    assert (np.abs(drawn.mean(axis=0) - means) <= 5 * error + 1e-12).all()


def test_drawn_grades_never_cross_and_drawn_rows_never_exceed_one() -> None:
    model = dx.load_model("knee_twitching")
    beliefs = believe(spec_of(model))
    drawn = dict(zip(beliefs.paths, beliefs.draw(300, 2).T, strict=True))
    rows: dict[tuple, Array] = {}
    for path, values in drawn.items():
        if "probabilities" in path and path[-1] != "duration":
            rows[path[:-1]] = rows.get(path[:-1], 0.0) + values
    assert rows
    assert all((total <= 1.0 + 1e-12).all() for total in rows.values())
    for name, (_, variable) in spec_of(model).variables().items():
        states = list(variable.states)
        graded = [
            path for path in beliefs.paths if path[1] == name and "noisy_max" in path and path[-1] in states
        ]
        for lower, higher in pairwise(graded):
            if lower[:-1] == higher[:-1] and states.index(lower[-1]) < states.index(higher[-1]):
                assert (drawn[higher] <= drawn[lower] + 1e-12).all()


def test_judgements_of_a_family_move_together_and_others_do_not() -> None:
    model = dx.load_model("knee_twitching")
    beliefs = believe(spec_of(model), correlation=0.4)
    drawn = beliefs.draw(20_000, 3)
    sized = np.array([each.deviation > 0.0 and each.scale == "logit" for each in beliefs.spreads])
    first, second = np.flatnonzero((beliefs.family == 0) & sized)[[0, -1]]
    stranger = np.flatnonzero((beliefs.family == -1) & sized)[0]

    def correlation(a: int, b: int) -> float:
        x, y = (np.log(drawn[:, k] / (1 - drawn[:, k])) for k in (a, b))
        return float(np.corrcoef(x, y)[0, 1])

    assert correlation(first, second) == pytest.approx(0.4, abs=0.03)
    assert correlation(first, stranger) == pytest.approx(0.0, abs=0.03)


def test_numbers_move_with_their_deviates_as_they_are_drawn(hinge: dx.Model) -> None:
    # With a hundredth of their spreads, so that the drawn numbers are linear in their deviates.
    spec = spec_of(hinge)
    narrow = {}
    for path, each in walk_estimates(spec):
        believed = spread_of(path, each)
        if "distribution" in path and believed.deviation > 0.0:
            low, high = ends(believed.scale, each.value, 0.01 * believed.deviation)
            narrow[path] = replace(each, low=low, high=high)
    beliefs = believe(replace_estimates(spec, narrow))
    moves = dense(beliefs.moves, len(beliefs.paths))
    expected, found = moves @ moves.T, np.cov(beliefs.draw(20_000, 8).T)
    uncertain = np.diag(expected) > 0.0
    scale = np.sqrt(np.diag(expected)[uncertain])
    assert uncertain.sum() > 20
    gaps = (found - expected)[np.ix_(uncertain, uncertain)] / np.outer(scale, scale)
    assert np.abs(gaps).max() < 0.05
    assert (np.diag(found)[~uncertain] == 0.0).all()


def test_every_number_keeps_the_spread_that_was_stated() -> None:
    # Whatever bounds it in its row, or whichever grade stands below.
    beliefs = believe(spec_of(dx.load_model("knee_twitching")))
    found = np.sqrt((dense(beliefs.moves, len(beliefs.paths)) ** 2).sum(axis=1))
    uncertain = beliefs.slopes > 0.0
    assert found[uncertain] == pytest.approx(beliefs.slopes[uncertain], rel=0.05)
    assert (found[~uncertain] == 0.0).all()
    random = np.random.default_rng(0).standard_normal(3000)
    alone = np.array([each.values(random).std() for each in beliefs.spreads])[uncertain]
    drawn = beliefs.draw(3000, 4)[:, uncertain].std(axis=0)
    assert drawn == pytest.approx(alone, rel=0.45)
    assert np.quantile(drawn / alone, [0.05, 0.95]) == pytest.approx([1.0, 1.0], abs=0.1)


def test_a_row_with_the_spreads_of_a_dirichlet_distribution_has_its_covariances() -> None:
    # Closed form: cov(p_i, p_j) = p_i (delta_ij - p_j) / (a + 1), a the sum of the shape parameters.
    shape = np.array([5.0, 30.0, 12.0, 53.0])
    mean = shape / shape.sum()
    covariance = (np.diag(mean) - np.outer(mean, mean)) / (shape.sum() + 1.0)
    spec = spec_of(dx.load_model("knee_twitching"))
    row = [path for path in dict(walk_estimates(spec)) if path[:2] == ("risk_factors", "age")][:3]
    numbers = {}
    for k, path in enumerate(row):
        value = float(mean[k])
        deviation = math.sqrt(covariance[k, k]) / (value * (1 - value))
        numbers[path] = guess(value, *ends("logit", value, deviation), form="probability")
    beliefs = believe(replace_estimates(spec, numbers))
    moves = dense(beliefs.moves, len(beliefs.paths))[[beliefs.paths.index(path) for path in row]]
    np.testing.assert_allclose(moves @ moves.T, covariance[:3, :3], rtol=1e-6)


def test_the_same_seed_draws_the_same_numbers(hinge: dx.Model) -> None:
    beliefs = believe(spec_of(hinge))
    np.testing.assert_array_equal(beliefs.draw(5, 7), beliefs.draw(5, 7))
    assert (beliefs.draw(5, 7) != beliefs.draw(5, 8)).any()


# Derivatives by published numbers


@pytest.mark.parametrize(
    "evidence", [{"squeak": "loud", "wobble": True}, {"rust_meter": 7, "annoyed_owner": False}]
)
def test_the_derivative_by_every_published_number_is_what_a_small_change_does(
    hinge: dx.Model, evidence: dict
) -> None:
    spec = spec_of(hinge)
    uncertainty = measure_uncertainty(spec, hinge.network, ENGINE)
    told = likelihoods(hinge, evidence)
    slopes = ENGINE.differentiate(hinge.network, told, [])
    found = uncertainty.jacobian.by_estimate(slopes.by_number)[0]
    estimates = dict(walk_estimates(spec))
    forms = set()
    for number, path in enumerate(uncertainty.jacobian.paths):
        estimate = estimates[path]
        forms.add(form_of(path, estimate))
        step = 1e-5 * estimate.value

        def log_evidence(value: float, path: tuple = path, estimate: Estimate = estimate) -> float:
            changed = replace_estimates(spec, {path: replace(estimate, value=value)})
            return ENGINE.answer(recompile(changed, spec, hinge.network), told, ()).log_evidence

        if estimate.value in (0.0, 1.0):
            continue
        difference = (log_evidence(estimate.value + step) - log_evidence(estimate.value - step)) / (2 * step)
        assert found[number] == pytest.approx(difference, rel=1e-4, abs=1e-5), path
    assert {
        "prevalence",
        "incidence",
        "sensitivity",
        "relative_risk",
        "odds_ratio",
        "multiplier",
        "link",
    } <= forms


# Draws


def test_draws_weigh_as_much_as_they_make_the_evidence_probable() -> None:
    # One rare cause c with a certain prior, a finding with an uncertain background b: P(c | finding) = p / (p
    # + (1 - p) b). The mean over what is believed once the finding is there, E[p] / E[p + (1 - p) b], is
    # below the plain mean of the quotient, which small b inflate.
    random = np.random.default_rng(0)
    p = 1e-4
    background = np.exp(random.normal(-6.0, 2.0, 200_000))
    posterior = p / (p + (1 - p) * background)
    mass = p + (1 - p) * background
    weighted = float((mass / mass.sum()) @ posterior)
    assert posterior.mean() > 5 * weighted
    assert weighted == pytest.approx(p / mass.mean(), rel=1e-9)


def test_the_weighted_mean_is_the_ratio_of_the_mean_masses(hinge: dx.Model) -> None:
    beliefs: Beliefs = believe(spec_of(hinge))
    draws = draw_networks(spec_of(hinge), beliefs, 50, 5)
    told, causes = likelihoods(hinge, {"squeak": "loud"}), tuple(hinge.causes)
    sampled = sample_posteriors(draws, told, named(causes), ENGINE)
    masses, joint = [], []
    for network in draws.networks:
        answer = ENGINE.answer(network, told, causes)
        masses.append(math.exp(answer.log_evidence))
        joint.append([masses[-1] * answer.marginals[cause][1:].sum() for cause in causes])
    expected = np.mean(joint, axis=0) / np.mean(masses)
    assert [sampled.mean(cause) for cause in causes] == pytest.approx(expected.tolist(), rel=1e-12)
    assert 1.0 <= sampled.effective_draws <= 50.0


def test_a_draw_whose_numbers_clash_is_counted_and_still_answers(tmp_path: Path) -> None:
    # A prevalence hardly above what its causes make: half of the draws leave no room for a leak.
    texts = spoiled(("soft: {value: 0.3, low: 0.2", "soft: {value: 0.22, low: 0.2"))
    model = dx.load_model(write_model(tmp_path / "squeaking_hinge", texts))
    draws = draw_networks(spec_of(model), believe(spec_of(model)), 60, 6)
    assert 0 < (draws.clashes > 0).sum() < 60
    sampled = sample_posteriors(draws, likelihoods(model, {"squeak": "soft"}), named(model.causes), ENGINE)
    assert np.isfinite(sampled.probability).all()
