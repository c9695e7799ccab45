"""The level of care: the highest of what rules, expected utility and caution ask; no rule is lowered."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import twitchdx as dx
from deciding import RULES, deciding_model, deciding_texts
from decision_tree import DecisionTree, Evidence, deciding_evidence
from twitchdx.diagnosis import Diagnosis
from twitchdx.records import Triage
from twitchdx.spec import LEVELS, Condition


@pytest.fixture(scope="module")
def hinge(tmp_path_factory: pytest.TempPathFactory) -> dx.Model:
    return deciding_model(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def tree(hinge: dx.Model) -> DecisionTree:
    return DecisionTree(hinge.network, hinge.causes)


@pytest.fixture(scope="module")
def knee() -> dx.Model:
    return dx.load_model("knee_twitching")


def triage(answer: Diagnosis) -> Triage:
    assert answer.triage is not None
    return answer.triage


def place(level: str) -> int:
    return LEVELS.index(level)  # type: ignore[arg-type]


# What sets the level


@pytest.mark.parametrize("engine", ["exact", "pgmpy"])
@given(st.data())
def test_the_level_is_the_highest_of_rules_utility_and_caution(
    hinge: dx.Model, tree: DecisionTree, engine: str, data: st.DataObject
) -> None:
    evidence = data.draw(deciding_evidence(tree))
    vectors = tree.vectors(evidence)
    found = triage(hinge.diagnose(evidence, engine=engine))
    upper = {cause: ends[1] for cause, ends in hinge.diagnose(evidence).intervals.items() if ends is not None}
    assert found.level == tree.level(vectors, upper)

    # And every reason is one of the three, with the level that it asks for.
    rules = tree.fired(vectors)
    floor = max([place(RULES[rule][0]) for rule in rules], default=0)
    utilities = tree.levels(tree.weights(vectors))
    best = max(utilities, key=utilities.__getitem__)
    expected = {rule: RULES[rule][0] for rule in rules}
    if place(best) > floor:
        expected["expected_utility"] = best
    expected |= {f"caution.{cause}": level for cause, level in tree.cautious(vectors, upper).items()}
    assert {reason.rule: reason.level for reason in found.reasons} == expected
    assert [reason.rule for reason in found.reasons if reason.red_flag] == [
        r for r in found_rules(found) if RULES[r][1]
    ]
    places = [place(reason.level) for reason in found.reasons]
    assert places == sorted(places, reverse=True)


def found_rules(found: Triage) -> list[str]:
    return [reason.rule for reason in found.reasons if reason.rule in RULES]


def test_a_utility_is_no_reason_where_the_rules_ask_for_as_much(hinge: dx.Model) -> None:
    calm = triage(hinge.diagnose({"rust": "absent", "wear": False, "loose_screw": False}))
    assert (calm.level, calm.reasons) == ("self_care", ())
    loud = triage(hinge.diagnose({"squeak": "loud", "wobble": True, "rust": "severe"}))
    assert loud.level == "emergency"
    assert "expected_utility" not in {reason.rule for reason in loud.reasons}


# Red flags


def flags(found: Triage) -> set[str]:
    return {reason.rule for reason in found.reasons if reason.red_flag}


def random_patients(model: dx.Model, count: int, seed: int, soft: float = 0.3) -> list[dict[str, Any]]:
    """Patients of whom some of what can be observed is; each may be what no world fits."""
    generator = random.Random(seed)
    observable = [
        name for name in model.variables if name in {*model.findings, *model.tests, *model.risk_factors}
    ]
    found = []
    for _ in range(count):
        evidence: dict[str, Any] = {}
        for name in generator.sample(observable, generator.randint(0, 7)):
            states = model.network[name].states
            likely = {state: generator.choice((0.1, 0.5, 1.0)) for state in states}
            # A flat likelihood would say nothing.
            likely[generator.choice(states)] = 0.8
            evidence[name] = likely if generator.random() < soft else generator.choice(states)
        found.append(evidence)
    return found


def alarming(model: dx.Model) -> list[tuple[str, str]]:
    """What red flags look at: pairs of variable and state."""

    def pairs(condition: Condition) -> Iterator[tuple[str, str]]:
        for name, states in condition.evidence.items():
            yield from ((name, state) for state in states)
        for part in (*condition.all, *condition.any):
            yield from pairs(part)

    rules = model.diagnose({})._subject().spec.triage_rules.values()
    return sorted({pair for rule in rules if rule.red_flag for pair in pairs(rule.when)})


@pytest.mark.parametrize("name", ["hinge", "knee"])
def test_a_further_alarming_finding_takes_back_no_red_flag(name: str, request: pytest.FixtureRequest) -> None:
    model: dx.Model = request.getfixturevalue(name)
    generator = random.Random(4)
    seen = further = 0
    for evidence in random_patients(model, 60, seed=5):
        told = dict(evidence)
        before: set[str] = set()
        for variable, state in generator.sample(alarming(model), 3):
            if variable in told:
                continue
            told = {**told, variable: state}
            try:
                found = triage(model.diagnose(told))
            except dx.ImpossibleEvidenceError:
                break
            after = flags(found)
            assert before <= after
            asked = [place(reason.level) for reason in found.reasons if reason.red_flag]
            assert place(found.level) >= max(asked, default=0)
            seen, further, before = seen + 1, further + (before < after), after
    assert seen > 40
    assert further > 10


EXTRA = """\
triage_rules:
  one_more:
    label: One more
    level: {level}
    red_flag: true
    when: {{evidence: {{{variable}: [{state}]}}}}
    reason: A rule that a test added.
    note: a guess
