"""What an answer rests on: against closed forms, and against models changed from the beginning."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest

import twitchdx as dx
from models import write_model
from twitchdx.engines import ENGINES, ExactEngine
from twitchdx.errors import EngineError, ImpossibleEvidenceError, ModelError, OptionError, UnknownNameError
from twitchdx.records import DiagnosisRecord
from twitchdx.whatif import (
    Sensitivity,
    SensitivityFunction,
    Subject,
    analyse_sensitivity,
    trace_number,
    with_parameters,
)
from twitchdx.whatif.screening import uncertain_numbers

PRIOR = "causes.loose_screw.distribution.categorical.probabilities.present"
VISIT = "risk_factors.visit_to_asia.distribution.categorical.probabilities.present"
CREAKING: dict[str, Any] = {"squeak": "loud", "season": "damp", "rust_meter": {"normal": 0.2, "raised": 1.0}}
BREATHLESS: dict[str, Any] = {"dyspnoea": True, "chest_xray": "abnormal", "smoking": False}


@pytest.fixture(scope="module")
def hinge(tmp_path_factory: pytest.TempPathFactory) -> dx.Model:
    return dx.load_model(write_model(tmp_path_factory.mktemp("models") / "squeaking_hinge"))


@pytest.fixture(scope="module")
def clinic() -> dx.Model:
    return dx.load_model("chest_clinic")


def subject(model: dx.Model, evidence: Mapping[str, Any], engine: str = "exact") -> Subject:
    diagnosis = model.diagnose(evidence, engine=engine)
    return Subject(model._assembled, diagnosis.evidence, diagnosis.engine, model.complaint)


@pytest.fixture(scope="module")
def complete(hinge: dx.Model) -> Sensitivity:
    return analyse_sensitivity(subject(hinge, CREAKING), tuple(hinge.causes), compiled=None)


def changed(model: dx.Model, path: str, value: float) -> dx.Model | None:
    """The model with one number changed, from the beginning; None if the others do not allow it."""
    estimate = {"value": value, "low": 0.0, "high": max(1.0, 2 * value)}
    if "multiplier" in path or value <= 1.0:
        estimate["high"] = 1.0
    try:
        return dx.Model(with_parameters(model._assembled, {path: estimate}))
    except ModelError:
        return None


def turns(record: DiagnosisRecord) -> dict[str, str]:
    """The three parts of an answer that can turn."""
    assert record.triage is not None
    found = {
        "probable": max(record.differential, key=lambda each: each.probability).cause,
        "level": record.triage.level,
    }
    if record.differential[0].responsibility is not None:
        found["explaining"] = record.differential[0].cause
    return found


def _nearer(distance: float) -> float:
    """Just before the place that is found to a thousandth of a standard deviation."""
    return math.copysign(max(abs(distance) - 1.5e-3, 0.0), distance)


def functions(found: Sensitivity) -> Iterator[tuple[str, SensitivityFunction]]:
    for tornado in found.tornadoes:
        for each in tornado.functions:
            yield tornado.cause, each


def test_the_share_of_the_exposed_is_weighed_by_the_law_of_total_probability(clinic: dx.Model) -> None:
    found = trace_number(subject(clinic, {}), VISIT, "tuberculosis")
    assert found.ratio is not None
    assert (found.ratio.a, found.ratio.b) == pytest.approx((0.04, 0.01))
    assert (found.ratio.c, found.ratio.d) == pytest.approx((0.0, 1.0))
    assert found.derivative == pytest.approx(0.04)
    assert found.at_low == pytest.approx(0.01 + 0.04 * 0.005025)


def test_a_prior_moves_its_cause_by_the_theorem_of_bayes(clinic: dx.Model) -> None:
    # One number of the prior, and a finding that is 0.98 against 0.05, with no cancer possible.
    path = "causes.tuberculosis.distribution.table.rows.0.probabilities.present"
    evidence = {"visit_to_asia": False, "chest_xray": "abnormal", "lung_cancer": False}
    found = trace_number(subject(clinic, evidence), path, "tuberculosis")
    mass = 0.98 * 0.01 + 0.05 * 0.99
    assert found.ratio is not None
    expected = (0.98 / mass, 0.0, 0.93 / mass, 0.05 / mass)
    assert dataclasses.astuple(found.ratio) == pytest.approx(expected, abs=1e-12)
    assert found.derivative == pytest.approx(0.98 * 0.05 / mass**2)
    assert found.ratio.at(0.3) == pytest.approx(0.98 * 0.3 / (0.98 * 0.3 + 0.05 * 0.7))


def test_both_ends_are_those_of_models_changed_from_the_beginning(
    hinge: dx.Model, complete: Sensitivity
) -> None:
    seen = 0
    for cause, each in functions(complete):
        for end, posterior in ((each.low, each.at_low), (each.high, each.at_high)):
            model = changed(hinge, each.path, end)
            if model is not None and posterior is not None:
                assert posterior == pytest.approx(model.diagnose(CREAKING).posterior[cause], rel=1e-9)
                seen += 1
    assert seen > 50


def test_derivatives_are_those_of_finite_differences(hinge: dx.Model, complete: Sensitivity) -> None:
    for cause, each in functions(complete):
        step = 1e-4 * each.value * (1.0 if each.value < 0.99 else -1.0)
        near = [changed(hinge, each.path, each.value + sign * step) for sign in (1, -1)]
        up, down = (model.diagnose(CREAKING).posterior[cause] for model in near if model is not None)
        assert each.derivative == pytest.approx((up - down) / (2 * step), rel=1e-5, abs=1e-9)


def test_a_ratio_of_lines_holds_for_every_value_and_stands_wherever_it_can(
    hinge: dx.Model, complete: Sensitivity
) -> None:
    with_ratio = [(cause, each) for cause, each in functions(complete) if each.ratio is not None]
    for cause, each in with_ratio:
        for share in (0.02, 0.37, 0.81):
            model = changed(hinge, each.path, share)
            if model is not None and each.value <= 1.0:
                assert each.ratio is not None
                expected = model.diagnose(CREAKING).posterior[cause]
                assert each.ratio.at(share) == pytest.approx(expected, rel=1e-6)
    paths = {each.path for _, each in with_ratio}
    # A cell of a table enters by itself; an intercept is solved for marginals that odds ratios modify.
    assert "tests.rust_meter.distribution.table.rows.0.probabilities.raised" in paths
    assert "causes.rust.distribution.log_linear.marginal.mild" not in paths


def test_the_widest_ranges_stand_first(complete: Sensitivity) -> None:
    for tornado in complete.tornadoes:
        ranges = [each.range for each in tornado.functions]
        assert ranges == sorted(ranges, reverse=True)
        for each in tornado.functions:
            ends = [end for end in (each.at_low, each.probability, each.at_high) if end is not None]
            assert each.range == max(ends) - min(ends)


@pytest.mark.parametrize("evidence", [CREAKING, {"squeak": "soft", "wobble": True}])
def test_predictions_miss_none_of_the_widest_ranges(hinge: dx.Model, evidence: dict[str, Any]) -> None:
    causes = tuple(hinge.causes)
    every = analyse_sensitivity(subject(hinge, evidence), causes, compiled=None)
    some = analyse_sensitivity(subject(hinge, evidence), causes, compiled=8)
    for whole, part in zip(every.tornadoes, some.tornadoes, strict=True):
        assert len(part.functions) <= 8 < len(whole.functions)
        # Two numbers of one product have one range, and either may stand first.
        widest, found = (
            [each.range for each in tornado.functions[:4] if each.range > 1e-12] for tornado in (whole, part)
        )
        assert found == pytest.approx(widest)
    smallest = [
        [
            next((each for each in found.number_flips if each.criterion == one), None)
            for found in (every, some)
        ]
        for one in ("explaining", "probable", "level")
    ]
    assert all(whole == part for whole, part in smallest)


@pytest.mark.parametrize(
    ("model", "evidence", "criterion"),
    [
        ("hinge", {"wobble": True}, "probable"),
        ("clinic", {}, "level"),
        ("clinic", {"dyspnoea": True}, "level"),
    ],
)
def test_the_number_that_is_predicted_to_turn_the_answer_soonest_does(
    request: pytest.FixtureRequest, model: str, evidence: dict[str, Any], criterion: str
) -> None:
    one = subject(request.getfixturevalue(model), evidence)
    first, best = (
        next(each for each in found.number_flips if each.criterion == criterion)
        for found in (analyse_sensitivity(one, (), compiled=number) for number in (1, None))
    )
    assert first == best


@pytest.mark.parametrize("evidence", [CREAKING, {"squeak": "soft", "wobble": True}, {"squeak": "soft"}, {}])
def test_a_number_turns_the_answer_where_it_is_said_to_and_not_before(
    hinge: dx.Model, evidence: dict[str, Any]
) -> None:
    one = subject(hinge, evidence)
    found = analyse_sensitivity(one, (), compiled=None)
    now = turns(hinge.diagnose(evidence).plain)
    numbers = {".".join(map(str, each.path)): each for each in uncertain_numbers(one)}
    for flip in found.number_flips:
        assert flip.before == now[flip.criterion]
        for deviations, expected in ((flip.distance, flip.after), (_nearer(flip.distance), flip.before)):
            model = changed(hinge, flip.path, numbers[flip.path].moved(deviations))
            assert model is not None
            assert turns(model.diagnose(evidence).plain)[flip.criterion] == expected
        assert flip.within_interval == (flip.low <= flip.turns_at <= flip.high)


def test_no_number_turns_the_answer_sooner_than_the_first_that_is_named(hinge: dx.Model) -> None:
    evidence = {"squeak": "soft"}
    one = subject(hinge, evidence)
    found = analyse_sensitivity(one, (), compiled=None)
    now = turns(hinge.diagnose(evidence).plain)
    nearest = {
        criterion: min((abs(f.distance) for f in found.number_flips if f.criterion == criterion), default=4.0)
        for criterion in now
    }
    assert min(nearest.values()) < 4.0
    for number in uncertain_numbers(one):
        for share in (-1.0, -0.6, -0.3, 0.3, 0.6, 1.0):
            for criterion, distance in nearest.items():
                model = changed(
                    hinge, ".".join(map(str, number.path)), number.moved(share * _nearer(distance))
                )
                if model is not None:
                    assert turns(model.diagnose(evidence).plain)[criterion] == now[criterion]


def test_every_finding_that_turns_the_answer_is_named_and_no_other(hinge: dx.Model) -> None:
    evidence = {"squeak": "soft", "wobble": True, "season": "dry"}
    found = analyse_sensitivity(subject(hinge, evidence), ()).finding_flips
    expected = {}
    now = turns(hinge.diagnose(evidence).plain)
    for name, variable in hinge.variables.items():
        if variable.role not in ("risk_factor", "finding", "test"):
            continue
        for state in (None, *variable.states):
            try:
                after = turns(hinge.diagnose({**evidence, name: state}).plain)
            except ImpossibleEvidenceError:
                continue
            if turned := {each for each in now if after.get(each, now[each]) != now[each]}:
                expected[name, state] = turned
    assert {(each.variable, each.state): set(each.turns) for each in found} == expected
    assert {each.kind for each in found} == {"withdrawn", "changed", "added"}
    for each in found:
        rest = {name: value for name, value in evidence.items() if name != each.variable}
        if each.state is not None:
            probability = hinge.diagnose(rest).distribution(each.variable)[each.state]
            assert each.probability == pytest.approx(probability)


@pytest.mark.parametrize("evidence", [CREAKING, {"squeak": "soft", "wobble": True}, {"squeak": "soft"}])
def test_a_certificate_holds_where_nothing_turns_the_answer(
    hinge: dx.Model, evidence: dict[str, Any]
) -> None:
    one = subject(hinge, evidence)
    found = analyse_sensitivity(one, (), compiled=None).robustness
    now = turns(hinge.diagnose(evidence).plain)
    assert {each.criterion: each.stands for each in found} == now
    for each in found:
        numbers = []
        for number in uncertain_numbers(one):
            path = ".".join(map(str, number.path))
            ends = [changed(hinge, path, end) for end in (number.low, number.high)]
            if any(m and turns(m.diagnose(evidence).plain)[each.criterion] != each.stands for m in ends):
                numbers.append(path)
        withdrawn = [
            name
            for name in evidence
            if turns(hinge.diagnose({**evidence, name: None}).plain).get(each.criterion, each.stands)
            != each.stands
        ]
        assert sorted(each.turning_numbers) == sorted(numbers)
        assert sorted(each.turning_findings) == sorted(withdrawn)
        assert each.holds == (not numbers and not withdrawn)
        assert each.statement.startswith("No single number") == each.holds
        assert each.compiled == each.numbers == len(uncertain_numbers(one))


LINK = "findings.squeak.distribution.noisy_max.links.loose_screw.present.soft"


@pytest.fixture(scope="module")
def tight(hinge: dx.Model) -> dx.Model:
    """A model in which loose screws could be more frequent than the squeak that comes of them."""
    return hinge.with_parameters({PRIOR: {"high": 0.9}, LINK: {"value": 0.9, "high": 0.95}})


@pytest.fixture(scope="module")
def strained(tight: dx.Model) -> Sensitivity:
    return analyse_sensitivity(subject(tight, CREAKING), ("loose_screw",), compiled=None)


def test_numbers_that_the_others_stop_before_an_end_are_named_and_counted(
    tight: dx.Model, strained: Sensitivity, complete: Sensitivity
) -> None:
    stopped = {
        each.path
        for _, each in functions(strained)
        if any(changed(tight, each.path, end) is None for end in (each.low, each.high))
    }
    assert PRIOR in stopped
    for each in strained.robustness:
        assert set(each.not_followed) == stopped
        assert f"{len(stopped)} of those tried could not be followed to an end of" in each.statement
    for each in complete.robustness:
        assert each.not_followed == ()
        assert "could not be followed" not in each.statement


def test_the_print_names_what_turns_the_answer(hinge: dx.Model) -> None:
    found = analyse_sensitivity(subject(hinge, {"squeak": "soft", "wobble": True}), ("loose_screw", "rust"))
    said = " ".join(str(found).split())
    assert any(each.turning_findings for each in found.robustness)
    for flip in found.finding_flips:
        assert len(flip.becomes) == len(flip.turns)
        if flip.kind == "withdrawn":
            assert f"- without {flip.label}: {flip.becomes[0]}" in said
    for criterion in {each.criterion for each in found.number_flips}:
        nearest = next(each for each in found.number_flips if each.criterion == criterion)
        assert f"- with {nearest.path} " in said
        assert f"instead of {nearest.value:g}: {nearest.after_label}" in said
    names = {each.label for each in hinge.variables.values()}
    for flip in found.number_flips:
        assert flip.after_label in names or flip.after_label == flip.after.replace("_", " ")


def test_an_end_that_is_not_possible_says_so_and_paths_can_be_copied(strained: Sensitivity) -> None:
    (tornado,) = strained.tornadoes
    # That number first, as the table shows only some.
    first = sorted(tornado.functions, key=lambda each: each.path != PRIOR)
    shown = dataclasses.replace(strained, tornadoes=(dataclasses.replace(tornado, functions=tuple(first)),))
    assert first[0].at_high is None
    for text in (str(shown), shown._repr_html_()):
        assert "not possible" in text
        assert "Not possible: the other numbers" in text
        for each in first[:3]:
            assert each.path in text


def test_one_cause_need_not_stand_in_a_list(hinge: dx.Model) -> None:
    one = subject(hinge, CREAKING)
    assert analyse_sensitivity(one, "rust", compiled=3) == analyse_sensitivity(one, ["rust"], compiled=3)
    for wrong in (5, ["rust", ["wear"]]):
        with pytest.raises(UnknownNameError):
            analyse_sensitivity(one, wrong, compiled=3)  # type: ignore[arg-type]


def test_engines_agree(hinge: dx.Model) -> None:
    exact, pgmpy = (
        trace_number(subject(hinge, CREAKING, engine), PRIOR, "loose_screw") for engine in ("exact", "pgmpy")
    )
    assert exact.ratio is not None
    assert pgmpy.ratio is not None
    assert dataclasses.astuple(pgmpy.ratio) == pytest.approx(dataclasses.astuple(exact.ratio), abs=1e-7)
    assert pgmpy.derivative == pytest.approx(exact.derivative, rel=1e-9)


def test_a_cause_that_is_known_is_moved_by_nothing(clinic: dx.Model) -> None:
    found = analyse_sensitivity(subject(clinic, BREATHLESS | {"bronchitis": True}), ("bronchitis",))
    assert all(each.range == 0.0 == each.derivative for each in found.tornadoes[0].functions)


def test_the_causes_that_lead_and_that_rules_watch_are_traced_unless_others_are_named(
    hinge: dx.Model,
) -> None:
    record = hinge.diagnose(CREAKING).plain
    found = analyse_sensitivity(subject(hinge, CREAKING), compiled=3)
    leading = {each for name, each in turns(record).items() if name != "level"}
    watched = {each.cause for each in record.differential if each.watched}
    assert watched
    assert {each.cause for each in found.tornadoes} == leading | watched
    json.dumps(dataclasses.asdict(found), allow_nan=False)


def test_what_is_too_wide_for_an_exact_answer_is_said(hinge: dx.Model) -> None:
    class Narrow(ExactEngine):
        def answer(self, network: Any, likelihoods: Any, targets: Any) -> Any:
            if "wobble" in likelihoods:
                message = "too wide"
                raise EngineError(message)
            return super().answer(network, likelihoods, targets)

    diagnosis = hinge.diagnose({"squeak": "soft"})
    narrow = Subject(hinge._assembled, diagnosis.evidence, Narrow(), hinge.complaint)
    found = analyse_sensitivity(narrow, (), compiled=3)
    assert found.not_judged == ("wobble=absent", "wobble=present")
    assert "wobble=absent, wobble=present" in str(found)

    class Forgetful(ExactEngine):
        def answer(self, network: Any, likelihoods: Any, targets: Any) -> Any:
            if len(targets) > 1 and not likelihoods:
                message = "too wide"
                raise EngineError(message)
            return super().answer(network, likelihoods, targets)

    forgetful = Subject(hinge._assembled, diagnosis.evidence, Forgetful(), hinge.complaint)
    found = analyse_sensitivity(forgetful, (), compiled=3)
    assert "squeak=None" in found.not_judged
    assert all("the withdrawal of 1 finding could not be judged" in e.statement for e in found.robustness)


def test_names_that_are_not_known_offer_the_nearest(hinge: dx.Model) -> None:
    one = subject(hinge, CREAKING)
    with pytest.raises(UnknownNameError) as caught:
        analyse_sensitivity(one, ("wear", "rost", "loose_screws"))
    assert len(caught.value.issues) == 2
    assert "Did you mean 'rust'?" in str(caught.value)
    with pytest.raises(UnknownNameError, match=r"Did you mean 'causes\.loose_screw"):
        trace_number(one, PRIOR.replace("screw", "scew"), "wear")
    with pytest.raises(OptionError):
        analyse_sensitivity(one, compiled=0)


def test_impossible_evidence_is_refused_with_its_conflict(hinge: dx.Model) -> None:
    evidence = hinge.diagnose({"squeak": "loud"}).evidence
    more = hinge.diagnose({"annoyed_owner": False}).evidence
    both = type(evidence)({**evidence, **more})
    with pytest.raises(ImpossibleEvidenceError):
        Subject(hinge._assembled, both, ENGINES["exact"], hinge.complaint)


def test_the_shipped_model_answers_in_seconds_and_its_flips_are_true() -> None:
    model = dx.load_model(dx.available_models()[-1])
    complaint = model.variables[model.complaint or ""]
    evidence = {complaint.name: complaint.states[-1]}
    found = analyse_sensitivity(subject(model, evidence), (), compiled=4)
    assert all(math.isfinite(each.distance) for each in found.number_flips)
    for flip in found.number_flips[:2]:
        other = changed(model, flip.path, flip.turns_at)
        if other is not None:
            assert turns(other.diagnose(evidence).plain)[flip.criterion] == flip.after
    for flip in found.finding_flips[:10]:
        after = turns(model.diagnose({**evidence, flip.variable: flip.state}).plain)
        assert all(after[each] != turns(model.diagnose(evidence).plain)[each] for each in flip.turns)
    assert np.all(np.diff([len(each.statement) > 0 for each in found.robustness]) == 0)
