"""The interview asks the right thing next, assumes nothing, forgets nothing, and stops in time."""

from __future__ import annotations

import json
import math
import pickle
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import twitchdx as dx
from models import TEXTS, spoiled, write_model
from twitchdx.interview import Question, Repertoire, weigh_offers
from twitchdx.plan.questions import weigh_questions
from twitchdx.plan.stopping import LIKELY_TO_RAISE
from twitchdx.spec import LEVELS

CHECKLIST = spoiled(
    ("    observed_by: examination\n", ""),
    ("    asks: [wobble]\n", "    asks: [wobble, annoyed_owner]\n"),
)
NO = "absent"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("models") / "squeaking_hinge", CHECKLIST)


@pytest.fixture(scope="module")
def hinge(folder: Path) -> dx.Model:
    """A model in which the wobble and the owner are asked about together."""
    return dx.load_model(folder)


@pytest.fixture(scope="module")
def knee() -> dx.Model:
    return dx.load_model("knee_twitching")


def reply(question: Question, world: Mapping[str, str]) -> Any:
    """What somebody answers in whose world everything else is at its first state."""
    said = {each.variable: world.get(each.variable, next(iter(each.states))) for each in question.items}
    return said if question.checklist else said[question.variables[0]]


def lead(interview: dx.Interview, world: Mapping[str, str]) -> Iterator[Question]:
    """Every question that is asked."""
    while (question := interview.question) is not None:
        yield question
        interview.answer(reply(question, world))


replies = st.lists(
    st.one_of(st.sampled_from(["skip", "back", "list", "some"]), st.integers(0, 3)), min_size=1, max_size=12
)


def give(interview: dx.Interview, told: str | int) -> None:
    """One move; an answer that the rest makes impossible is skipped instead."""
    question = interview.question
    if told == "back":
        if interview.asked:
            interview.back()
        return
    if question is None:
        return
    if told == "skip":
        interview.skip()
        return
    states = list(question.items[0].states)
    value: Any = states[told % len(states)] if isinstance(told, int) else None
    if question.checklist:
        value = question.variables[:1] if told == "list" else {question.variables[-1]: isinstance(told, int)}
    try:
        interview.answer(value)
    except dx.ImpossibleEvidenceError:
        interview.skip()


# What is asked


def test_it_begins_with_the_complaint_and_who_one_is(knee: dx.Model) -> None:
    interview = dx.Interview(knee)
    asked = [question.variables for question, _ in zip(lead(interview, {}), range(3), strict=False)]
    assert asked == [("muscle_twitching",), ("age",), ("sex",)]


def test_what_a_person_cannot_say_is_never_asked(knee: dx.Model) -> None:
    assert knee.spec is not None
    named = Repertoire(knee.spec, knee.network).variables
    assert {knee.variables[name].role for name in named} == {"risk_factor", "finding"}
    assert {"palpitations", "diuretic_use"} <= set(named)
    assert not {"examined_weakness", "brisk_reflexes", "serum_potassium", "als"} & set(named)


def test_what_follows_from_the_answers_is_not_asked(knee: dx.Model) -> None:
    assert knee.spec is not None
    for sex, offered in (("male", False), ("female", True)):
        known = {"muscle_twitching": "occasional", "age": 30, "sex": sex}
        subject = knee.diagnose(known)._subject()
        weighed = weigh_offers(subject, Repertoire(knee.spec, knee.network), known)
        assert any("pregnancy" in each.offer.variables for each in weighed) is offered


def test_a_step_that_asks_for_several_things_is_one_question(hinge: dx.Model) -> None:
    interview = dx.Interview(hinge, answers={"squeak": "soft", "age": 3, "season": "dry"})
    question = interview.question
    assert question is not None
    assert question.checklist
    assert question.variables == ("wobble", "annoyed_owner")
    assert [each.text for each in question.items] == ["Does the door wobble?", "Is the owner annoyed?"]
    # Where one of them is known, the other one is a question of its own.
    interview = dx.Interview(hinge, answers={"squeak": "soft", "age": 3, "season": "dry", "wobble": False})
    assert interview.question is None  # a door that is quiet and steady annoys nobody
    assert interview.stopped == "No further answer of yours is likely to change what to do."


def raises(model: dx.Model, answers: Mapping[str, Any], name: str) -> float:
    """P(the answer raises the level of care), by one diagnosis each; 0 where only one answer is possible."""
    now = model.diagnose(answers)
    possible = {state: chance for state, chance in now.distribution(name).items() if chance > 0.0}
    return sum(
        chance
        for state, chance in possible.items()
        if len(possible) > 1 and rank(model.diagnose({**answers, name: state})) > rank(now)
    )


