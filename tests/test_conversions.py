"""Published numbers to parameters, against arithmetic done by hand in fractions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from twitchdx.network.conversions import (
    ConversionError,
    link_from_risks,
    link_from_sensitivity,
    prevalence_from_incidence,
    risks_from_ratios,
    solve_intercepts,
    solve_leak,
)
from twitchdx.numerics import solve_increasing

probability = st.floats(0.0, 1.0)
inner = st.floats(1e-6, 0.999)


def exact(fraction: Fraction) -> object:
    return pytest.approx(float(fraction), rel=1e-12, abs=0.0)


def test_link_from_sensitivity_by_hand() -> None:
    # w = 1 - (1 - 7/10) / (1 - 1/10) = 1 - (3/10)(10/9) = 2/3
    assert link_from_sensitivity(0.7, 0.1) == exact(Fraction(2, 3))
    assert link_from_sensitivity(0.7, 0.0) == 0.7
    assert link_from_sensitivity(1.0, 0.4) == 1.0
    assert link_from_sensitivity(0.3, 0.3) == 0.0


@given(inner, inner)
def test_a_link_and_the_leak_together_give_the_sensitivity(link: float, leak: float) -> None:
    sensitivity = 1.0 - (1.0 - link) * (1.0 - leak)
    assert link_from_sensitivity(sensitivity, leak) == pytest.approx(link, rel=1e-9, abs=1e-12)


@given(probability, probability)
def test_a_sensitivity_below_the_background_is_refused_and_never_clipped(
    sensitivity: float, leak: float
) -> None:
    assume(sensitivity < leak - 1e-9)
    with pytest.raises(ConversionError) as caught:
        link_from_sensitivity(sensitivity, leak)
    assert caught.value.fix


def test_a_certain_background_leaves_no_room_for_a_link() -> None:
    with pytest.raises(ConversionError):
        link_from_sensitivity(1.0, 1.0)


def test_prevalence_is_incidence_times_duration() -> None:
    # 2 per 100,000 person-years, a year and a quarter to diagnosis: 2.5 per 100,000.
    assert prevalence_from_incidence(2e-5, 1.25) == exact(Fraction(5, 200_000))
    assert prevalence_from_incidence(0.5, 2.0) == 1.0
    with pytest.raises(ConversionError):
        prevalence_from_incidence(0.5, 2.1)


def test_relative_risks_by_hand() -> None:
    # P = 1/10, f = 1/4, RR = 3: p0 = (1/10) / (3/4 + 3/4) = 1/15, p1 = 1/5.
    unexposed, exposed = risks_from_ratios(0.1, [0.25], [3.0], odds=False)
    assert unexposed == exact(Fraction(1, 15))
    assert exposed == [exact(Fraction(1, 5))]
    # Two groups: P = 1/10, f = (1/5, 1/10), RR = (2, 4): p0 = (1/10) / (7/10 + 4/10 + 4/10) = 1/15.
    unexposed, exposed = risks_from_ratios(0.1, [0.2, 0.1], [2.0, 4.0], odds=False)
    assert unexposed == exact(Fraction(1, 15))
    assert exposed == [exact(Fraction(2, 15)), exact(Fraction(4, 15))]


def test_odds_ratios_by_hand() -> None:
    # p0 = 1/5 has odds 1/4; OR = 6 gives odds 3/2, p1 = 3/5. With f = 1/4: P = 3/4 * 1/5 + 1/4 * 3/5 = 3/10.
    unexposed, exposed = risks_from_ratios(0.3, [0.25], [6.0], odds=True)
    assert unexposed == exact(Fraction(1, 5))
    assert exposed == [exact(Fraction(3, 5))]


@given(
    inner,
    st.lists(st.tuples(st.floats(0.01, 0.3), st.floats(0.05, 50.0)), min_size=1, max_size=3),
    st.booleans(),
)
def test_ratios_reproduce_the_prevalence_and_themselves(
    prevalence: float,
    groups: list[tuple[float, float]],
    odds: bool,
) -> None:
    shares, ratios = [f for f, _ in groups], [r for _, r in groups]
    try:
        unexposed, exposed = risks_from_ratios(prevalence, shares, ratios, odds=odds)
    except ConversionError:
        # Only a relative risk can lift a group above 1.
        assert not odds
        p0 = prevalence / (1.0 - sum(shares) + sum(f * r for f, r in groups))
        assert max([p0, *(r * p0 for r in ratios)]) > 1.0
        return
    mixed = (1.0 - sum(shares)) * unexposed + sum(f * p for f, p in zip(shares, exposed, strict=True))
    assert mixed == pytest.approx(prevalence, rel=1e-10, abs=0.0)
    for risk, ratio in zip(exposed, ratios, strict=True):
        if odds:
            # Cross-multiplied, so that nothing is divided by a risk near 0 or 1.
            assert risk * (1 - unexposed) == pytest.approx(
                ratio * unexposed * (1 - risk), rel=1e-9, abs=1e-15
            )
        else:
            assert risk == pytest.approx(ratio * unexposed, rel=1e-12, abs=0.0)


@pytest.mark.parametrize("odds", [True, False])
@pytest.mark.parametrize("prevalence", [0.0, 1.0])
def test_ratios_at_the_ends(prevalence: float, odds: bool) -> None:
    if prevalence == 1.0 and not odds:
        with pytest.raises(ConversionError):
            risks_from_ratios(1.0, [0.5], [2.0], odds=False)
        return
    unexposed, exposed = risks_from_ratios(prevalence, [0.5], [2.0], odds=odds)
    assert (unexposed, exposed) == (prevalence, [prevalence])


def test_link_from_risks_by_hand() -> None:
    # w = (1/5 - 1/15) / (1 - 1/15) = (2/15) / (14/15) = 1/7
    assert link_from_risks(1.0 / 15.0, 0.2) == exact(Fraction(1, 7))
    assert link_from_risks(0.2, 0.2) == 0.0
    for unexposed, exposed in ((0.3, 0.2), (1.0, 1.0)):
        with pytest.raises(ConversionError):
            link_from_risks(unexposed, exposed)


def test_solve_leak_by_hand() -> None:
    # One cause of 1/5 with a link of 1/2 and no inhibitor: silence = 1 - 1/10 = 9/10.
    # P = 1 - (1 - leak) 9/10 = 19/100 gives leak = 1/10.
    assert solve_leak(0.19, 1.0, lambda _: 0.9) == exact(Fraction(1, 10))
    # Half of the outcomes suppressed: P = 1/2 - (1 - leak) 9/20 = 19/200.
    assert solve_leak(0.095, 0.5, lambda _: 0.45) == exact(Fraction(1, 10))


def test_solve_leak_with_a_sensitivity_that_depends_on_it() -> None:
    # A cause of 1/5 whose sensitivity is 11/20: 1 - w = (9/20) / (1 - leak), so
    # silence = 4/5 + 1/5 (9/20) / (1 - leak) and P = 1 - (1 - leak) 4/5 - 9/100.
    # With leak = 1/10: P = 19/100.
    def silence(leak: float) -> float:
        return 0.8 + 0.2 * 0.45 / (1.0 - leak)

    assert solve_leak(0.19, 1.0, silence) == exact(Fraction(1, 10))


def test_a_negative_leak_and_an_unreachable_prevalence_are_refused() -> None:
    with pytest.raises(ConversionError, match="causes alone"):
        solve_leak(0.05, 1.0, lambda _: 0.9)
    with pytest.raises(ConversionError, match="inhibitors"):
        solve_leak(0.6, 0.5, lambda _: 0.45)
    assert solve_leak(0.1, 1.0, lambda _: 0.9) == pytest.approx(0.0, abs=1e-12)


@given(st.floats(1e-9, 0.999), inner, inner)
def test_a_solved_leak_gives_the_prevalence_back(leak: float, passing: float, share: float) -> None:
    silence = passing * (1.0 - share)
    prevalence = passing - (1.0 - leak) * silence
    found = solve_leak(prevalence, passing, lambda _: silence)
    assert passing - (1.0 - found) * silence == pytest.approx(prevalence, rel=1e-9, abs=0.0)


def test_intercepts_of_relative_risks_by_hand() -> None:
    # m = (1, 3) with weights (3/4, 1/4): E[m] = 3/2; marginal 3/10 gives b = 1/5: 1/5 and 3/5.
    rows = solve_intercepts(np.array([0.3]), np.array([1.0, 3.0]), np.array([0.75, 0.25]), odds=False)
    assert rows[:, 1].tolist() == [exact(Fraction(1, 5)), exact(Fraction(3, 5))]
    assert rows[:, 0].tolist() == [exact(Fraction(4, 5)), exact(Fraction(2, 5))]


def test_intercepts_of_odds_ratios_by_hand() -> None:
    # B = 1/4, m = (1, 6): presence 1/5 and 3/5, with weights (3/4, 1/4) 3/10 in all.
    # Two states that share it 2 : 1 have 1/5 and 1/10 of the population.
    rows = solve_intercepts(np.array([0.2, 0.1]), np.array([1.0, 6.0]), np.array([0.75, 0.25]), odds=True)
    assert rows[0].tolist() == [exact(Fraction(4, 5)), exact(Fraction(2, 15)), exact(Fraction(1, 15))]
    assert rows[1].tolist() == [exact(Fraction(2, 5)), exact(Fraction(2, 5)), exact(Fraction(1, 5))]


@given(
    st.lists(st.floats(1e-7, 0.3), min_size=1, max_size=3),
    st.lists(st.tuples(st.floats(0.05, 50.0), st.floats(0.01, 1.0)), min_size=2, max_size=6),
    st.booleans(),
)
def test_intercepts_reproduce_marginals_and_ratios(
    marginal: list[float],
    groups: list[tuple[float, float]],
    odds: bool,
) -> None:
    ratios = np.array([r for r, _ in groups])
    weights = np.array([w for _, w in groups])
    weights /= weights.sum()
    try:
        rows = solve_intercepts(np.array(marginal), ratios, weights, odds=odds)
    except ConversionError:
        assert not odds
        assert sum(marginal) * ratios.max() / (weights @ ratios) > 1.0
        return
    assert rows.min() >= 0.0
    assert rows.sum(axis=1).tolist() == pytest.approx([1.0] * len(groups), abs=1e-12)
    assert (weights @ rows)[1:].tolist() == pytest.approx(marginal, rel=1e-9, abs=0.0)
    # Each ratio is against the first group: for relative risks of P(s), for odds ratios of P(s) / P(first).
    scale = rows[:, 1:] / rows[:, :1] if odds else rows[:, 1:]
    for row, ratio in zip(scale, ratios, strict=True):
        assert row.tolist() == pytest.approx((scale[0] * ratio / ratios[0]).tolist(), rel=1e-9, abs=0.0)


def test_intercepts_at_the_ends() -> None:
    ratios, weights = np.array([1.0, 2.0]), np.array([0.5, 0.5])
    assert solve_intercepts(np.array([0.0]), ratios, weights, odds=True).tolist() == [[1.0, 0.0], [1.0, 0.0]]
    assert solve_intercepts(np.array([1.0]), ratios, weights, odds=True).tolist() == [[0.0, 1.0], [0.0, 1.0]]
    for impossible in (np.array([0.6, 0.5]), np.array([0.8])):
        with pytest.raises(ConversionError):
            solve_intercepts(impossible, ratios, weights, odds=False)


@given(st.floats(1e-12, 1.0), st.floats(0.2, 5.0))
def test_the_root_of_an_increasing_function_is_found(root: float, power: float) -> None:
    found = solve_increasing(lambda x: x**power - root**power, 0.0, 1.0)
    assert found**power == pytest.approx(root**power, rel=1e-9, abs=1e-15)


def test_without_a_change_of_sign_the_nearer_end_is_the_answer() -> None:
    assert solve_increasing(lambda x: x + 1.0, 0.0, 2.0) == 0.0
    assert solve_increasing(lambda x: x - 3.0, 0.0, 2.0) == 2.0
