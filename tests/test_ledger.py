"""The ledger of a cause: sums, sources and the weakest number, against answers computed anew."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import twitchdx as dx
from explaining import case_of, dressed
from models import write_model
from strategies import possible_evidence, small_networks
from twitchdx.engines import ENGINES
from twitchdx.errors import ModelError, OptionError, UnknownNameError, Where
from twitchdx.explain.accounts import Contrast, Ledger
from twitchdx.explain.case import Case
from twitchdx.explain.ledger import contrast_causes, explain_cause
from twitchdx.explain.prospects import find_prospects
from twitchdx.network import Network, compile_network
from twitchdx.spec import replace_estimates, walk_estimates

CREAKING: dict[str, Any] = {"squeak": "loud", "season": "damp", "rust_meter": {"normal": 0.2, "raised": 1.0}}
BREATHLESS: dict[str, Any] = {"dyspnoea": True, "chest_xray": "abnormal", "smoking": False}


@pytest.fixture(scope="module")
def hinge(tmp_path_factory: pytest.TempPathFactory) -> dx.Model:
    return dx.load_model(write_model(tmp_path_factory.mktemp("models") / "squeaking_hinge"))


@pytest.fixture(scope="module", params=["hinge", "clinic"])
def question(request: pytest.FixtureRequest, hinge: dx.Model) -> tuple[dx.Model, dict[str, Any]]:
    return (hinge, CREAKING) if request.param == "hinge" else (dx.load_model("chest_clinic"), BREATHLESS)


def decibans(probability: float, other: float | None = None) -> float:
    return 10.0 * math.log10(probability / (1.0 - probability if other is None else other))


def total(account: Ledger | Contrast) -> float:
    assert account.prior_decibans is not None
    return account.prior_decibans + math.fsum(each.decibans or 0.0 for each in account.entries)


def test_prior_and_contributions_sum_to_the_posterior_of_the_diagnosis(question: tuple, engine: Any) -> None:
    model, evidence = question
    diagnosis = model.diagnose(evidence, engine=engine.name)
    prior = model.diagnose({}, engine=engine.name)
    for cause in model.causes:
        ledger = explain_cause(case_of(model, evidence, engine.name), cause)
        assert ledger.posterior == pytest.approx(diagnosis.posterior[cause], rel=1e-9)
        assert ledger.prior_decibans == pytest.approx(decibans(prior.posterior[cause]), rel=1e-9)
        assert ledger.posterior_decibans == pytest.approx(decibans(diagnosis.posterior[cause]), rel=1e-9)
        assert total(ledger) == pytest.approx(ledger.posterior_decibans, rel=1e-9)
        assert {each.variable for each in ledger.entries} == set(evidence)


def test_leave_one_out_is_the_difference_of_two_diagnoses(question: tuple) -> None:
    model, evidence = question
    cause = next(iter(model.causes))
    whole = decibans(model.diagnose(evidence).posterior[cause])
    for each in explain_cause(case_of(model, evidence), cause).entries:
        rest = {name: value for name, value in evidence.items() if name != each.variable}
        expected = whole - decibans(model.diagnose(rest).posterior[cause])
        assert each.leave_one_out == pytest.approx(expected, abs=1e-9)


def test_a_contrast_is_the_ratio_of_two_posteriors_and_turns_its_sign(question: tuple) -> None:
    model, evidence = question
    first, second, *_ = model.causes
    found = contrast_causes(case_of(model, evidence), first, second)
    turned = contrast_causes(case_of(model, evidence), second, first)
    posterior, prior = model.diagnose(evidence).posterior, model.diagnose({}).posterior
    assert found.posterior_decibans == pytest.approx(decibans(posterior[first], posterior[second]), abs=1e-9)
    assert found.prior_decibans == pytest.approx(decibans(prior[first], prior[second]), abs=1e-9)
    assert total(found) == pytest.approx(found.posterior_decibans, abs=1e-9)
    assert [each.variable for each in found.entries] == [each.variable for each in turned.entries]
    for each, other in zip(found.entries, turned.entries, strict=True):
        assert each.decibans == pytest.approx(-(other.decibans or 0.0), abs=1e-9)
    weights = [abs(each.decibans or 0.0) for each in found.entries]
    assert weights == sorted(weights, reverse=True)


def test_a_line_names_the_numbers_between_cause_and_finding(hinge: dx.Model) -> None:
    case = replace(case_of(hinge, {"squeak": "loud", "wobble": True, "season": "damp"}), jacobian=None)
    lines = {each.variable: each for each in explain_cause(case, "rust").entries}
    behind = {name: {number.path for number in line.numbers} for name, line in lines.items()}
    squeak = "findings.squeak.distribution.noisy_max"
    friction = "processes.friction.distribution.noisy_max.links.rust"
    assert behind["squeak"] == {
        f"{squeak}.leak.soft",
        f"{squeak}.leak.loud",
        f"{squeak}.links.friction.present.soft",
        f"{squeak}.links.friction.present.loud",
        f"{friction}.mild.present",
        f"{friction}.severe.present",
    }
    assert behind["season"] == {"causes.rust.distribution.log_linear.modifiers.season.damp"}
    # Nothing leads from rust to the wobble: it speaks through rivals, and all its own numbers are named.
    assert behind["wobble"] == {
        f"findings.wobble.distribution.noisy_or.{part}"
        for part in ("leak", "links.loose_screw.present", "links.wear.present")
    }
    (mild,) = [each for each in lines["squeak"].numbers if each.path == f"{friction}.mild.present"]
    assert (mild.value, mild.low, mild.high, mild.grade) == (0.3, 0.2, 0.4, "cohort")
    assert (mild.sources, mild.population) == (("hinge2001",), "Doors of one house")


def test_the_prior_names_its_own_numbers_with_their_sample(hinge: dx.Model) -> None:
    case = replace(case_of(hinge, CREAKING), jacobian=None)
    numbers = {each.path.split("log_linear.")[1]: each for each in explain_cause(case, "rust").prior_numbers}
    assert set(numbers) == {
        "marginal.mild",
        "marginal.severe",
        "marginal.severe.duration",
        "modifiers.season.damp",
        "modifiers.age.old",
    }
    assert numbers["marginal.mild"].n == 200


def test_the_weakest_number_is_that_of_the_largest_slope_times_deviation(question: tuple) -> None:
    model, evidence = question
    case = case_of(model, evidence)
    cause = next(iter(model.causes))
    moved = {}
    for path, estimate in walk_estimates(case.spec):
        if "distribution" not in path or estimate.low is None or estimate.high is None:
            continue
        step = 1e-5 * estimate.value
        ends = [log_odds_with(case, cause, path, estimate.value + sign * step) for sign in (1, -1)]
        slope = (ends[0] - ends[1]) / (2 * step)
        moved[".".join(map(str, path))] = slope * (estimate.high - estimate.low) / 3.919927969080108
    weakest = explain_cause(case, cause).weakest
    assert weakest is not None
    assert weakest.number.path == max(moved, key=lambda path: abs(moved[path]))
    assert weakest.number.moves == pytest.approx(moved[weakest.number.path], rel=1e-4)
    path = next(
        path for path, _ in walk_estimates(case.spec) if ".".join(map(str, path)) == weakest.number.path
    )
    assert (weakest.low, weakest.high) == (weakest.number.low, weakest.number.high)
    assert weakest.at_low == pytest.approx(log_odds_with(case, cause, path, weakest.number.low), rel=1e-9)
    assert weakest.at_high == pytest.approx(log_odds_with(case, cause, path, weakest.number.high), rel=1e-9)


def log_odds_with(case: Case, cause: str, path: tuple, value: float | None) -> float:
    """The log-odds in decibans from a model compiled from the beginning with another number."""
    assert value is not None
    estimate = dict(walk_estimates(case.spec))[path]
    changed = replace_estimates(case.spec, {path: replace(estimate, value=value)})
    network = compile_network(changed, lambda _: Where(""))
    marginal = case.engine.answer(network, case.evidence.likelihoods, [cause]).marginals[cause]
    return 10.0 * math.log10(marginal[1:].sum() / marginal[0])


def test_an_end_that_the_other_numbers_exclude_is_approached(hinge: dx.Model) -> None:
    # So common may wear not be that a soft squeak is commoner than the published prevalence.
    case = case_of(hinge, {"wobble": True, "squeak": "soft"})
    spoilt = ("causes", "wear", "distribution", "noisy_or", "leak")
    estimate = replace(dict(walk_estimates(case.spec))[spoilt], high=0.9)
    spec = replace_estimates(case.spec, {spoilt: estimate})
    certain = dict.fromkeys((path for path, _ in walk_estimates(spec)), 0.0)
    wide = replace(case, spec=spec, deviations={**certain, spoilt: 1.0})
    weakest = explain_cause(wide, "wear").weakest
    assert weakest is not None
    assert weakest.high is not None
    assert estimate.value < weakest.high < 0.9
    assert weakest.at_high == pytest.approx(log_odds_with(wide, "wear", spoilt, weakest.high), rel=1e-9)
    with pytest.raises(ModelError):
        log_odds_with(wide, "wear", spoilt, 0.9)


def test_given_deviations_decide_which_number_is_weakest(hinge: dx.Model) -> None:
    case = case_of(hinge, CREAKING)
    chosen = ("causes", "rust", "distribution", "log_linear", "modifiers", "age", "old")
    certain = dict.fromkeys((path for path, _ in walk_estimates(case.spec)), 0.0)
    weakest = explain_cause(replace(case, deviations={**certain, chosen: 0.1}), "rust").weakest
    assert weakest is not None
    assert weakest.number.path == ".".join(chosen)
    assert explain_cause(replace(case, deviations=certain), "rust").weakest is None


@pytest.mark.parametrize(
    ("evidence", "cause", "certain", "decided_by"),
    [
        ({"rust": "mild", "squeak": "loud"}, "rust", "present", {"rust"}),
        ({"rust": "absent", "squeak": "loud"}, "rust", "absent", {"rust"}),
        ({"wobble": False, "squeak": "loud", "wear": True}, "wear", "present", {"wear"}),
    ],
)
def test_of_a_cause_that_is_certain_it_says_why(
    hinge: dx.Model, evidence: Mapping[str, Any], cause: str, certain: str, decided_by: set[str]
) -> None:
    ledger = explain_cause(case_of(hinge, evidence), cause)
    assert ledger.certain == certain
    assert ledger.posterior == (1.0 if certain == "present" else 0.0)
    assert set(ledger.decided_by) == decided_by
    assert ledger.posterior_decibans is None
    assert {each.decibans for each in ledger.entries} == {None}
    assert "NaN" not in json.dumps(ledger.to_dict())


def test_observations_that_leave_no_doubt_together_are_named_together() -> None:
    clinic = dx.load_model("chest_clinic")
    # Either of two diseases is certain from the process between them and the findings; one is excluded.
    evidence = {"tuberculosis_or_cancer": "present", "tuberculosis": False, "dyspnoea": True}
    if "tuberculosis_or_cancer" not in clinic.variables:
        (either,) = clinic.processes
        evidence = {either: clinic.processes[either].states[1], "tuberculosis": False, "dyspnoea": True}
    (other,) = [each for each in clinic.causes if "cancer" in each]
    ledger = explain_cause(case_of(clinic, evidence), other)
    assert ledger.certain == "present"
    assert set(ledger.decided_by) == set(evidence) - {"dyspnoea"}


def test_a_cause_that_is_impossible_is_contrasted_with_none(hinge: dx.Model) -> None:
    found = contrast_causes(case_of(hinge, {"rust": "absent", "squeak": "loud"}), "rust", "wear")
    assert found.excluded == ("rust",)
    assert found.posterior_decibans is None


def test_every_unknown_cause_is_named_with_the_nearest(hinge: dx.Model) -> None:
    case = case_of(hinge, CREAKING)
    with pytest.raises(UnknownNameError) as caught:
        contrast_causes(case, "rustt", "lose_screw")
    assert [each.where.path for each in caught.value.issues] == ["rustt", "lose_screw"]
    assert "'rust'" in caught.value.issues[0].fix
    assert "'loose_screw'" in caught.value.issues[1].fix
    with pytest.raises(OptionError):
        contrast_causes(case, "rust", "rust")


@given(small_networks(), st.data())
def test_prospects_change_the_odds_as_they_say(network: Network, data: st.DataObject) -> None:
    cause = data.draw(st.sampled_from(list(network)))
    case = dressed(network, [cause], data.draw(possible_evidence(network)), ENGINES["exact"])

    def answer(likelihoods: Mapping[str, Any]) -> tuple[float, float, float]:
        found = case.engine.answer(network, likelihoods, [cause])
        marginal = found.marginals[cause]
        return float(marginal[0]), float(marginal[1:].sum()), found.log_evidence

    absent, present, log_evidence = answer(case.evidence.likelihoods)
    if absent == 0.0 or present == 0.0:
        return
    for each in find_prospects(case, cause):
        assert each.variable not in case.evidence
        state = network[each.variable].states.index(each.state)
        result = np.eye(network.cardinality(each.variable))[state]
        off, on, mass = answer({**case.evidence.likelihoods, each.variable: result})
        assert each.posterior == pytest.approx(on, rel=1e-9)
        assert each.probability == pytest.approx(math.exp(mass - log_evidence), rel=1e-9)
        assert each.decibans == pytest.approx(10 * math.log10(on / off / (present / absent)), rel=1e-6)
        assert abs(each.decibans) >= 1.0


def test_the_shipped_model_is_explained_line_by_line() -> None:
    model = dx.load_model("knee_twitching")
    folder = Path(__file__).resolve().parents[1] / "models" / "knee_twitching" / "cases"
    case = json.loads((folder / "examined_progressive_weakness.json").read_text(encoding="utf-8"))
    ledger = explain_cause(case_of(model, case["evidence"]), "als")
    assert total(ledger) == pytest.approx(ledger.posterior_decibans, rel=1e-9)
    known = {each.path for each in model.parameters()}
    for entry in ledger.entries:
        assert {each.path for each in entry.numbers} <= known
        moves = [abs(each.moves or 0.0) for each in entry.numbers]
        assert moves == sorted(moves, reverse=True)
    for each in ledger.findings_for:
        assert each.numbers
        assert all(number.sources or number.note for number in each.numbers)
    assert ledger.prior_numbers
    assert ledger.weakest is not None
    most = max(abs(each.moves or 0.0) for entry in ledger.entries for each in entry.numbers)
    assert abs(ledger.weakest.number.moves or 0.0) >= most
    assert json.loads(json.dumps(ledger.to_dict(), allow_nan=False))["cause"] == "als"
