"""Validation files are read strictly: every problem at once, each with its line and the nearest valid name."""

# ruff: noqa: E501 - a mistake stands on one line
from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pydantic
import pytest

import twitchdx as dx
from models import write_model
from twitchdx.loading import find_model, parse_validation, read_folder, read_yaml
from twitchdx.schemas import schema_text
from twitchdx.spec import ValidationSpec
from twitchdx.validation import read_validation
from validating import CASE, FIGURES, VIGNETTES, changed, line_of, write_validation

#: In which file: what stands there, what to write instead, the code of the issue, the text at whose line it is
#: reported (the last line of what is written, where that is empty), and a part of what would mend it.
MISTAKES = [
    ("figures", "    tolerance: 1.5", "    tolerence: 1.5", "unknown-key", "    tolerence", "'tolerance'"),
    ("figures", "{value: 0.2, low: 0.1, high: 0.3}", "{value: 0.2, low: 0.1}", "missing-key", "published: {value: 0.2", "`high:`"),
    ("figures", "value: 0.2, low", "value: much, low", "wrong-type", "published: {value: much", "number"),
    ("figures", "age: [old]", "agee: [old]", "unknown-variable", "agee: [old]", "'age'"),
    ("figures", "[mild, severe]", "[mild, sever]", "unknown-state", "[mild, sever]", "'severe'"),
    ("figures", "[mild, severe]", "[]", "no-state", "of: {rust: []", "mild"),
    ("figures", "{of: {loose_screw: [present]}, weight", "{of: {}, weight", "no-event", "{of: {}, weight", "`of`"),
    ("figures", "sources: [survey2003]", "sources: [survey2030]", "unknown-reference", "sources: [survey2030]", "'survey2003'"),
    ("figures", "sources: [survey2003]", "sources: []", "uncited-figure", "  rust_in_old_doors:", "`sources`"),
    ("figures", "sources: [survey2003]", "sources: [hinge2001]", "double-use", "sources: [hinge2001]", "`shares_source`"),
    ("figures", "10.1000/survey", "10.1000/HINGE", "double-use", "sources: [survey2003]", "`shares_source`"),
    ("figures", "low: 0.1, high: 0.3", "low: 0.25, high: 0.3", "interval-misses-value", "low: 0.25", "low <= value"),
    ("figures", "high: 0.3}", "high: 1.3}", "out-of-range", "high: 1.3", "shares"),
    ("figures", "low: 0.05,", "low: -0.05,", "out-of-range", "low: -0.05", "not negative"),
    ("figures", "tolerance: 1.5", "tolerance: 0.5", "out-of-range", "tolerance: 0.5", "at least 1"),
    ("figures", "references:", "references:\n  - {id: manual, type: book, title: M}", "duplicate-reference", "  - {id: manual", "rename"),
    ("vignettes", "evidence: {squeak: loud,", "evidence: {squaek: loud,", "unknown-variable", "squaek", "'squeak'"),
    ("vignettes", "age: 30 years", "age: 30 yeers", "unknown-unit", "age: 30 yeers", "years"),
    ("vignettes", "leading: [wear, rust]", "leading: [wear, rusty]", "unknown-cause", "leading: [wear, rusty]", "'rust'"),
    ("vignettes", "among_first: {rust: 2}", "among_first: {rusts: 2}", "unknown-cause", "among_first: {rusts", "'rust'"),
    ("vignettes", "among_first: {rust: 2}", "among_first: {rust: 4}", "out-of-range", "among_first: {rust: 4", "1 to 3"),
    ("vignettes", "[[wear, loose_screw]]", "[[wear, loose_srew]]", "unknown-cause", "loose_srew", "'loose_screw'"),
    ("vignettes", "[[wear, loose_screw]]", "[[wear]]", "no-pair", "above: [[wear]]", "two causes"),
    ("vignettes", "{at_least: 0.3}", "{at_least: 1.3}", "threshold", "{at_least: 1.3}", "from 0 to 1"),
    ("vignettes", "{at_least: 0.3}", "{}", "threshold", "probability: {wear: {}", "`at_least`"),
    ("vignettes", "{at_least: emergency}", "{at_least: emergncy}", "wrong-type", "at_least: emergncy", "mean 'emergency'?"),
    ("vignettes", "{at_least: emergency}", "{at_least: emergency, at_most: soon}", "threshold", "at_most: soon", "no higher"),
    ("vignettes", "oil_it, measure", "oil_itt, measure", "unknown-step", "steps: [seek_care", "'oil_it'"),
    ("vignettes", "tests: [rust_meter]", "tests: [rust_metre]", "unknown-test", "tests: [rust_metre]", "'rust_meter'"),
    ("vignettes", "no_kinds: [treatment]", "no_kinds: [treatmnt]", "wrong-type", "no_kinds: [treatmnt]", "mean 'treatment'?"),
    ("vignettes", "case: damp_cellar", "case: damp_celar", "unknown-case", "case: damp_celar", "'damp_cellar'"),
    ("vignettes", "    case: damp_cellar\n", "    title: A cellar\n", "evidence-or-case", "  damp_cellar:", "exactly one"),
    ("vignettes", "    title: A loud door\n", "", "no-title", "  loud_door:", "`title`"),
    ("vignettes", "      no_kinds: [self_care]\n", "      steps: []\n", "no-expectation", "    expect:\n      steps", "answer"),
    ("vignettes", "    sources: [manual]", "    sources: [manul]", "unknown-reference", "    sources: [manul]", "'manual'"),
]  # fmt: skip


