"""The guide to the model format: its example is a model, and its tables say what the schema says."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

import twitchdx as dx
from twitchdx.card.contents import BLOCKS
from twitchdx.spec import LEVELS
from twitchdx.validation import read_validation, validate_model

GUIDE = (Path(__file__).resolve().parents[1] / "docs" / "model-format.md").read_text(encoding="utf-8")
SCHEMAS = files("twitchdx") / "schemas"


def schema(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((SCHEMAS / name).read_text(encoding="utf-8"))
    return content


MODEL = schema("model-1.json")
DEFINITIONS: dict[str, dict[str, Any]] = MODEL["$defs"]
VALIDATION = schema("validation-1.json")

#: Definition of the schema -> how the guide heads the table of its keys.
HEADING = {
    "Band": "key of a band",
    "NamedEstimate": "key of a place that names a number",
    "CareLevel": "key of a level of care",
    "Categorical": "key of `categorical`",
    "Caution": "key of a rule of `caution`",
    "Condition": "key of a condition",
    "Decision": "key of `decision`",
    "Deterministic": "key of `deterministic`",
    "DeterministicRow": "key of a row of `deterministic`",
    "Distribution": "key of `distribution`",
    "Effect": "key of an effect",
    "Estimate": "key of an estimate",
    "Finding": "further key of a finding",
    "Header": "key of `model`",
    "LogLinear": "key of `log_linear`",
    "Measurement": "key of a measurement",
    "NoisyMax": "key of `noisy_max`",
    "NoisyOr": "key of `noisy_or`",
    "Outcome": "key of an outcome",
    "PlausibleRange": "key of `plausible`",
    "Reference": "key of a reference",
    "Step": "key of a step",
    "Table": "key of `table`",
    "TableRow": "key of a row of `table`",
    "Test": "further key of a test",
    "Threshold": "key of a bound",
    "TriageRule": "key of a triage rule",
    "UnitConversion": "key of another unit",
    "Variable": "key of a variable",
}
#: The same for the validation files, whose references are those of a model.
VALIDATION_HEADING = {
    "Expectation": "key of `expect`",
    "Figure": "key of a figure",
    "LevelRange": "key of a range of levels",
    "ProbabilityRange": "key of a range of probability",
    "Published": "key of `published`",
    "Term": "key of a term",
    "Vignette": "key of a vignette",
}


def keys_in_table(heading: str) -> dict[str, bool]:
    """Each key in the table of the guide with this heading -> whether it says that the key is required."""
    pattern = rf"^\| {re.escape(heading)} \| required \| \w+ \|\n\|---\|---\|---\|\n((?:\|.*\n)+)"
    (rows,) = re.findall(pattern, GUIDE, re.MULTILINE)
    keys: dict[str, bool] = {}
    for row in rows.splitlines():
        names, required, meaning = (cell.strip() for cell in row.strip("|").split("|"))
        assert meaning
        for name in re.findall(r"`([^`]+)`", names):
            assert name not in keys
            keys[name] = required == "yes"
    return keys


def keys_in_schema(definition: dict[str, Any], inherited: dict[str, Any] | None = None) -> dict[str, bool]:
    required = definition.get("required", ())
    known = inherited["properties"] if inherited else ()
    return {name: name in required for name in definition["properties"] if name not in known}


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """A folder with the first YAML block of the guide, which it calls a whole model."""
    (folder,) = re.findall(r"Saved as `(\w+)/model\.yaml`", GUIDE)
    block = re.search(r"^```yaml\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    assert block
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "model.yaml").write_text(block[1], encoding="utf-8")
    return tmp_path / folder


def test_the_example_is_a_model_without_a_problem(example: Path) -> None:
    model = dx.load_model(example)
    assert model.name == example.name
    assert model.warnings == ()


def test_the_example_answers_as_counting_by_hand_does(example: Path) -> None:
    answer = dx.diagnose({"cold_room": True, "frost": False}, example)
    window, failure = 0.1, 0.01  # beforehand, without frost
    leak, by_window, by_failure = 0.01, 0.7, 0.9

    def cold(*working: float) -> float:
        warm = 1 - leak
        for link in working:
            warm *= 1 - link
        return 1 - warm

    both = window * failure * cold(by_window, by_failure)
    window_only = window * (1 - failure) * cold(by_window)
    failure_only = (1 - window) * failure * cold(by_failure)
    neither = (1 - window) * (1 - failure) * cold()
    everything = both + window_only + failure_only + neither
    assert answer.posterior == pytest.approx(
        {
            "open_window": (both + window_only) / everything,
            "heating_failure": (both + failure_only) / everything,
        }
    )
    assert answer.triage is not None
    assert answer.triage.level == "self_care"
    assert [step.id for step in answer.next_steps] == ["close_window"]


def test_the_red_flag_of_the_example_is_raised_in_frost(example: Path) -> None:
    answer = dx.diagnose({"cold_room": True, "frost": True}, example)
    assert answer.triage is not None
    assert [(reason.rule, reason.red_flag) for reason in answer.triage.reasons] == [("cold_in_frost", True)]
    assert answer.triage.level == "urgent"


def test_soft_evidence_meets_a_condition_with_its_most_likely_state(example: Path) -> None:
    def level(frost: float) -> str | None:
        soft = {"cold_room": True, "frost": {"absent": 1 - frost, "present": frost}}
        triage = dx.diagnose(soft, example).triage
        return triage and triage.level

    assert level(0.6) == "urgent"
    assert level(0.4) == "self_care"


def test_every_definition_of_the_schema_has_its_table() -> None:
    objects = {name for name, definition in DEFINITIONS.items() if "properties" in definition}
    assert objects == set(HEADING)


@pytest.mark.parametrize("name", HEADING)
def test_a_table_lists_exactly_the_keys_of_the_schema(name: str) -> None:
    inherited = DEFINITIONS["Variable"] if name in ("Finding", "Test") else None
    assert keys_in_table(HEADING[name]) == keys_in_schema(DEFINITIONS[name], inherited)


def test_every_definition_of_validation_files_has_its_table() -> None:
    assert set(VALIDATION["$defs"]) == {*VALIDATION_HEADING, "Reference"}
    assert VALIDATION["$defs"]["Reference"] == DEFINITIONS["Reference"]


@pytest.mark.parametrize("name", VALIDATION_HEADING)
def test_a_table_lists_exactly_the_keys_of_validation_files(name: str) -> None:
    assert keys_in_table(VALIDATION_HEADING[name]) == keys_in_schema(VALIDATION["$defs"][name])


def test_the_blocks_of_a_card_are_named() -> None:
    section = GUIDE.partition("## The model card\n")[2]
    assert [name for name in BLOCKS if f"`{name}`" not in section] == []


def test_the_examples_of_validation_are_right_about_the_example(example: Path) -> None:
    section = GUIDE.partition("## Validation files\n")[2]
    figures, vignettes = re.findall(r"^```yaml\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    (example / "validation").mkdir()
    (example / "validation" / "figures.yaml").write_text(figures, encoding="utf-8")
    (example / "validation" / "vignettes.yaml").write_text(vignettes, encoding="utf-8")
    report = validate_model(dx.load_model(example), read_validation(example))
    assert [each.verdict for each in report.figures] == ["tolerated"]
    assert report.failures == ()


def test_the_tables_of_sections_and_cases_list_exactly_the_keys_of_the_schemas() -> None:
    assert keys_in_table("section") == keys_in_schema(MODEL)
    assert keys_in_table("section of validation") == keys_in_schema(VALIDATION)
    assert keys_in_table("key of a case") == keys_in_schema(schema("case-1.json"))


def allowed(name: str, key: str) -> list[str]:
    """The words that a key may have, from an enumeration that may stand below `anyOf` or a reference."""
    (words,) = re.findall(r'"enum": (\[[^\]]*\])', json.dumps(DEFINITIONS[name]["properties"][key]))
    found: list[str] = json.loads(words)
    return found


def test_every_word_that_a_key_may_have_is_named() -> None:
    words = [*LEVELS, *allowed("Estimate", "grade"), *allowed("Estimate", "form")]
    words += allowed("Finding", "observed_by")
    # `seek_care` follows from the level of care and is refused in a file.
    words += [kind for kind in allowed("Step", "kind") if kind != "seek_care"]
    assert [word for word in words if f"`{word}`" not in GUIDE] == []
