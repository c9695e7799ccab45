"""A tiny, complete, valid model folder, as text that tests can spoil.

The complaint is made up: a squeaking hinge, with rust, wear, cold and a loose screw behind it. It uses all six kinds of
distribution, every form of number, all five levels of care, and every kind of entry of the format.
"""

# ruff: noqa: E501 - files of a model, in which an estimate stands on one line
from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

HEADER = """\
model:
  format: 1
  name: squeaking_hinge
  version: 0.1.0
  title: A squeaking hinge
  description: Why a hinge squeaks, and what to do about it.
  population: Doors of one house
  window: one week
  complaint: squeak
  licence: CC0-1.0
  disclaimer: This is no advice from a carpenter.
  step_threshold: {value: 0.05, low: 0.01, high: 0.1, form: probability, grade: judgement, note: a guess}
  answers: [fact.hinges_squeak]
facts:
  fact.hinges_squeak: Hinges squeak.
  fact.oil_helps: Oil helps.
references:
  - id: hinge2001
    type: article-journal
    title: On hinges
    author: [{family: Hinge, given: A.}, {literal: The Door Group}]
    issued: {date-parts: [[2001, 5]]}
    container-title: Journal of Doors
    volume: "3"
    page: 1-9
    DOI: 10.1000/hinge
  - {id: manual, type: book, title: The manual}
care_levels:
  self_care: {label: Do it yourself, action: Look at it., reason: It can wait., sources: [manual]}
  routine: {label: At the next visit, action: Tell the carpenter., reason: It is no hurry.}
  soon: {label: This week, action: Call the carpenter., reason: It gets worse.}
  urgent: {label: Today, action: Call the carpenter today., reason: It may break., answers: [fact.oil_helps]}
  emergency: {label: At once, action: Leave the room., reason: The door may fall.}
"""