def issues_of(folder: Path) -> list[dx.Issue]:
    with pytest.raises(dx.ModelError) as caught:
        read_validation(folder)
    return list(caught.value.issues)


def test_sound_files_are_read_as_they_stand(tmp_path: Path) -> None:
    found = read_validation(write_validation(tmp_path / "hinge"))
    assert list(found.figures) == ["rust_in_old_doors", "loose_and_worn"]
    figure = found.figures["rust_in_old_doors"]
    assert figure.terms[0].of == {"rust": ("mild", "severe")}
    assert (figure.tolerance, figure.published.high) == (1.5, 0.3)
    assert found.references["survey2003"].container_title == "Journal of Doors"
    assert found.vignettes["loud_door"].evidence == {"squeak": "loud", "wobble": True, "age": "30 years"}


def test_a_vignette_takes_evidence_title_and_description_of_its_case(tmp_path: Path) -> None:
    found = read_validation(write_validation(tmp_path / "hinge")).vignettes["damp_cellar"]
    assert {"title": found.title, "description": found.description, "evidence": found.evidence} == CASE


@pytest.mark.parametrize(
    ("file", "old", "new", "code", "marker", "fix"),
    MISTAKES,
    ids=[f"{each[3]}: {each[2]}" for each in MISTAKES],
)
def test_a_mistake_is_reported_with_its_line_and_what_would_mend_it(
    tmp_path: Path, file: str, old: str, new: str, code: str, marker: str, fix: str
) -> None:
    texts = {"figures": FIGURES, "vignettes": VIGNETTES}
    texts[file] = changed(texts[file], (old, new))
    issues = issues_of(write_validation(tmp_path / "hinge", **texts))
    assert [each.code for each in issues] == [code]
    assert (issues[0].where.file, issues[0].where.line) == (
        f"validation/{file}.yaml",
        line_of(texts[file], marker),
    )
    assert fix in issues[0].fix


