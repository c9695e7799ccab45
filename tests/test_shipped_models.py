"""What every shipped model promises, whatever its complaint."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import twitchdx as dx
from twitchdx.cli import main
from twitchdx.loading import default_model, find_model

SHIPPED = dx.available_models()
CASES = [path for name in SHIPPED for path in sorted((find_model(name) / "cases").glob("*.json"))]


def case_of(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def test_models_of_more_than_one_complaint_ship() -> None:
    complaints = {dx.load_model(name).complaint for name in SHIPPED}
    assert len(complaints) == len(SHIPPED) >= 2


def test_one_of_them_is_meant_where_none_is_named() -> None:
    name = default_model()
    assert name in SHIPPED
    assert dx.diagnose({}).model == dx.load_model(str(name))


@pytest.mark.parametrize("name", SHIPPED)
def test_it_has_the_name_of_its_folder_and_no_warnings(name: str) -> None:
    model = dx.load_model(name)
    assert (model.name, model.warnings) == (name, ())


@pytest.mark.parametrize("name", SHIPPED)
def test_the_check_of_the_command_line_finds_no_error(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", name]) == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith("0 errors, 0 warnings")


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parents[1].name}.{path.stem}")
def test_every_case_names_its_model_and_both_engines_agree_on_it(path: Path) -> None:
    case = case_of(path)
    assert case["model"] == path.parents[1].name
    exact, other = (dx.diagnose(case["evidence"], case["model"], engine=each) for each in ("exact", "pgmpy"))
    assert exact.posterior == pytest.approx(other.posterior, rel=1e-8)
    assert exact.triage == other.triage
    assert [each.id for each in exact.next_steps] == [each.id for each in other.next_steps]