VARIABLES = """\
risk_factors:
  season:
    label: Season
    definition: The time of the year.
    states: {dry: a dry season, damp: a damp season}
    question: Which season is it?
    distribution:
      categorical:
        probabilities:
          damp: {value: 0.4, low: 0.3, high: 0.5, grade: cohort, sources: [hinge2001]}
  age:
    label: Age of the door
    definition: Years since it was hung.
    states: {young: under ten, old: ten or more}
    question: How old is the door?
    aliases: [vintage, colour of age]
    measurement:
      unit: years
      bands:
        young: {below: 10}
        old: {at_least: 10}
      plausible: {at_least: 0, below: 500, message: "No door is that old."}
      units: {months: {factor: 0.08333333333333333, note: twelve months a year}}
      note: by definition
    distribution:
      categorical:
        probabilities:
          old: {value: 0.25, low: 0.2, high: 0.3, grade: cohort, sources: [hinge2001]}
causes:
  rust:
    label: Rust
    definition: Iron oxide on the pin.
    states: {absent: no rust, mild: a little rust, severe: a lot of rust}
    question: Is there rust?
    codes: {icd10: X00}
    answers: [fact.oil_helps]
    distribution:
      log_linear:
        marginal:
          mild: {value: 0.1, low: 0.05, high: 0.15, form: prevalence, grade: cohort, n: 200, sources: [hinge2001]}
          severe:
            value: 0.02
            low: 0.01
            high: 0.03
            form: incidence
            grade: cohort
            sources: [hinge2001]
            duration: {value: 2, low: 1, high: 3, form: quantity, grade: judgement, note: a guess}
        modifiers:
          season: {damp: {value: 3, low: 2, high: 4, form: odds_ratio, grade: cohort, sources: [hinge2001]}}
          age: {old: {value: 2, low: 1.5, high: 3, form: odds_ratio, grade: cohort, sources: [hinge2001]}}
  wear:
    label: Wear
    definition: The pin is worn.
    question: Is the pin worn?
    distribution:
      noisy_or:
        leak: {value: 0.05, low: 0.02, high: 0.1, form: probability, grade: judgement, note: a guess}
        links:
          age:
            old: {value: 0.3, low: 0.2, high: 0.4, form: link, grade: cohort, sources: [hinge2001]}
  loose_screw:
    label: A loose screw
    definition: A screw can be turned by hand.
    question: Is a screw loose?
    distribution:
      categorical:
        probabilities:
          present: {value: 0.07, low: 0.05, high: 0.1, grade: cohort, sources: [hinge2001]}
processes:
  friction:
    label: Friction
    definition: Metal rubs on metal.
    distribution:
      noisy_max:
        leak:
          present: {value: 0.01, low: 0.005, high: 0.02, form: probability, grade: judgement, note: a guess}
        links:
          rust:
            mild: {present: {value: 0.3, low: 0.2, high: 0.4, form: link, grade: cohort, sources: [hinge2001]}}
            severe: {present: {value: 0.8, low: 0.7, high: 0.9, form: link, grade: cohort, sources: [hinge2001]}}
          wear:
            present: {present: {value: 0.5, low: 0.4, high: 0.6, form: link, grade: cohort, sources: [hinge2001]}}
findings:
  squeak:
    label: Squeak
    definition: The hinge squeaks when it is moved.
    states: {none: no squeak, soft: a soft squeak, loud: a loud squeak}
    question: Does it squeak?
    aliases: [noise]
    distribution:
      noisy_max:
        leak:
          soft: {value: 0.3, low: 0.2, high: 0.4, form: prevalence, grade: cohort, sources: [hinge2001]}
          loud: {value: 0.01, low: 0.005, high: 0.02, form: probability, grade: judgement, note: a guess}
        links:
          friction:
            present:
              soft: {value: 0.9, low: 0.8, high: 0.95, form: sensitivity, grade: cohort, sources: [hinge2001]}
              loud: {value: 0.4, low: 0.3, high: 0.5, form: sensitivity, grade: cohort, sources: [hinge2001]}
          loose_screw:
            present:
              soft: {value: 0.2, low: 0.1, high: 0.3, form: link, grade: cohort, sources: [hinge2001]}
        inhibitors:
          season: {damp: {value: 0.9, low: 0.8, high: 1.0, grade: judgement, note: a guess}}
  wobble:
    label: Wobble
    definition: The door wobbles.
    question: Does the door wobble?
    observed_by: examination
    distribution:
      noisy_or:
        leak: {value: 0.1, low: 0.05, high: 0.15, form: prevalence, grade: cohort, sources: [hinge2001]}
        links:
          loose_screw: {present: {value: 4, low: 3, high: 5, form: relative_risk, grade: cohort, sources: [hinge2001]}}
          wear: {present: {value: 2, low: 1.5, high: 3, form: odds_ratio, grade: cohort, sources: [hinge2001]}}
  annoyed_owner:
    label: An annoyed owner
    definition: It squeaks loudly or wobbles.
    question: Is the owner annoyed?
    distribution:
      deterministic:
        rows:
          - {when: {squeak: [loud]}, state: present}
          - {when: {wobble: [present]}, state: present}
        otherwise: absent
tests:
  rust_meter:
    label: Rust meter
    definition: The reading of a rust meter.
    states: {normal: normal, raised: raised}
    question: What does the rust meter read?
    available_from: soon
    sample: swab
    cost: {value: 3, low: 2, high: 4, form: quantity, grade: judgement, note: a guess}
    measurement:
      unit: mmol/L
      bands:
        normal: {below: 5.5}
        raised: {at_least: 5.5}
      plausible: {at_least: 0, below: 50, message: "The meter ends at 50."}
      units: {mg/dL: {factor: 0.1, note: made up}, µmol/L: {factor: 0.001, note: a thousandth}}
      sources: [hinge2001]
    distribution:
      table:
        rows:
          - {when: {rust: [absent]}, probabilities: {raised: {value: 0.05, low: 0.02, high: 0.1, grade: cohort, sources: [hinge2001]}}}
          - {when: {rust: [mild]}, probabilities: {raised: {value: 0.6, low: 0.5, high: 0.7, grade: cohort, sources: [hinge2001]}}}
          - {when: {rust: [severe]}, state: raised}
"""