def test_all_mistakes_are_reported_at_once(tmp_path: Path) -> None:
    # One mistake an entry of each kind, so that none stands in the way of another.
    figures = changed(
        FIGURES,
        ("    tolerance: 1.5", "    tolerence: 1.5"),
        ("wear: [present]", "wear: [presnt]"),
        ("low: 0.05, high", "low: 0.15, high"),
        ("    sources: [manual]", "    sources: [manuel]"),
    )
    vignettes = changed(
        VIGNETTES,
        ("leading: [wear, rust]", "leading: [wear, rusty]"),
        ("oil_it, measure", "oil_itt, measure"),
        ("tests: [rust_meter]", "tests: [rust_metre]"),
        ("case: damp_cellar", "case: damp_celar"),
    )
    case = json.dumps({"titel": "x", "evidence": {}})
    found = sorted(
        each.code for each in issues_of(write_validation(tmp_path / "hinge", figures, vignettes, case))
    )
    assert found == sorted(
        [
            "unknown-key",  # of the figure
            "unknown-key",  # of the case
            "unknown-state",
            "interval-misses-value",
            "unknown-reference",
            "unknown-cause",
            "unknown-step",
            "unknown-test",
            "unknown-case",
        ]
    )


def test_a_reason_allows_a_source_that_sets_a_number(tmp_path: Path) -> None:
    shared = "sources: [hinge2001]\n    shares_source: another table of it"
    figures = changed(FIGURES, ("sources: [survey2003]", shared))
    assert read_validation(write_validation(tmp_path / "hinge", figures)).figures


def test_who_names_a_reference_of_the_wrong_shape_is_not_wrong(tmp_path: Path) -> None:
    figures = changed(FIGURES, ("title: A survey of doors", "titel: A survey of doors"))
    codes = [each.code for each in issues_of(write_validation(tmp_path / "hinge", figures))]
    assert sorted(codes) == ["missing-key", "unknown-key"]


def test_evidence_of_a_case_that_the_model_does_not_understand_is_reported_at_the_vignette(
    tmp_path: Path,
) -> None:
    folder = write_validation(tmp_path / "hinge", case=json.dumps({**CASE, "evidence": {"squaek": "soft"}}))
    (issue,) = issues_of(folder)
    assert (issue.code, issue.where.line) == ("unknown-variable", line_of(VIGNETTES, "case: damp_cellar"))


def test_what_is_no_yaml_is_reported_by_its_place_in_the_model_folder(tmp_path: Path) -> None:
    (issue,) = issues_of(write_validation(tmp_path / "hinge", figures="figures: {a: [}\n"))
    assert (issue.code, issue.where.file, issue.where.line) == ("yaml-syntax", "validation/figures.yaml", 1)


def test_a_model_without_validation_files_has_nothing_to_reproduce(tmp_path: Path) -> None:
    found = read_validation(write_model(tmp_path / "hinge"))
    assert (dict(found.figures), dict(found.vignettes)) == ({}, {})


def test_a_broken_model_is_reported_before_its_validation(tmp_path: Path) -> None:
    folder = write_validation(tmp_path / "hinge")
    (folder / "c_steps.yaml").write_text("steps: 1\n", encoding="utf-8")
    assert "validation" not in str(issues_of(folder)[0].where)


@pytest.mark.parametrize("text", [FIGURES, VIGNETTES])
def test_the_files_follow_the_published_schema(text: str) -> None:
    jsonschema.validate(read_yaml(text.encode(), "x.yaml").data, json.loads(schema_text("validation")))


@pytest.mark.parametrize("name", dx.available_models())
def test_sound_files_are_read_as_pydantic_reads_them(name: str) -> None:
    source = read_folder(find_model(name) / "validation")
    parsed = parse_validation(source.data, source.where)
    assert parsed.issues == ()
    plain = json.dumps(source.data).replace('"container-title":', '"container_title":')
    assert pydantic.TypeAdapter(ValidationSpec).validate_json(plain, strict=True) == parsed.spec


@pytest.mark.parametrize("name", dx.available_models())
def test_shipped_files_follow_the_published_schema(name: str) -> None:
    validator = jsonschema.Draft202012Validator(json.loads(schema_text("validation")))
    for path in sorted((find_model(name) / "validation").glob("*.yaml")):
        validator.validate(read_yaml(path.read_bytes(), path.name).data)