def rank(answer: dx.Diagnosis) -> int:
    assert answer.triage is not None
    return LEVELS.index(answer.triage.level)


@given(st.lists(st.integers(0, 3), min_size=8, max_size=8))
def test_the_order_is_who_one_is_then_dangers_then_worth(hinge: dx.Model, told: list[int]) -> None:
    interview = dx.Interview(hinge)
    open_ = {"squeak", "age", "season", "wobble", "annoyed_owner"}
    for move in told:
        question = interview.question
        if question is None:
            break
        chances = {name: raises(hinge, interview.answers, name) for name in open_}
        if question.kind == "danger":
            assert max(chances[name] for name in question.variables) >= LIKELY_TO_RAISE
        elif question.kind == "value":
            assert interview.asked >= 3
        open_ -= set(question.variables)
        give(interview, move)
    if interview.question is None and rank(interview.diagnosis) < 4:
        assert all(raises(hinge, interview.answers, name) < LIKELY_TO_RAISE for name in open_)


def test_no_question_of_worth_is_asked_while_a_danger_may_be_near(knee: dx.Model) -> None:
    assert knee.spec is not None
    repertoire = Repertoire(knee.spec, knee.network)
    interview = dx.Interview(knee, most=10)
    kinds = []
    for question in lead(interview, {"muscle_twitching": "occasional", "age": "from_40_to_59"}):
        kinds.append(question.kind)
        if question.kind == "basis":
            continue
        weighed = weigh_offers(interview.diagnosis._subject(), repertoire, interview.answers)
        near = {each.offer.variables: (each.danger, each.chance) for each in weighed if each.danger >= 2}
        assert (question.kind == "danger") == bool(near)
        if near:
            assert near[question.variables] == max(near.values())
    assert kinds == sorted(kinds, key=["basis", "danger", "value"].index)
    assert "danger" in kinds


def test_dangers_that_come_only_together_are_looked_for_together(knee: dx.Model) -> None:
    # Already urgent: neither palpitations nor chest pain alone asks for more, both together do.
    known = {
        "muscle_twitching": "occasional", "age": 50, "sex": "male", "muscle_pain": True,
        "difficulty_swallowing": True, "muscle_weakness": False, "breathlessness": False,
        "trouble_balancing": False, "difficulty_speaking": False, "caffeine_intake": "low",
    }  # fmt: skip
    assert all(raises(knee, known, name) < LIKELY_TO_RAISE for name in ("palpitations", "chest_pain"))
    question = dx.Interview(knee, answers=known).question
    assert question is not None
    assert question.kind == "danger"
    assert {"palpitations", "chest_pain"} <= set(question.variables)


@pytest.mark.parametrize(
    "known", [{"squeak": "soft"}, {"squeak": "loud", "rust_meter": "raised"}, {"wobble": False}, {}]
)
@pytest.mark.parametrize("bundle", [("age",), ("season", "wobble"), ("age", "wobble", "season")])
def test_what_an_answer_raises_agrees_with_trying_every_answer(
    known: dict[str, Any], bundle: tuple[str, ...], hinge: dx.Model
) -> None:
    if not set(known).isdisjoint(bundle):
        return
    now = hinge.diagnose(known)
    chances = dict.fromkeys(range(len(LEVELS)), 0.0)
    for states in product(*(hinge.variables[name].states for name in bundle)):
        answer = hinge.diagnose({**known, **dict(zip(bundle, states, strict=True))})
        chances[rank(answer)] += math.exp(answer.log_evidence - now.log_evidence)
    (found,) = weigh_questions(now._subject(), [bundle])
    at_least = {level: sum(chances[each] for each in chances if each >= level) for level in chances}
    highest = max(level for level in chances if level == rank(now) or at_least[level] >= LIKELY_TO_RAISE)
    assert LEVELS.index(found.raises_to) == highest
    assert found.raises_level == pytest.approx(at_least.get(rank(now) + 1, 0.0), abs=1e-12)
    assert found.reaches == pytest.approx(at_least[highest] if highest > rank(now) else 0.0, abs=1e-12)
    assert found.changes_level == pytest.approx(1.0 - chances[rank(now)], abs=1e-12)


def test_another_model_is_asked_about_in_the_same_way() -> None:
    interview = dx.Interview("chest_clinic")
    kinds = [question.kind for question in lead(interview, {})]
    assert kinds[0] == "basis"
    assert interview.stopped is not None
    assert interview.diagnosis.to_json() == dx.diagnose(interview.answers, "chest_clinic").to_json()