STEPS = """\
triage_rules:
  loud_and_wobbling:
    label: Loud and wobbling
    level: emergency
    red_flag: true
    when: {evidence: {squeak: [loud], wobble: [present]}}
    reason: A loud squeak in a door that wobbles comes before a fall.
    action: Leave the room now.
    sources: [hinge2001]
  wobbling:
    label: Wobbling
    level: soon
    red_flag: true
    when: {any: [{evidence: {wobble: [present]}}, {evidence: {annoyed_owner: [present]}}]}
    reason: A door that wobbles gets worse.
    note: a guess
  likely_rust:
    label: Rust is likely
    level: routine
    when: {posterior: {rust: {at_least: 0.5}}}
    reason: Rust does not go away.
    note: a guess
  certain_wear:
    label: Wear is certain
    level: soon
    when: {posterior: {wear: {at_least: 0.9999}}}
    reason: A worn pin breaks one day.
    note: a guess
steps:
  oil_it:
    kind: self_care
    action: Oil the hinge.
    reason: Oil lowers friction.
    for_causes: [rust, wear]
    when: {evidence: {squeak: [soft, loud]}}
    unless: {evidence: {season: [damp]}}
    try_for_days: {value: 7, low: 3, high: 14, form: quantity, grade: judgement, note: a guess}
    effects:
      wear:
        - {outcome: decibels of the squeak, size: {value: -6, low: -9, high: 1, form: difference, grade: cohort, sources: [hinge2001]}}
        - {outcome: a broken pin within a year, size: {value: 0.7, low: 0.5, high: 0.9, form: hazard_ratio, grade: cohort, sources: [hinge2001]}}
    sources: [manual]
    answers: [fact.oil_helps]
  measure_rust:
    kind: test
    action: Measure the rust.
    reason: The meter tells rust from wear.
    for_causes: [rust]
    tests: [rust_meter]
    available_from: soon
    note: a guess
  ask_for_wobble:
    kind: question
    action: Ask whether the door wobbles.
    reason: A wobble changes how soon.
    asks: [wobble]
    note: a guess
decision:
  unit: quiet days
  currency: EUR
  money_per_unit: {value: 60, low: 30, high: 120, form: quantity, grade: judgement, note: a guess}
  outcomes:
    fall:
      label: The door falls
      definition: It leaves its frame.
      loss: {value: 100, low: 50, high: 200, form: quantity, grade: judgement, note: a guess}
      hazards:
        rust: {severe: {value: 0.001, low: 0.0005, high: 0.002, form: rate, grade: judgement, note: a guess}}
  caution:
    rust:
      level: soon
      at_least: {value: 0.99, low: 0.98, high: 0.995, form: probability, grade: judgement, note: a guess}
      upper: {value: 0.999, low: 0.99, high: 0.9995, form: probability, grade: judgement, note: a guess}
      reason: Rust may sit where nobody sees it.
"""

TEXTS: Mapping[str, str] = {"a_model.yaml": HEADER, "b_variables.yaml": VARIABLES, "c_steps.yaml": STEPS}


def write_model(folder: Path, texts: Mapping[str, str] = TEXTS) -> Path:
    """Write the files of a model into a folder, and give the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def spoiled(*changes: tuple[str, str]) -> dict[str, str]:
    """The texts with each old part replaced by a new one; every old part stands there exactly once."""
    texts = dict(TEXTS)
    for old, new in changes:
        holders = [name for name, text in texts.items() for _ in range(text.count(old))]
        assert len(holders) == 1, f"{old!r} stands in {holders}"
        texts[holders[0]] = texts[holders[0]].replace(old, new)
    return texts


def place_of(texts: Mapping[str, str], marker: str) -> tuple[str, int]:
    """The file and line where some text first stands."""
    for name, text in texts.items():
        if marker in text:
            return name, text[: text.index(marker)].count("\n") + 1
    raise AssertionError(marker)
