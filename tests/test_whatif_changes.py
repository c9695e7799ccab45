"""Other findings, other numbers, other models: against answers from the beginning."""

# ruff: noqa: E501 - an estimate stands on one line, as in a model file
from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import twitchdx as dx
from models import spoiled, write_model
from twitchdx.assembly import Assembled
from twitchdx.errors import (
    EvidenceError,
    ImpossibleEvidenceError,
    ModelError,
    OptionError,
    UnknownNameError,
)
from twitchdx.loading import parse_case
from twitchdx.tables import spoken_decibans, spoken_probability
from twitchdx.whatif import CauseChange, WhatIf, compare_models, what_if, with_parameters

PRIOR = "causes.loose_screw.distribution.categorical.probabilities.present"
LEAK = "causes.wear.distribution.noisy_or.leak"
SEVERE = "causes.rust.distribution.log_linear.marginal.severe"
VALUES: dict[str, tuple[object, ...]] = {
    "season": ("dry", "damp"),
    "age": (3, "12 years"),
    "rust": ("absent", "severe"),
    "squeak": ("none", "soft", "loud"),
    "wobble": (True, False, {"absent": 0.3, "present": 1.0}),
    "rust_meter": ("raised", 3.0),
}
findings = st.fixed_dictionaries({}, optional={name: st.sampled_from(each) for name, each in VALUES.items()})
changes = st.fixed_dictionaries(
    {}, optional={name: st.sampled_from((None, *each)) for name, each in VALUES.items()}
)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> dx.Model:
    return dx.load_model(write_model(tmp_path_factory.mktemp("models") / "squeaking_hinge"))


def ask(model: dx.Model, evidence: Mapping[str, Any], changed: Mapping[str, Any]) -> WhatIf:
    d = model.diagnose(evidence)
    return what_if(model._assembled, model._specs, d.evidence, changed, d.engine, model.complaint)


def loaded(tmp_path: Path, *texts: tuple[str, str]) -> dx.Model:
    return dx.load_model(write_model(tmp_path / "squeaking_hinge", spoiled(*texts)))


def of(found: tuple[CauseChange, ...], cause: str) -> CauseChange:
    (one,) = [each for each in found if each.cause == cause]
    return one


def attempt(model: dx.Model, evidence: Mapping[str, Any]) -> dx.Diagnosis:
    try:
        return model.diagnose(evidence)
    except ImpossibleEvidenceError:
        assume(False)  # noqa: FBT003 - the one argument of hypothesis
        raise


@given(findings, changes)
def test_both_answers_are_those_from_the_beginning(model: dx.Model, evidence: dict, changed: dict) -> None:
    before, after = attempt(model, evidence), attempt(model, {**evidence, **changed})
    found = ask(model, evidence, changed)
    assert found.before == before.plain
    assert found.after == after.plain
    for each in found.causes:
        assert each.points == pytest.approx(
            100 * (after.posterior[each.cause] - before.posterior[each.cause])
        )
        assert before.differential[each.rank_before - 1].cause == each.cause
        assert after.differential[each.rank_after - 1].cause == each.cause
    assert {each.cause for each in found.causes} == set(model.causes)
    assert [each.variable for each in found.changes] == [name for name in model.variables if name in changed]


@given(findings, changes)
def test_steps_are_gained_or_lost_or_stay(model: dx.Model, evidence: dict, changed: dict) -> None:
    attempt(model, evidence), attempt(model, {**evidence, **changed})
    found = ask(model, evidence, changed)
    before, after = (
        [(step.id, step.action) for step in each.next_steps] for each in (found.before, found.after)
    )
    gained = [(step.id, step.action) for step in found.steps_gained]
    lost = [(step.id, step.action) for step in found.steps_lost]
    assert [each for each in after if each not in gained] == [each for each in after if each in before]
    assert sorted(set(before) - set(lost) | set(gained)) == sorted(after)
    assert not set(gained) & set(before)


def test_decibans_are_ten_times_the_logarithm_of_the_ratio_of_odds(model: dx.Model) -> None:
    screw = of(ask(model, {"squeak": "soft"}, {"wobble": True}).causes, "loose_screw")
    odds = [each / (1 - each) for each in (screw.probability_before, screw.probability_after)]
    assert screw.decibans == pytest.approx(10 * math.log10(odds[1] / odds[0]))
    first, second = screw.responsibility_before, screw.responsibility_after
    assert first is not None
    assert second is not None
    expected = 10 * math.log10(second / (1 - second) * (1 - first) / first)
    assert screw.responsibility_decibans == pytest.approx(expected)
    assert screw.responsibility_points == pytest.approx(100 * (second - first))


