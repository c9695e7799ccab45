"""`check` tells what is wrong with a model and how well it stands; `export` loses nothing."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

import twitchdx as dx
from models import place_of, spoiled, write_model
from twitchdx.cli import main
from twitchdx.loading import find_model
from twitchdx.schemas import schema_text

SHIPPED = dx.available_models()

MISTAKES = (
    ("  answers: [fact.hinges_squeak]\n", ""),
    ("value: 0.07", "value: 7"),
    ("    tests: [rust_meter]", "    tests: [rust_metre]"),
)
# What they lead to, in three files: code of the issue -> text at whose line it must be reported.
PROBLEMS = {
    "unanswered-fact": "  fact.hinges_squeak: Hinges squeak.",
    "out-of-range": "present: {value: 7",
    "interval-misses-value": "present: {value: 7",
    "unknown-test": "    tests: [rust_metre]",
}


@pytest.fixture(scope="module")
def hinge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("models") / "squeaking_hinge")


def test_check_reports_every_problem_with_file_and_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    texts = spoiled(*MISTAKES)
    folder = write_model(tmp_path / "hinge", texts)
    code = main(["check", str(folder)])
    printed = capsys.readouterr()
    assert (code, printed.err) == (1, "")
    for issue_code, marker in PROBLEMS.items():
        file, line = place_of(texts, marker)
        (heading,) = [text for text in printed.out.splitlines() if f": {issue_code}]" in text]
        assert heading.startswith(f"{folder / file}:{line}  ")
    assert printed.out.count("  Fix: ") == len(PROBLEMS)
    assert printed.out.splitlines()[-1] == f"{len(PROBLEMS)} errors, 0 warnings"


def test_check_reports_what_is_no_yaml_at_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    texts = spoiled(
        ("    sample: swab\n", "    sample: swab\n    sample: rag\n"), ("  format: 1", "  formt: 1")
    )
    folder = write_model(tmp_path / "hinge", texts)
    assert main(["check", str(folder)]) == 1
    out = capsys.readouterr().out
    for marker, issue_code in (("    sample: rag", "duplicate-key"), ("  formt: 1", "unknown-key")):
        file, line = place_of(texts, marker)
        assert f"{folder / file}:{line}" in out
        assert issue_code in out


def test_check_reports_numbers_that_cannot_be_converted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # The causes alone make more wobbles than the population has.
    old = "leak: {value: 0.1, low: 0.05, high: 0.15, form: prevalence"
    new = "leak: {value: 0.001, low: 0.0005, high: 0.15, form: prevalence"
    texts = spoiled(
        (old, new),
        ("value: 4, low: 3, high: 5, form: relative_risk", "value: 0.9, low: 0.8, high: 1, form: link"),
    )
    assert main(["check", str(write_model(tmp_path / "hinge", texts))]) == 1
    assert "cannot-convert" in capsys.readouterr().out


def test_check_counts_facts_and_grades_of_a_sound_model(
    hinge: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(hinge)]) == 0
    out = capsys.readouterr().out
    assert "2 of 2 facts answered" in out
    grades = [each.grade for each in dx.load_model(hinge).parameters()]
    assert f"{len(grades)} numbers: " in out
    for grade in set(grades):
        assert f"{grade} {100 * grades.count(grade) / len(grades):.0f} % ({grades.count(grade)})" in " ".join(
            out.split()
        )
    assert out.splitlines()[-1] == "squeaking_hinge 0.1.0: 0 errors, 0 warnings"


def test_check_shows_the_fifteen_largest_differences_unless_asked_for_all(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = []
    for options in ((), ("--all",)):
        assert main(["check", "knee_twitching", *options]) == 0
        rows.append(capsys.readouterr().out.count("  P("))
    assert rows[0] == 15 < rows[1]


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_model_answers_all_its_facts(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", name]) == 0
    out = capsys.readouterr().out
    facts = sum(each.read_text("utf-8").count("\n  seed.") for each in find_model(name).glob("facts.yaml"))
    assert f"{facts} of {facts} facts answered" in out
    assert facts == {"knee_twitching": 59}.get(name, 0)


def test_a_missing_folder_is_wrong_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(tmp_path / "nowhere")]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "nowhere" in printed.err


@pytest.mark.parametrize("form", ["bif", "xmlbif"])
def test_an_exported_network_has_the_same_marginals(form: str, hinge: Path, tmp_path: Path) -> None:
    target = tmp_path / f"hinge.{form}"
    assert main(["export", str(hinge), "--format", form, "--output", str(target)]) == 0
    original, again = dx.diagnose({}, hinge), dx.diagnose({}, target)
    for name in original.model.variables:
        assert again.distribution(name) == pytest.approx(original.distribution(name), abs=1e-12)


def test_a_network_file_is_shown_and_answered_with_distributions(
    hinge: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "hinge.bif"
    main(["export", str(hinge), "--format", "bif", "--output", str(target)])
    assert main(["show", str(target)]) == 0
    assert "  rust\n      states: absent, mild, severe\n" in capsys.readouterr().out
    assert main(["diagnose", "squeak=loud", "--model", str(target)]) == 0
    expected = dx.diagnose({"squeak": "loud"}, hinge).distribution("wear")["present"]
    (row,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("wear: ")]
    assert row.endswith(f"present {expected:.4g}")
    assert main(["export", str(target), "--format", "json"]) == 2
    assert "--format bif" in capsys.readouterr().err


def test_an_exported_model_is_again_that_model(
    hinge: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", str(hinge), "--format", "json"]) == 0
    exported = json.loads(capsys.readouterr().out)
    model = dx.load_model(hinge)
    assert (exported["name"], exported["version"], exported["digest"]) == (
        model.name,
        model.version,
        model.digest,
    )
    jsonschema.validate(exported["content"], json.loads(schema_text("model")))
    again = tmp_path / "again"
    again.mkdir()
    (again / "model.yaml").write_text(json.dumps(exported["content"]), encoding="utf-8")
    copy = dx.load_model(again)
    assert copy.spec == model.spec
    assert copy.references["hinge2001"].container_title == "Journal of Doors"


def test_an_export_that_cannot_be_written_is_one_clear_error(
    hinge: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "no" / "such" / "folder.json"
    assert main(["export", str(hinge), "--format", "json", "--output", str(target)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert str(target) in printed.err
    assert "Traceback" not in printed.err


def test_check_tells_which_judgements_matter_when_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "chest_clinic", "--influence"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    # Counted by hand: 14 published, one judgement (which no probability depends on) and three definitions.
    assert "Without definitions, 93 % rest on something better than judgement." in said
    assert "Of the 14 numbers behind the probabilities 100 % rest on something better than judgement" in said
    assert "judgements whose stated intervals" not in said
    assert main(["check", "chest_clinic"]) == 0
    assert "behind the probabilities" not in capsys.readouterr().out
