"""What a network implies for a figure: against enumeration, and the verdict against closed forms."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import twitchdx as dx
from oracle import Enumeration
from strategies import small_networks
from twitchdx.network import Network, Node, Table
from twitchdx.numerics import read_only
from twitchdx.spec import Figure, Published, Term
from twitchdx.validation import check_figure, probability_given, read_validation, validate_model
from validating import FIGURES, changed, write_validation


@st.composite
def events(draw: st.DrawFn, network: Network) -> dict[str, tuple[str, ...]]:
    names = draw(st.lists(st.sampled_from(list(network)), max_size=3, unique=True))
    return {
        name: tuple(draw(st.lists(st.sampled_from(network[name].states), min_size=1, unique=True)))
        for name in names
    }


def mass(network: Network, *wanted: dict[str, tuple[str, ...]]) -> float:
    """P(all events hold), by going through every world."""
    return math.fsum(
        probability
        for probability, states, _ in Enumeration(network).worlds
        if all(
            network[name].states[states[name]] in allowed
            for event in wanted
            for name, allowed in event.items()
        )
    )


@given(st.data())
def test_a_conditional_probability_is_that_of_enumeration(data: st.DataObject) -> None:
    network = data.draw(small_networks(rare=data.draw(st.booleans())))
    of, condition = data.draw(events(network)), data.draw(events(network))
    whole = mass(network, condition)
    assume(whole > 0.0)
    expected = mass(network, of, condition) / whole
    assert probability_given(network, of, condition) == pytest.approx(expected, rel=1e-10, abs=0.0)


def coin(share: float) -> Network:
    return Network([Node("coin", ("tails", "heads"), Table((), read_only([1.0 - share, share])))])


def test_an_impossible_condition_is_refused() -> None:
    for condition in ({"coin": ("heads",)}, {"coin": ()}):
        with pytest.raises(dx.ImpossibleEvidenceError):
            probability_given(coin(0.0), {"coin": ("tails",)}, condition)


def verdict(
    share: float, low: float, high: float, *, tolerance: float = 1.0, weight: float = 1.0
) -> tuple[str, float]:
    figure = Figure(
        label="heads",
        terms=(Term(of={"coin": ("heads",)}, weight=weight),),
        published=Published(value=low, low=low, high=high),
        sources=("x",),
        tolerance=tolerance,
    )
    found = check_figure(coin(share), "heads", figure)
    return found.verdict, found.beyond


shares = st.integers(1, 99).map(lambda percent: percent / 100)


@given(shares, shares, shares, st.sampled_from([1.0, 1.1, 1.5, 2.0, 4.0]))
def test_the_verdict_on_a_probability_compares_odds(
    share: float, one: float, other: float, tolerance: float
) -> None:
    low, high = min(one, other), max(one, other)
    odds = {each: Fraction(round(100 * each), 100 - round(100 * each)) for each in (share, low, high)}
    factor = max(odds[low] / odds[share], odds[share] / odds[high], Fraction(1))
    assume(factor != Fraction(tolerance))  # on the very edge rounding decides
    expected = "within" if low <= share <= high else "tolerated" if factor < tolerance else "missed"
    found = verdict(share, low, high, tolerance=tolerance)
    assert found[0] == expected
    assert found[1] == pytest.approx(float(factor))


@given(shares, shares, shares, st.sampled_from([1.1, 1.5, 2.0, 4.0]), st.sampled_from([0.5, 2.0, 10.0]))
def test_the_verdict_on_a_weighted_figure_compares_values(
    share: float, one: float, other: float, tolerance: float, weight: float
) -> None:
    low, high = min(one, other) * weight, max(one, other) * weight
    factor = max(low / (weight * share), weight * share / high, 1.0)
    assume(factor == 1.0 or abs(factor / tolerance - 1) > 1e-9)
    found = verdict(share, low, high, tolerance=tolerance, weight=weight)
    assert found[1] == pytest.approx(factor)
    if factor > 1.0 + 1e-9:
        assert found[0] == ("tolerated" if factor < tolerance else "missed")


@pytest.mark.parametrize(("share", "low", "high"), [(0.0, 0.1, 0.2), (1.0, 0.1, 0.2)])
def test_what_is_impossible_or_certain_lies_infinitely_beyond(share: float, low: float, high: float) -> None:
    assert verdict(share, low, high, tolerance=1e9) == ("missed", math.inf)


def test_terms_add_up_with_their_weights(tmp_path: Path) -> None:
    folder = write_validation(tmp_path / "hinge")
    model = dx.load_model(folder)
    report = validate_model(model, read_validation(folder))
    before = model.diagnose({}).posterior
    implied = {each.name: each.implied for each in report.figures}
    assert implied["loose_and_worn"] == pytest.approx(0.5 * before["loose_screw"] + 0.5 * before["wear"])
    assert implied["rust_in_old_doors"] == pytest.approx(model.diagnose({"age": 12}).posterior["rust"])


def test_only_a_miss_without_an_explanation_is_a_failure(tmp_path: Path) -> None:
    far = ("{value: 0.2, low: 0.1, high: 0.3}", "{value: 0.9, low: 0.9, high: 0.9}")
    explained = ("    tolerance: 1.5", "    tolerance: 1.5\n    explained: these doors stand in the rain")
    failures = []
    for index, changes in enumerate([(), (far,), (far, explained), (explained,)]):
        folder = write_validation(tmp_path / str(index), changed(FIGURES, *changes))
        failures.append(validate_model(dx.load_model(folder), read_validation(folder)).failures)
    assert failures == [(), ("rust_in_old_doors",), (), ()]


def test_every_impossible_condition_is_named_at_once(tmp_path: Path) -> None:
    never = "given: {squeak: [loud], annoyed_owner: [absent]}"
    figures = changed(
        FIGURES,
        ("given: {age: [old]}", never),
        ("{of: {wear: [present]}, ", f"{{of: {{wear: [present]}}, {never}, "),
    )
    folder = write_validation(tmp_path / "hinge", figures)
    with pytest.raises(dx.ModelError) as caught:
        validate_model(dx.load_model(folder), read_validation(folder))
    assert [(each.code, each.where.path) for each in caught.value.issues] == [
        ("impossible-given", "figures.rust_in_old_doors"),
        ("impossible-given", "figures.loose_and_worn"),
    ]