def test_without_utilities_bits_decide(tmp_path: Path) -> None:
    texts = dict(CHECKLIST)
    at = texts["c_steps.yaml"].index("decision:\n")
    texts["c_steps.yaml"] = texts["c_steps.yaml"][:at]
    texts["b_variables.yaml"] = texts["b_variables.yaml"].replace(
        "    cost: {value: 3, low: 2, high: 4, form: quantity, grade: judgement, note: a guess}\n", ""
    )
    interview = dx.Interview(dx.load_model(write_model(tmp_path / "plain", texts)))
    kinds = [question.kind for question in lead(interview, {"squeak": "soft"})]
    assert kinds[:3] == ["basis"] * 3
    assert interview.stopped is not None


def test_the_order_of_the_files_decides_nothing(folder: Path, tmp_path: Path) -> None:
    names = sorted(CHECKLIST, reverse=True)
    renamed = {f"{place}.yaml": CHECKLIST[name] for place, name in enumerate(names)}
    other = dx.load_model(write_model(tmp_path / "squeaking_hinge", renamed))
    world = {"squeak": "soft", "wobble": NO}
    first, second = dx.Interview(folder), dx.Interview(other)
    assert list(lead(first, world)) == list(lead(second, world))
    assert first.stopped == second.stopped


# When it stops


def test_an_emergency_ends_it_at_once_with_what_to_do(knee: dx.Model) -> None:
    interview = dx.Interview(knee)
    world = {"muscle_twitching": "occasional", "confusion": "present"}
    asked = [name for question in lead(interview, world) for name in question.variables]
    assert "confusion" in asked
    assert interview.asked < interview.most
    assert interview.diagnosis.triage is not None
    assert interview.diagnosis.triage.level == "emergency"
    assert interview.stopped is not None
    assert interview.stopped.startswith(interview.diagnosis.triage.label)
    # A slip can be taken back, and the question comes again.
    interview.back()
    assert interview.question is not None
    assert "confusion" in interview.question.variables


@pytest.mark.parametrize("most", [1, 2, 5])
def test_no_more_is_asked_than_was_agreed(most: int, knee: dx.Model) -> None:
    interview = dx.Interview(knee, most=most)
    assert len(list(lead(interview, {"muscle_twitching": "frequent"}))) == most
    assert interview.stopped == f"That was question {most}, the last of this interview."


