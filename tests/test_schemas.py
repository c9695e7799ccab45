"""The committed schemas are those of the code, and what the library reads and writes follows them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import twitchdx as dx
from models import HEADER, STEPS, VARIABLES, write_model
from twitchdx.cli import main
from twitchdx.loading import find_model, read_yaml
from twitchdx.schemas import SCHEMA_FILES, schema_text
from twitchdx.schemas.generation import generate_schemas

CASES = [
    case for name in dx.available_models() for case in sorted((find_model(name) / "cases").glob("*.json"))
]
MODEL = read_yaml((HEADER + VARIABLES + STEPS).encode(), "model.yaml").data


def validator(name: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json.loads(schema_text(name)))


def definitions(schema: dict[str, Any]) -> list[dict[str, Any]]:
    return [schema, *schema.get("$defs", {}).values()]


@pytest.mark.parametrize("name", SCHEMA_FILES)
def test_the_committed_schema_is_that_of_the_code(name: str) -> None:
    assert schema_text(name) == generate_schemas()[name], "run `python -m twitchdx.schemas`"


@pytest.mark.parametrize("name", SCHEMA_FILES)
def test_every_schema_is_one_and_says_what_each_key_means(name: str) -> None:
    schema = json.loads(schema_text(name))
    jsonschema.Draft202012Validator.check_schema(schema)
    for definition in definitions(schema):
        assert definition["description"]
        assert definition["additionalProperties"] is False
        assert [key for key, value in definition["properties"].items() if not value.get("description")] == []


@pytest.mark.parametrize("name", SCHEMA_FILES)
def test_the_command_prints_the_committed_schema(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", name]) == 0
    assert capsys.readouterr().out == schema_text(name)


def test_an_inherited_attribute_keeps_its_description() -> None:
    schema = json.loads(schema_text("model"))
    for name in ("Finding", "Test"):
        for key, value in schema["$defs"]["Variable"]["properties"].items():
            assert schema["$defs"][name]["properties"][key]["description"] == value["description"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_every_shipped_case_follows_the_schema_of_cases(case: Path) -> None:
    validator("case").validate(json.loads(case.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    "case",
    [
        {},
        {"evidence": []},
        {"evidence": {}, "titel": "x"},
        {"evidence": {}, "title": 1},
        {"evidence": {"a": {"x": "much"}}},
        {"evidence": {"a": ["x"]}},
    ],
)
def test_the_schema_of_cases_refuses_what_is_none(case: dict[str, Any]) -> None:
    assert not validator("case").is_valid(case)


def test_a_model_follows_the_schema_of_models() -> None:
    validator("model").validate(MODEL)


@pytest.mark.parametrize("name", dx.available_models())
def test_a_shipped_model_follows_the_schema_of_models(name: str) -> None:
    sections: dict[str, Any] = {}
    for path in sorted(find_model(name).glob("*.yaml")):
        for section, content in read_yaml(path.read_bytes(), path.name).data.items():  # type: ignore[union-attr]
            if isinstance(content, list):
                sections[section] = [*sections.get(section, []), *content]
            else:
                sections[section] = {**sections.get(section, {}), **content}  # type: ignore[dict-item]
    validator("model").validate(sections)


@pytest.mark.parametrize("section", ["model", "care_levels"])
def test_the_schema_of_models_needs_its_sections(section: str) -> None:
    assert isinstance(MODEL, dict)
    assert not validator("model").is_valid({key: value for key, value in MODEL.items() if key != section})
    assert not validator("model").is_valid({**MODEL, section: {**MODEL[section], "colour": 1}})  # type: ignore[dict-item]


@pytest.mark.parametrize(
    "evidence",
    [
        {},
        {"squeak": "loud", "wobble": True, "age": "144 months"},
        {"squeak": "none"},
        {"squeak": {"none": 0.1, "soft": 1, "loud": 0.5}},
    ],
)
def test_an_answer_follows_the_schema_of_diagnoses(evidence: dict[str, Any], tmp_path: Path) -> None:
    answer = dx.diagnose(evidence, write_model(tmp_path / "squeaking_hinge"))
    validator("diagnosis").validate(answer.to_dict())
    validator("diagnosis").validate(json.loads(answer.to_json(indent=2)))


def test_an_answer_of_a_network_file_follows_the_schema_of_diagnoses(tmp_path: Path) -> None:
    target = tmp_path / "hinge.bif"
    main(
        ["export", str(write_model(tmp_path / "squeaking_hinge")), "--format", "bif", "--output", str(target)]
    )
    validator("diagnosis").validate(dx.diagnose({"wobble": "present"}, target).to_dict())


def test_the_schema_of_diagnoses_knows_every_key(tmp_path: Path) -> None:
    answer = dx.diagnose({"squeak": "loud"}, write_model(tmp_path / "squeaking_hinge")).to_dict()
    for part in (
        answer,
        answer["model"],
        answer["differential"][0],
        answer["triage"],
        answer["next_steps"][0],
    ):
        part["colour"] = "red"
        assert not validator("diagnosis").is_valid(answer)
        del part["colour"]
    validator("diagnosis").validate(answer)