def test_what_becomes_certain_has_no_decibans_and_is_plain_data(model: dx.Model) -> None:
    found = ask(model, {"squeak": "soft"}, {"rust": "severe", "squeak": None})
    rust = of(found.causes, "rust")
    assert rust.decibans is rust.responsibility_decibans is rust.responsibility_points is None
    json.dumps(dataclasses.asdict(found), allow_nan=False)


def test_withdrawing_everything_leaves_the_priors(model: dx.Model) -> None:
    found = ask(model, {"squeak": "loud", "wobble": True}, {"squeak": None, "wobble": None})
    assert (found.level_before, found.level_after) == ("emergency", "self_care")
    for each in found.after.differential:
        assert each.probability == pytest.approx(each.prior)
    assert [(each.before, each.after) for each in found.changes] == [("loud", None), ("True", None)]


def test_every_change_that_cannot_be_understood_is_named_in_one_error(model: dx.Model) -> None:
    with pytest.raises(EvidenceError) as caught:
        ask(model, {"squeak": "soft"}, {"wobbel": None, "squeak": "lowd", "colour": True})
    assert [each.code for each in caught.value.issues] == [
        "unknown-variable",
        "unknown-state",
        "unknown-variable",
    ]
    assert "Did you mean 'wobble'?" in str(caught.value)


@pytest.mark.parametrize(
    ("path", "given", "text"),
    [
        (PRIOR, 0.09, ("value: 0.07", "value: 0.09")),
        (PRIOR, {"value": 0.5, "low": 0.4, "high": 0.6}, ("value: 0.07, low: 0.05, high: 0.1,", "value: 0.5, low: 0.4, high: 0.6,")),
        (SEVERE + ".duration", 3, ("duration: {value: 2,", "duration: {value: 3,")),
        (SEVERE, {"duration": 1.5}, ("duration: {value: 2,", "duration: {value: 1.5,")),
        (LEAK, {"note": "another guess", "family": "guesses"}, ("leak: {value: 0.05, low: 0.02, high: 0.1, form: probability, grade: judgement, note: a guess}", "leak: {value: 0.05, low: 0.02, high: 0.1, form: probability, grade: judgement, note: another guess, family: guesses}")),
        ("findings.wobble.distribution.noisy_or.leak", {"value": 0.12, "sources": "manual"}, ("{value: 0.1, low: 0.05, high: 0.15, form: prevalence, grade: cohort, sources: [hinge2001]}", "{value: 0.12, low: 0.05, high: 0.15, form: prevalence, grade: cohort, sources: [manual]}")),
        ("model.step_threshold", 0.1, ("step_threshold: {value: 0.05", "step_threshold: {value: 0.1")),
    ],
)  # fmt: skip
def test_a_changed_model_is_the_model_that_is_written_so(
    model: dx.Model, tmp_path: Path, path: str, given: object, text: tuple[str, str]
) -> None:
    changed = dx.Model(with_parameters(model._assembled, {path: given}))
    if "prevalence, grade" in text[0]:
        text = (
            f"leak: {text[0]}\n        links:\n          loose_screw",
            f"leak: {text[1]}\n        links:\n          loose_screw",
        )
    written = loaded(tmp_path, text)
    assert changed.digest == written.digest != model.digest
    assert changed.parameters() == written.parameters()
    evidence = {"squeak": "loud", "wobble": True, "season": "damp"}
    expected = written.diagnose(evidence)
    found = changed.diagnose(evidence)
    assert found.posterior == pytest.approx(dict(expected.posterior), rel=1e-12)
    assert [each.id for each in found.next_steps] == [each.id for each in expected.next_steps]


def test_a_number_that_is_changed_and_changed_back_leaves_no_trace(model: dx.Model) -> None:
    there = with_parameters(model._assembled, {PRIOR: 0.09, LEAK: 0.03})
    back = with_parameters(there, {PRIOR: 0.07, LEAK: 0.05})
    assert there.digest != back.digest == model.digest
    assert with_parameters(model._assembled, {}).digest == model.digest