def test_where_weighing_takes_too_long_red_flags_are_asked_for(
    knee: dx.Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twitchdx.interview.state._CELLS", 1.0)
    interview = dx.Interview(knee, most=60)
    asked: list[str] = []
    for question in lead(interview, {}):
        assert question.kind == ("basis" if len(asked) < 3 else "danger")
        assert interview.weighed == (len(asked) < 3)
        assert not set(asked) & set(question.variables)
        asked += question.variables
    assert interview.asked < 60
    assert interview.stopped is not None
    assert "would take too long" in interview.stopped
    # Every red flag that a person can report was asked for; what no red flag looks at was not.
    assert {"confusion", "chest_pain", "muscle_weakness", "breathlessness", "caffeine_intake"} <= set(asked)
    assert "smoking" not in asked
    again = dx.Interview.from_json(interview.to_json())
    assert again.stopped == interview.stopped


def test_what_is_known_is_not_asked_and_not_counted(knee: dx.Model) -> None:
    known = {"age": 62, "sex": "male", "examined_weakness": True, "insomnia": None}
    interview = dx.Interview(knee, answers=known)
    assert interview.asked == 0
    assert dict(interview.answers) == {"age": 62, "sex": "male", "examined_weakness": True}
    assert interview.question is not None
    assert interview.question.variables == ("muscle_twitching",)
    interview.answer("frequent")
    assert interview.question.kind != "basis"


# Answers


@given(replies)
def test_nothing_is_asked_twice_and_the_rest_holds_at_every_step(hinge: dx.Model, told: list[Any]) -> None:
    interview = dx.Interview(hinge)
    for move in told:
        before, question = interview.to_json(), interview.question
        answer = interview.diagnosis.to_json()
        if question is not None:
            taken = {*interview.answers, *interview.skipped}
            assert not taken & set(question.variables)
        give(interview, move)
        assert interview.diagnosis.to_json() == hinge.diagnose(interview.answers).to_json()
        if move == "skip" and question is not None:
            assert interview.diagnosis.to_json() == answer
            assert set(question.variables) <= set(interview.skipped)
        if move != "back" and question is not None:
            interview.back()
            assert (interview.to_json(), interview.question) == (before, question)
            assert interview.diagnosis.to_json() == answer
            give(interview, move)


@given(replies)
@settings(max_examples=15)
def test_an_interview_that_is_resumed_is_the_same(hinge: dx.Model, told: list[Any]) -> None:
    interview = dx.Interview(hinge, answers={"rust_meter": "7 mmol/L"}, most=4)
    for move in told:
        give(interview, move)
    again = dx.Interview.from_json(interview.to_json(), hinge)
    assert again.to_json() == interview.to_json()
    assert again.question == interview.question
    assert again.stopped == interview.stopped
    assert (again.answers, again.skipped) == (interview.answers, interview.skipped)
    assert again.diagnosis.to_json() == interview.diagnosis.to_json()


def test_a_shipped_model_needs_no_naming_to_resume(knee: dx.Model) -> None:
    interview = dx.Interview(answers={"muscle_twitching": "frequent"})
    interview.answer(np.int64(30))
    again = dx.Interview.from_json(interview.to_json())
    assert again.model == knee
    assert again.diagnosis.to_json() == interview.diagnosis.to_json()
    assert again.question == interview.question


@pytest.mark.parametrize(
    ("value", "answers"),
    [
        ([], {"wobble": False, "annoyed_owner": False}),
        (["wobble", "annoyed_owner"], {"wobble": True, "annoyed_owner": True}),
        ({"annoyed_owner"}, {"wobble": False, "annoyed_owner": True}),
        ("annoyed_owner", {"wobble": False, "annoyed_owner": True}),
        (False, {"wobble": False, "annoyed_owner": False}),
        (True, {"wobble": True, "annoyed_owner": True}),
        ({"wobble": False}, {"wobble": False}),
        ({"wobble": "absent", "annoyed_owner": None}, {"wobble": "absent"}),
        (None, {}),
    ],
)
def test_a_checklist_takes_what_is_present_or_each_answer(
    value: Any, answers: dict[str, Any], hinge: dx.Model
) -> None:
    known = {"squeak": "soft", "age": 3, "season": "dry"}
    interview = dx.Interview(hinge, answers=known)
    try:
        interview.answer(value)
    except dx.ImpossibleEvidenceError:
        # The owner is annoyed by a wobble or a loud squeak, and by nothing else.
        assert answers == {"wobble": False, "annoyed_owner": True}
        return
    assert dict(interview.answers) == {**known, **answers}
    assert set(interview.skipped) == {"wobble", "annoyed_owner"} - set(answers)


@pytest.mark.parametrize(
    ("value", "messages"),
    [
        (7, ["found 7"]),
        ([["wobble"], 3], ["['wobble']", "3"]),
        ("wobbel", ["'wobble'"]),
        (["wobbel", "rust"], ["wobbel", "rust"]),
        ({"wobble": "perhaps", "annoyed_owner": 3}, ["perhaps", "number 3"]),
        ({"squeak": "soft"}, ["squeak"]),
    ],
)
def test_an_answer_that_is_not_understood_leaves_the_question(
    value: Any, messages: list[str], hinge: dx.Model
) -> None:
    interview = dx.Interview(hinge, answers={"squeak": "soft", "age": 3, "season": "dry"})
    before = interview.to_json(), interview.question
    with pytest.raises(dx.EvidenceError) as caught:
        interview.answer(value)
    assert all(each in str(caught.value) for each in messages)
    assert all(issue.fix for issue in caught.value.issues)
    assert (interview.to_json(), interview.question) == before


def test_a_number_without_measure_and_one_out_of_range_are_refused(hinge: dx.Model) -> None:
    interview = dx.Interview(hinge, answers={"squeak": "soft"})
    assert interview.question is not None
    assert interview.question.variables == ("age",)
    assert interview.question.items[0].unit == "years"
    with pytest.raises(dx.EvidenceError, match="No door is that old"):
        interview.answer(501)
    interview.answer("30 months")
    assert interview.answers["age"] == "30 months"


def test_an_impossible_answer_leaves_the_question(hinge: dx.Model) -> None:
    interview = dx.Interview(hinge, answers={"squeak": "loud", "age": 3, "season": "dry", "wobble": True})
    assert interview.question is None
    interview = dx.Interview(hinge, answers={"squeak": "soft", "age": 3, "season": "dry"})
    question = interview.question
    with pytest.raises(dx.ImpossibleEvidenceError):
        interview.answer(["annoyed_owner"])
    assert interview.question == question
    assert interview.asked == 0


# What cannot be done


def test_there_is_nothing_to_answer_after_the_end_and_nothing_to_take_back_before(hinge: dx.Model) -> None:
    interview = dx.Interview(hinge, most=1)
    with pytest.raises(dx.OptionError, match="nothing was answered yet"):
        interview.back()
    interview.skip()
    for ask in (interview.skip, lambda: interview.answer("soft")):
        with pytest.raises(dx.OptionError, match="no question"):
            ask()


@pytest.mark.parametrize("most", [0, -1, True, 2.0, "5", None])
def test_a_number_of_questions_is_a_whole_number(most: Any, hinge: dx.Model) -> None:
    with pytest.raises(dx.OptionError, match="most"):
        dx.Interview(hinge, most=most)


def test_what_is_known_is_checked_as_evidence_is(hinge: dx.Model) -> None:
    with pytest.raises(dx.EvidenceError) as caught:
        dx.Interview(hinge, answers={"squaek": "loud", "age": -1})
    assert len(caught.value.issues) == 2
    with pytest.raises(dx.ImpossibleEvidenceError):
        dx.Interview(hinge, answers={"squeak": "loud", "annoyed_owner": False})


def changed(text: str, **fields: Any) -> str:
    return json.dumps({**json.loads(text), **fields})


def test_a_text_that_is_no_interview_is_refused_with_every_problem(hinge: dx.Model) -> None:
    interview = dx.Interview(hinge)
    interview.answer("soft")
    text = interview.to_json()
    for wrong in ("", "[]", "{}", "nonsense", "[" * 100_000, changed(text, interview=2)):
        with pytest.raises(dx.OptionError, match="cannot be resumed"):
            dx.Interview.from_json(wrong, hinge)
    with pytest.raises(dx.OptionError) as caught:
        dx.Interview.from_json(changed(text, most=0, known=[], steps=[{"asked": "squeak"}, {}]), hinge)
    assert len(caught.value.issues) == 4
    steps = [
        {"asked": ["squeak"], "answers": {"squeak": "shrill", "age": 3}},
        {"asked": ["squeak", "wibble"], "answers": {}},
    ]
    with pytest.raises(dx.OptionError) as caught:
        dx.Interview.from_json(changed(text, steps=steps, known={"wooble": True}), hinge)
    said = str(caught.value)
    assert all(each in said for each in ("shrill", "age was not asked", "asked before", "'wobble'", "wibble"))


def test_an_interview_of_another_model_is_refused(hinge: dx.Model, knee: dx.Model) -> None:
    text = dx.Interview(hinge).to_json()
    with pytest.raises(dx.OptionError, match="digest"):
        dx.Interview.from_json(text, knee)
    with pytest.raises(dx.OptionError, match="no model 'squeaking_hinge' is shipped"):
        dx.Interview.from_json(text)


def test_a_network_file_has_nothing_to_ask(hinge: dx.Model, tmp_path: Path) -> None:
    from twitchdx.network import network_text

    path = tmp_path / "hinge.bif"
    path.write_text(network_text(hinge.network, ".bif"), encoding="utf-8")
    with pytest.raises(dx.ModelError):
        dx.Interview(path)


def test_an_interview_and_its_question_can_be_pickled(hinge: dx.Model) -> None:
    interview = dx.Interview(hinge)
    interview.answer("soft")
    again = pickle.loads(pickle.dumps(interview))
    assert again.to_json() == interview.to_json()
    assert again.question == interview.question == pickle.loads(pickle.dumps(interview.question))


# How it looks


def test_it_shows_where_it_stands(hinge: dx.Model) -> None:
    interview = dx.Interview(hinge)
    assert repr(interview).splitlines() == [
        "<Interview squeaking_hinge: 0 of at most 15 questions>",
        "  Does it squeak?",
        "  answers: none, soft, loud [squeak]",
        "  why: This is what all other questions are about.",
    ]
    interview.skip()
    assert "1 left open" in repr(interview)
    assert "number in years" in repr(interview)
    interview = dx.Interview(hinge, answers={"squeak": "soft", "age": 3, "season": "dry"})
    assert "- Does the door wobble? [wobble]" in repr(interview)
    interview.answer([])
    assert repr(interview).endswith("No further answer of yours is likely to change what to do.")


def test_no_text_of_a_model_becomes_markup(tmp_path: Path) -> None:
    texts = {
        name: text.replace("Does it squeak?", "'<script>alert(1)</script>'") for name, text in TEXTS.items()
    }
    interview = dx.Interview(dx.load_model(write_model(tmp_path / "hostile", texts)))
    markup = interview._repr_html_()
    assert "<script" not in markup
    assert "&lt;script&gt;" in markup
    assert markup == dx.Interview(interview.model)._repr_html_()
