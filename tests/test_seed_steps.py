"""Every step and treatment of the article comes out in the situation that it was written for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import twitchdx as dx
from twitchdx.diagnosis import Diagnosis

FACTS = (Path(__file__).parent / "data" / "seed_fact_ids.txt").read_text(encoding="utf-8").split()
ALS = {
    "age": 62,
    "sex": "male",
    "muscle_twitching": "frequent",
    "examined_weakness": True,
    "examined_wasting": True,
    "brisk_reflexes": True,
    "symptoms_progressing": True,
    "muscle_pain": False,
    "emg": "widespread_denervation",
}
CALM = {"age": 30, "muscle_twitching": "occasional", "muscle_weakness": False}
# Fact -> somebody to whom the article says it.
SITUATIONS: dict[str, dict[str, Any]] = {
    "seed.treatment.hydrate": {**CALM, "fluid_intake": "low", "heat_or_sweating": True, "thirst": True},
    "seed.treatment.diet": {**CALM, "vegan_diet": True, "vitamin_b12_level": "low"},
    "seed.treatment.supplements": {**CALM, "vitamin_b12_level": "low"},
    "seed.treatment.sunlight": {**CALM, "low_sun_exposure": True, "vitamin_d_level": "low"},
    "seed.treatment.adjust_medication": {
        "muscle_twitching": "frequent",
        "muscle_cramps": True,
        "diuretic_use": True,
    },
    "seed.treatment.reduce_stimulants": {
        "muscle_twitching": "frequent",
        "caffeine_intake": "high",
        "muscle_weakness": False,
    },
    "seed.treatment.als.physical_therapy": ALS,
    "seed.treatment.als.occupational_therapy": ALS,
    "seed.treatment.als.riluzole": ALS,
    "seed.treatment.als.edaravone": ALS,
    "seed.treatment.antiseizure": {
        "muscle_twitching": "continuous",
        "muscle_stiffness": True,
        "excessive_sweating": True,
        "thymoma": True,
        "caspr2_antibody": "positive",
    },
    "seed.step.blood_test_levels": {
        "muscle_twitching": "frequent",
        "muscle_cramps": True,
        "diuretic_use": True,
        "muscle_weakness": True,
    },
    "seed.step.emergency_overdose": {"muscle_twitching": "frequent", "caffeine_intake": "overdose"},
    "seed.step.lifestyle_first": CALM,
    "seed.step.stress_reduction": {**CALM, "psychological_stress": True},
    "seed.step.stay_hydrated": {**CALM, "fluid_intake": "low"},
    "seed.step.exercise_appropriately": {**CALM, "strenuous_exercise": True},
    "seed.step.monitor_stimulant_intake": {"muscle_twitching": "frequent", "caffeine_intake": "high"},
    "seed.step.proper_nutrition": {**CALM, "vegan_diet": True},
    "seed.step.monitor_side_effects": {
        "muscle_twitching": "frequent",
        "muscle_cramps": True,
        "muscle_weakness": True,
        "diuretic_use": True,
    },
    "seed.step.see_doctor_if_fatigue_ruled_out": {
        "muscle_twitching": "frequent",
        "strenuous_exercise": False,
        "muscle_fatigue_strain": False,
        "twitching_duration": "months",
        "caffeine_intake": "low",
    },
    "seed.step.further_testing": {"muscle_twitching": "frequent", "twitching_duration": "months"},
    "seed.step.individualised": {"muscle_twitching": "frequent", "twitching_duration": "months"},
    "seed.step.monitor": CALM,
    "seed.redflag.pain": {**CALM, "muscle_pain": True},
    "seed.redflag.weakness": {**CALM, "muscle_weakness": True},
    "seed.redflag.trouble_balancing": {**CALM, "trouble_balancing": True},
    "seed.redflag.difficulty_swallowing": {**CALM, "difficulty_swallowing": True},
    "seed.redflag.difficulty_speaking": {**CALM, "difficulty_speaking": True},
}


def said(answer: Diagnosis) -> set[str]:
    """The facts that the answer says to this person: by a step, a rule, or the level of care."""
    spec = answer.model.assembled.spec
    assert spec is not None
    assert answer.triage is not None
    facts = set(spec.care_levels[answer.triage.level].answers)
    for reason in answer.triage.reasons:
        if reason.rule in spec.triage_rules:
            facts.update(spec.triage_rules[reason.rule].answers)
    for step in answer.next_steps:
        if step.id in spec.steps:
            facts.update(spec.steps[step.id].answers)
    return facts


def test_every_step_treatment_and_red_flag_of_the_article_has_its_situation() -> None:
    kinds = ("seed.step.", "seed.treatment.", "seed.redflag.")
    assert set(SITUATIONS) == {fact for fact in FACTS if fact.startswith(kinds)}


@pytest.mark.parametrize("fact", SITUATIONS)
def test_it_is_said_where_it_was_meant(fact: str) -> None:
    answer = dx.diagnose(SITUATIONS[fact], model="knee_twitching")
    assert fact in said(answer)
    if fact.startswith("seed.redflag."):
        assert answer.triage is not None
        assert answer.triage.level in {"urgent", "emergency"}


@pytest.mark.parametrize("fact", SITUATIONS)
def test_what_needs_a_prescription_is_to_be_discussed_and_nothing_answered_is_asked(fact: str) -> None:
    evidence = SITUATIONS[fact]
    answer = dx.diagnose(evidence, model="knee_twitching")
    assert answer.model.assembled.spec is not None
    for step in answer.next_steps:
        assert not {*step.tests, *step.asks} & evidence.keys()
        if step.prescription:
            words = f"{step.action} {step.reason} {step.cautions}".casefold()
            assert any(who in words for who in ("doctor", "specialist", "clinic", "neurologist"))
        unless = answer.model.assembled.spec.steps[step.id].unless if step.id != "seek_care" else None
        if unless is not None:
            for name, states in unless.evidence.items():
                assert evidence.get(name) not in (*states, *([True] if "present" in states else []))