def test_no_interval_is_left_behind_or_widened_in_silence(model: dx.Model) -> None:
    with pytest.raises(ModelError) as caught:
        with_parameters(model._assembled, {PRIOR: 0.2, LEAK: {"value": 0.2, "note": "more"}})
    assert [each.code for each in caught.value.issues] == ["outside-interval", "outside-interval"]
    assert "0.2 lies outside the stated interval of this number, 0.05 to 0.1." in str(caught.value)
    wider = with_parameters(model._assembled, {PRIOR: {"value": 0.2, "high": 0.3}})
    (number,) = [each for each in dx.Model(wider).parameters() if each.path == PRIOR]
    assert (number.value, number.low, number.high) == (0.2, 0.05, 0.3)


def test_every_problem_of_every_change_is_named_at_once(model: dx.Model) -> None:
    wrong = {
        "causes.loose_screw.distribution.categorical.probability.present": 0.1,
        "causes.wear": 0.1,
        "loud": 0.02,
        PRIOR: {"value": "much", "hihg": 0.1},
        LEAK: {"value": 1.5, "low": 0.0, "high": 2.0, "grade": "hearsay"},
        SEVERE: {"value": True, "sources": ["hinge2002"], "duration": {"form": "rate"}},
    }
    with pytest.raises(ModelError) as caught:
        with_parameters(model._assembled, wrong)
    codes = [each.code for each in caught.value.issues]
    unknown, types = ["unknown-parameter"] * 3, ["wrong-type", "unknown-field", "wrong-type", "wrong-type"]
    assert codes[:7] == unknown + types
    assert sorted(codes[7:]) == ["form-misplaced", "out-of-range", "out-of-range", "unknown-reference"]
    said = str(caught.value)
    assert f"Did you mean '{PRIOR}'?" in said
    assert "It holds 2 numbers: give the whole path of one" in said
    assert "Did you mean 'high'?" in said
    assert "Did you mean 'hinge2001'?" in said


@pytest.mark.parametrize(
    ("path", "offered"),
    [
        ("causes.wear.prior", "'causes.wear.distribution.noisy_or.leak'"),
        ("wobble.leak", "'findings.wobble.distribution.noisy_or.leak'?"),
        ("causes.waer.distribution.noisy_or.leek", "'causes.wear.distribution.noisy_or.leak'?"),
        ("causes.rust.distribution.noisy_or.leak", "'causes.rust.distribution.log_linear"),
    ],
)
def test_paths_that_are_offered_are_near(model: dx.Model, path: str, offered: str) -> None:
    with pytest.raises(UnknownNameError) as caught:
        with_parameters(model._assembled, {path: 0.1})
    assert f"Did you mean {offered}" in caught.value.issues[0].fix


def test_where_no_path_is_near_none_is_offered(model: dx.Model) -> None:
    with pytest.raises(
        UnknownNameError, match=r"None of the \d+ is near; `model\.parameters\(\)` lists them"
    ):
        with_parameters(model._assembled, {"zzzz": 0.1})


def test_changes_that_are_no_mapping_are_refused(model: dx.Model) -> None:
    for wrong in ([PRIOR, 0.1], PRIOR, None):
        with pytest.raises(OptionError, match="Give a mapping of path to number"):
            model.with_parameters(wrong)  # type: ignore[arg-type]


def test_names_alone_that_are_not_known_raise_what_unknown_names_raise(model: dx.Model) -> None:
    with pytest.raises(UnknownNameError):
        with_parameters(model._assembled, {PRIOR: {"valeu": 0.1}, "nothing": 1})


def test_an_incidence_and_its_duration_can_change_together(model: dx.Model) -> None:
    both = with_parameters(model._assembled, {f"{SEVERE}.duration": 2.5, SEVERE: 0.025})
    values = {each.path: each.value for each in dx.Model(both).parameters()}
    assert (values[SEVERE], values[f"{SEVERE}.duration"]) == (0.025, 2.5)
    assert dx.Model(both).diagnose({}).distribution("rust")["severe"] == pytest.approx(0.0625)


def test_a_duration_is_not_given_twice(model: dx.Model) -> None:
    with pytest.raises(ModelError, match="changed-twice"):
        with_parameters(model._assembled, {SEVERE: {"duration": 1.5}, f"{SEVERE}.duration": 2.5})


