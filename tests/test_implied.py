"""The figures that a network implies, against hand calculations."""

from __future__ import annotations

from pathlib import Path

import pytest

import twitchdx as dx
from models import spoiled, write_model
from twitchdx.network import Implied, implied_figures


def figures(folder: Path) -> dict[str, Implied]:
    model = dx.load_model(folder)
    assert model.spec is not None
    return {each.meaning: each for each in implied_figures(model.spec, model.network)}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Implied]:
    return figures(write_model(tmp_path_factory.mktemp("models") / "squeaking_hinge"))


def test_every_prevalence_incidence_and_sensitivity_is_listed_once(found: dict[str, Implied]) -> None:
    squeak = "findings.squeak.distribution.noisy_max"
    assert {each.path: meaning for meaning, each in found.items()} == {
        "causes.rust.distribution.log_linear.marginal.mild": "P(rust = mild)",
        "causes.rust.distribution.log_linear.marginal.severe": "P(rust = severe)",
        f"{squeak}.leak.soft": "P(squeak >= soft)",
        f"{squeak}.links.friction.present.soft": "P(squeak >= soft | friction = present)",
        f"{squeak}.links.friction.present.loud": "P(squeak = loud | friction = present)",
        "findings.wobble.distribution.noisy_or.leak": "P(wobble = present)",
    }


def test_what_the_compiler_solves_for_comes_out(found: dict[str, Implied]) -> None:
    # An incidence of 0.02 a year for two years amounts to 0.02 * 2 of the population.
    published = {
        "P(rust = mild)": 0.1,
        "P(rust = severe)": 0.04,
        "P(squeak >= soft)": 0.3,
        "P(wobble = present)": 0.1,
    }
    assert {meaning: found[meaning].published for meaning in published} == pytest.approx(published, rel=1e-12)
    assert {meaning: found[meaning].implied for meaning in published} == pytest.approx(published, rel=1e-9)


def test_other_causes_add_to_a_sensitivity(tmp_path: Path) -> None:
    # Without the inhibitor, and with a leak that is a probability, friction and the screw (loose in 7 of 100)
    # act independently: P(squeak >= soft | friction) = 1 - (1 - 0.9) * (1 - 0.07 * 0.2).
    damp = "{value: 0.9, low: 0.8, high: 1.0, grade: judgement, note: a guess}"
    inhibitors = f"        inhibitors:\n          season: {{damp: {damp}}}\n"
    leak = "soft: {value: 0.3, low: 0.2, high: 0.4, form: prevalence, grade: cohort"
    plain = "soft: {value: 0.02, low: 0.01, high: 0.4, form: probability, grade: cohort"
    found = figures(write_model(tmp_path / "hinge", spoiled((inhibitors, ""), (leak, plain))))
    soft = found["P(squeak >= soft | friction = present)"]
    assert soft.published == 0.9
    assert soft.implied == pytest.approx(1 - 0.1 * (1 - 0.07 * 0.2), rel=1e-9)
    # Nothing but friction and the leak is ever loud.
    loud = found["P(squeak = loud | friction = present)"]
    assert loud.implied == pytest.approx(0.4, rel=1e-9)


def test_the_largest_deviation_comes_first(found: dict[str, Implied]) -> None:
    deviations = [each.deviation for each in found.values()]
    assert deviations == sorted(deviations, reverse=True)
    assert deviations[0] > 1e-3


@pytest.mark.parametrize(
    ("published", "implied", "deviation"),
    [
        (0.2, 0.4, 0.6931471805599453),
        (0.4, 0.2, 0.6931471805599453),
        (0.0, 0.0, 0.0),
        (0.0, 0.1, float("inf")),
    ],
)
def test_the_deviation_is_a_ratio(published: float, implied: float, deviation: float) -> None:
    assert Implied(path="", meaning="", published=published, implied=implied).deviation == pytest.approx(
        deviation
    )