"""


@pytest.mark.parametrize(("variable", "state"), [("age", "old"), ("wobble", "present"), ("season", "dry")])
@pytest.mark.parametrize("level", LEVELS)
def test_one_more_red_flag_only_ever_raises_the_level_of_the_hinge(
    hinge: dx.Model, tmp_path: Path, level: str, variable: str, state: str
) -> None:
    extra = EXTRA.format(level=level, variable=variable, state=state)
    check_one_more(
        hinge, deciding_model(tmp_path, {**deciding_texts(), "d.yaml": extra}), level, variable, state
    )


@pytest.mark.parametrize("level", ["soon", "urgent"])
def test_one_more_red_flag_only_ever_raises_the_level_of_the_knee(
    knee: dx.Model, tmp_path: Path, level: str
) -> None:
    shipped = Path(__file__).parents[1] / "models" / "knee_twitching"
    shutil.copytree(shipped, tmp_path / "knee_twitching")
    extra = EXTRA.format(level=level, variable="muscle_twitching", state="frequent")
    (tmp_path / "knee_twitching" / "zz.yaml").write_text(extra, encoding="utf-8")
    check_one_more(knee, dx.load_model(tmp_path / "knee_twitching"), level, "muscle_twitching", "frequent")


def check_one_more(model: dx.Model, stricter: dx.Model, level: str, variable: str, state: str) -> None:
    for evidence in random_patients(model, 25, seed=7, soft=0.0):
        told = {**evidence, variable: state} if len(evidence) % 2 else evidence
        try:
            before = triage(model.diagnose(told)).level
        except dx.ImpossibleEvidenceError:
            continue
        after = triage(stricter.diagnose(told)).level
        fires = told.get(variable) == state
        # What stands below needs not be looked at: the highest of all is no lower than the highest of some.
        assert after == (max(before, level, key=place) if fires else before)


# Caution


def test_caution_never_lowers_and_speaks_only_where_it_raises(knee: dx.Model) -> None:
    spec = knee.diagnose({})._subject().spec
    assert spec.decision is not None
    rules = spec.decision.caution
    fired = 0
    for evidence in [*random_patients(knee, 40, seed=8), *cautious_patients()]:
        try:
            answer = knee.diagnose(evidence)
        except dx.ImpossibleEvidenceError:
            continue
        found = triage(answer)
        spoken = {r.rule.removeprefix("caution."): r for r in found.reasons if r.rule.startswith("caution.")}
        without = max([place(r.level) for r in found.reasons if not r.rule.startswith("caution.")], default=0)
        expected = {}
        level = without
        for cause, rule in rules.items():
            reaches = answer.posterior[cause] >= rule.at_least.value
            interval = answer.intervals[cause]
            assert interval is not None
            if reaches and interval[1] >= rule.upper.value and level < place(rule.level):
                expected[cause] = rule.level
                level = place(rule.level)
        assert {cause: reason.level for cause, reason in spoken.items()} == expected
        assert place(found.level) == level
        fired += bool(expected)
    assert 2 <= fired < len(cautious_patients())


def cautious_patients() -> list[dict[str, Any]]:
    """Patients of the knee in whom a danger is neither likely nor ruled out, on both sides of the rule."""
    stimulated = {"muscle_twitching": "frequent", "twitching_widespread": True, "amphetamine_use": True}
    return [
        stimulated,
        {**stimulated, "age": 30},
        {**stimulated, "age": 60},
        {**stimulated, "strenuous_exercise": False},
        {**stimulated, "twitching_widespread": {"absent": 0.3, "present": 1.0}},
        {**stimulated, "amphetamine_use": {"absent": 0.01, "present": 1.0}},
    ]


@pytest.mark.parametrize("evidence", cautious_patients()[:3])
def test_caution_does_not_hang_on_the_engine(knee: dx.Model, evidence: Evidence) -> None:
    exact, other = (triage(knee.diagnose(evidence, engine=each)) for each in ("exact", "pgmpy"))
    assert [(r.rule, r.level) for r in exact.reasons] == [(r.rule, r.level) for r in other.reasons]
    assert exact.level == other.level


# Many at once, and in another order


def check_many(model: dx.Model, patients: list[dict[str, Any]]) -> list[str]:
    """That each patient has the level alone that he has among others; gives the levels."""
    kept, levels = [], []
    for evidence in patients:
        try:
            levels.append(triage(model.diagnose(evidence)).level)
        except dx.ImpossibleEvidenceError:
            continue
        kept.append(evidence)
    names = list(dict.fromkeys(name for evidence in kept for name in evidence))
    frame = pd.DataFrame({name: pd.Series([e.get(name) for e in kept], dtype=object) for name in names})
    assert model.diagnose_many(frame)["triage"].tolist() == levels
    return levels


def test_many_knees_have_the_levels_that_each_has_alone(knee: dx.Model) -> None:
    levels = check_many(knee, [*random_patients(knee, 60, seed=9), *cautious_patients()])
    assert len(levels) > 30
    assert len(set(levels)) >= 4


def test_many_hinges_have_the_levels_that_each_has_alone(hinge: dx.Model) -> None:
    assert len(set(check_many(hinge, random_patients(hinge, 60, seed=10, soft=0.5)))) >= 3


def test_near_a_tie_the_level_is_the_better_one_alone_and_among_many(
    hinge: dx.Model, tree: DecisionTree
) -> None:
    # The likelihood of wear at which two levels are worth the same, and just beside it on both sides.
    def leaning(ratio: float) -> dict[str, Any]:
        return {
            "rust": "absent",
            "wear": {"absent": 1.0, "present": ratio},
            "loose_screw": {"absent": 1.0, "present": 0.5},
        }

    def lead(ratio: float) -> float:
        worth = tree.levels(tree.weights(tree.vectors(leaning(ratio))))
        return worth["routine"] - worth["self_care"]

    low, high = 1e-3, 1.0
    assert lead(low) < 0.0 < lead(high)
    for _ in range(60):
        middle = (low + high) / 2.0
        low, high = (middle, high) if lead(middle) < 0.0 else (low, middle)
    ratios = [low * (1.0 + sign * 10.0**-digits) for digits in (3, 5, 7, 9) for sign in (-1, 1)]
    levels = check_many(hinge, [leaning(each) for each in ratios])
    assert levels == ["self_care", "routine"] * 4


def test_the_order_of_files_and_entries_changes_no_level_and_no_plan(hinge: dx.Model, tmp_path: Path) -> None:
    patients = random_patients(hinge, 25, seed=11)
    for seed in range(3):
        shuffled = deciding_model(tmp_path / str(seed), shuffled_texts(seed))
        for evidence in patients:
            try:
                answer = hinge.diagnose(evidence)
            except dx.ImpossibleEvidenceError:
                continue
            other = shuffled.diagnose(evidence)
            before, after = triage(answer), triage(other)
            assert after.level == before.level
            assert {(r.rule, r.level) for r in after.reasons} == {(r.rule, r.level) for r in before.reasons}
            assert [step.id for step in other.next_steps] == [step.id for step in answer.next_steps]
            for one, same in zip(answer.next_steps, other.next_steps, strict=True):
                worth = 0.0 if one.expected_utility is None else one.expected_utility
                assert (same.expected_utility is None) == (one.expected_utility is None)
                assert (same.expected_utility or 0.0) == pytest.approx(worth, rel=1e-9, abs=1e-9)
            assert answer.deliberation is not None
            assert other.deliberation is not None
            listed = [
                [each.id for each in behind.alternatives] + [each.cause for each in behind.must_not_miss]
                for behind in (answer.deliberation, other.deliberation)
            ]
            assert listed[0] == listed[1]


def shuffled_texts(seed: int) -> dict[str, str]:
    """The same model with its entries in another order and in other files."""
    generator = random.Random(seed)

    def mixed(entries: dict[str, Any]) -> dict[str, Any]:
        return dict(generator.sample(list(entries.items()), len(entries)))

    sections: dict[str, Any] = {}
    for text in deciding_texts().values():
        sections |= yaml.safe_load(text)
    for name in ("risk_factors", "causes", "findings", "tests", "care_levels", "triage_rules", "steps"):
        sections[name] = mixed(sections[name])
    decision = mixed(sections["decision"])
    for outcome in decision["outcomes"].values():
        for key in {"hazards", "over_after_days"} & outcome.keys():
            outcome[key] = mixed({cause: mixed(states) for cause, states in outcome[key].items()})
    decision["outcomes"] = mixed(decision["outcomes"])
    sections["decision"] = decision
    files: dict[str, dict[str, Any]] = {name: {} for name in ("a.yaml", "b.yaml", "c.yaml")}
    for name, entries in mixed(sections).items():
        generator.choice(list(files.values()))[name] = entries
    return {name: json.dumps(each) for name, each in files.items() if each}