def test_numbers_that_the_others_do_not_allow_are_named_with_their_places(model: dx.Model) -> None:
    link = "findings.squeak.distribution.noisy_max.links.loose_screw.present.soft"
    with pytest.raises(
        ModelError, match=r"findings\.squeak\.distribution\.noisy_max\.leak\.soft  .*cannot-convert"
    ):
        with_parameters(
            model._assembled,
            {PRIOR: {"value": 0.9, "high": 0.95}, link: {"value": 0.9, "high": 0.95}},
        )


def test_a_network_file_has_no_numbers_to_change(model: dx.Model) -> None:
    bare = Assembled("net", "", "", None, model.network)
    with pytest.raises(ModelError, match="network file"):
        with_parameters(bare, {PRIOR: 0.08})


CASES: dict[str, dict[str, Any]] = {
    "quiet": {"squeak": "none"},
    "loud": {"squeak": "loud", "age": 30},
    "wobbly": {"squeak": "soft", "wobble": True},
    "rusty": {"squeak": "soft", "rust_meter": "raised"},
}


def test_a_model_compared_with_itself_has_not_changed(model: dx.Model) -> None:
    found = compare_models(
        model._assembled, model._assembled, CASES, model.diagnose({}).engine, more_than=0.0
    )
    assert found.numbers == found.causes_gained == found.causes_lost == ()
    for each in found.cases:
        assert not each.changed
        assert each.moved == ()
        assert each.before == each.after == model.diagnose(CASES[each.name]).plain


@pytest.mark.parametrize("more_than", [0.0, 0.01, 0.05, 0.2])
def test_a_comparison_names_what_changed_by_more_than_asked(model: dx.Model, more_than: float) -> None:
    other = dx.Model(
        with_parameters(
            model._assembled, {PRIOR: {"value": 0.5, "high": 0.6}, LEAK: {"value": 0.01, "low": 0.0}}
        )
    )
    engine = model.diagnose({}).engine
    found = compare_models(model._assembled, other._assembled, CASES, engine, more_than=more_than)
    assert {(each.path, each.before, each.after) for each in found.numbers} == {
        (PRIOR, 0.07, 0.5),
        (LEAK, 0.05, 0.01),
    }
    for each in found.cases:
        before, after = model.diagnose(CASES[each.name]), other.diagnose(CASES[each.name])
        assert (each.before, each.after) == (before.plain, after.plain)
        moved = {
            cause
            for cause in model.causes
            if abs(after.posterior[cause] - before.posterior[cause]) > more_than
        }
        assert {one.cause for one in each.moved} == moved
        leaders = [d.differential[0].cause for d in (before, after)]
        levels = [d.plain.triage.level for d in (before, after) if d.plain.triage]
        assert [each.leader_before, each.leader_after] == leaders
        assert [each.level_before, each.level_after] == levels
        assert each.changed == (bool(moved) or leaders[0] != leaders[1] or levels[0] != levels[1])


def test_a_case_that_is_impossible_in_one_model_says_so(model: dx.Model) -> None:
    never = {"value": 0.0, "low": 0.0, "high": 0.0, "grade": "definition", "note": "none is loose"}
    other = with_parameters(model._assembled, {PRIOR: never})
    cases = {"loose": {"loose_screw": True}, "quiet": {"squeak": "none"}}
    loose, quiet = compare_models(model._assembled, other, cases, model.diagnose({}).engine).cases
    assert loose.after is None
    assert loose.before is not None
    assert loose.problem.startswith("second model: loose_screw = present cannot be true")
    assert quiet.problem == ""


def test_cases_that_cannot_be_understood_are_named_together(model: dx.Model) -> None:
    engine = model.diagnose({}).engine
    wrong = {"one": {"squeek": True}, "two": {"squeak": "lowd"}}
    with pytest.raises(EvidenceError) as caught:
        compare_models(model._assembled, model._assembled, wrong, engine)
    assert [each.where.path for each in caught.value.issues] == ["one.squeek", "two.squeak"]
    with pytest.raises(OptionError):
        compare_models(model._assembled, model._assembled, {}, engine, more_than=2)


@pytest.mark.parametrize(
    ("cases", "said"),
    [
        ([CASES["loud"], CASES["quiet"]], "not-a-mapping"),
        ({}, "there is no case"),
        (CASES["loud"], "this looks like one case"),
        ({"title": "A hinge", "evidence": CASES["loud"]}, "this looks like one case"),
        ({"squeak": {"none": 0.1, "soft": 1.0, "loud": 0.5}, "wobble": True}, "this looks like one case"),
    ],
)
def test_what_are_no_cases_is_refused(model: dx.Model, cases: Any, said: str) -> None:
    with pytest.raises(EvidenceError, match=said) as caught:
        model.compare(model, cases)
    assert 'Write {"name": {...}}' in caught.value.issues[0].fix


def test_a_case_of_a_case_file_is_its_evidence(model: dx.Model) -> None:
    filed = {"title": "A hinge", "model": "squeaking_hinge", "evidence": CASES["loud"]}
    as_read = parse_case(json.dumps(filed).encode(), "case.json")
    found = model.compare(model, {"one": CASES["loud"], "two": filed, "three": as_read})  # type: ignore[dict-item]
    one, two, three = (each.before for each in found.cases)
    assert one == two == three == model.diagnose(CASES["loud"]).plain


def test_what_is_no_model_is_refused(model: dx.Model) -> None:
    with pytest.raises(OptionError) as caught:
        model.compare("chest_clinic", CASES, more_than=2)  # type: ignore[arg-type]
    assert [each.where.path for each in caught.value.issues] == ["other", "more_than"]
    assert "load_model" in caught.value.issues[0].fix


def test_variables_of_one_model_alone_are_named_once(model: dx.Model) -> None:
    clinic = dx.load_model("chest_clinic")
    with pytest.raises(EvidenceError) as caught:
        model.compare(clinic, {**CASES, "breathless": {"dyspnoea": True, "sqeak": True}})
    issues = {each.code: each for each in caught.value.issues}
    assert len(caught.value.issues) == 2
    assert "only the first model has squeak" in issues["different-variables"].message
    assert "only the second model has dyspnoea" in issues["different-variables"].message
    assert issues["unknown-variable"].where.path == "breathless.sqeak"


def test_a_comparison_says_which_cause_moved_most(model: dx.Model) -> None:
    other = model.with_parameters({PRIOR: {"value": 0.5, "high": 0.6}})
    found = model.compare(other, CASES)
    for each in found.cases:
        before, after = (one.diagnose(CASES[each.name]).posterior for one in (model, other))
        points = {cause: 100.0 * (after[cause] - before[cause]) for cause in before}
        most = max(points, key=lambda cause: abs(points[cause]))
        assert each.moved_most == most
        assert each.moved_points == pytest.approx(points[most])
        said = f"{model.variables[most].label}: {spoken_probability(before[most])} → "
        assert said in str(found)
    assert model.variables[found.cases[1].leader_after or ""].label in str(found)
    assert model.compare(model, CASES).cases[0].moved_most is None


def test_a_what_if_is_printed_in_words(model: dx.Model) -> None:
    found = ask(model, {"squeak": "soft", "rust_meter": 3.0}, {"wobble": True, "rust_meter": None})
    text = str(found)
    assert "Wobble: not observed → present" in text
    assert "True" not in text
    assert "explains it after" in text
    leaders = [model.variables[each or ""].label for each in (found.leader_before, found.leader_after)]
    expected = f"{leaders[1]}, as before" if leaders[0] == leaders[1] else " → ".join(leaders)
    assert f"First cause: {expected}." in text
    screw = of(found.causes, "loose_screw")
    assert screw.decibans is not None
    assert spoken_decibans(screw.decibans) in text


def test_a_cause_that_hardly_moves_is_not_printed_and_stays_in_the_frame(model: dx.Model) -> None:
    found = ask(model, {"squeak": "soft"}, {"season": "damp"})
    still = [each for each in found.causes if not each.moves]
    assert 0 < len(still) < len(found.causes)
    rows = str(found).split("Left out: ")[0]
    assert not any(each.label in rows for each in still)
    assert "hardly move" in str(found)
    assert len(found.to_frame()) == len(found.causes)


def test_withdrawing_what_was_not_given_says_that_nothing_was(model: dx.Model) -> None:
    found = ask(model, {"squeak": "soft"}, {"wobble": None, "squeak": "soft"})
    assert "What if: nothing is changed" in str(found)
    assert "Wobble was not given: nothing was withdrawn." in str(found)
    assert "Squeak is what was given already." in str(found)
