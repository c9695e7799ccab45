"""Every kind of problem that a model can have: found, placed, and with a way to mend it."""

# ruff: noqa: E501 - a table with one problem a line
from __future__ import annotations

import ast
from pathlib import Path

import pytest

import twitchdx as dx
from models import TEXTS, place_of, spoiled, write_model
from twitchdx import checks, loading, network

ROOT = "label: Season\n"
SEASON = "          damp: {value: 0.4, low: 0.3, high: 0.5, grade: cohort, sources: [hinge2001]}\n"
SCREW = "          present: {value: 0.07, low: 0.05, high: 0.1, grade: cohort, sources: [hinge2001]}\n"
WEAR_LINK = (
    "            old: {value: 0.3, low: 0.2, high: 0.4, form: link, grade: cohort, sources: [hinge2001]}\n"
)
WEAR_LEAK = (
    "        leak: {value: 0.05, low: 0.02, high: 0.1, form: probability, grade: judgement, note: a guess}\n"
)
LOUD_LEAK = "          loud: {value: 0.01, low: 0.005, high: 0.02, form: probability, grade: judgement, note: a guess}\n"
AGE_RATIO = "          age: {old: {value: 2, low: 1.5, high: 3, form: odds_ratio, grade: cohort, sources: [hinge2001]}}\n"
SQUEAK_SOFT = "              soft: {value: 0.9, low: 0.8, high: 0.95, form: sensitivity, grade: cohort, sources: [hinge2001]}\n"
WOBBLE_LEAK = "        leak: {value: 0.1, low: 0.05, high: 0.15, form: prevalence, grade: cohort, sources: [hinge2001]}\n"
SEVERE_ROW = "          - {when: {rust: [severe]}, state: raised}\n"
MILD_ROW = "          - {when: {rust: [mild]}, probabilities"
OTHERWISE = "        otherwise: absent\n"
URGENT = "  urgent: {label: Today"
WOBBLING = "    when: {any: [{evidence: {wobble: [present]}}, {evidence: {annoyed_owner: [present]}}]}\n"
CERTAIN = "{value: 0, form: probability, grade: definition, note: never}"


def change(old: str, new: str, marker: str = "") -> tuple[tuple[tuple[str, str], ...], str]:
    """One replacement, and the text at whose line the problem must be reported."""
    return ((old, new),), marker or new


# fmt: off
# (code, what is replaced by what, what stands in the line where the problem is reported)
PROBLEMS = [
    # The shape of the format
    ("missing-key", *change("    label: Rust meter\n", "", "  rust_meter:")),
    ("missing-key", *change("value: 0.07, ", "", "present: {low: 0.05")),
    ("unknown-key", *change("    sample: swab", "    sampel: swab")),
    ("unknown-key", *change("    action: Leave the room now.", "    acton: Leave the room now.")),
    ("wrong-type", *change("  format: 1", "  format: one")),
    ("wrong-type", *change("    red_flag: true\n    when: {evidence", "    red_flag: yes\n    when: {evidence", "red_flag: yes")),
    ("wrong-type", *change("value: 0.07", 'value: "0.07"')),
    ("wrong-type", *change("level: emergency", "level: at_once")),
    ("section-shape", *change("triage_rules:\n", "causes: [rust]\ntriage_rules:\n", "causes: [rust]")),
    ("duplicate-key", *change("    sample: swab", "    sample: swab\n    sample: rag", "    sample: rag")),
    ("duplicate-key", *change("triage_rules:\n", "causes:\n  rust: {label: Again}\ntriage_rules:\n", "  rust: {label: Again}")),
    # Names, header, references
    ("format-version", *change("  format: 1", "  format: 2")),
    ("name-spelling", *change("  oil_it:", "  oil__it:")),
    ("name-spelling", *change("  oil_it:", "  Oil_it:")),
    ("name-spelling", *change("  oil_it:", "  1_oil:")),
    ("name-spelling", *change("states: {normal: normal,", "states: {normal: normal, Very_High: high,", "Very_High")),
    ("duplicate-variable", *change("  rust_meter:", "  wobble:", "  wobble:\n    label: Rust meter")),
    ("too-few-states", *change("    question: Is a screw loose?", "    states: {absent: none}\n    question: Is a screw loose?", "  loose_screw:\n    label: A loose")),
    ("cause-without-absent", *change("{absent: no rust, mild", "{never: no rust, mild", "  rust:\n    label: Rust\n")),
    ("no-question", *change("    question: Is the pin worn?\n", "", "  wear:\n    label: Wear")),
    ("unknown-complaint", *change("  complaint: squeak", "  complaint: squeek")),
    ("missing-care-level", *change("  emergency: {label: At once, action: Leave the room., reason: The door may fall.}\n", "", "care_levels:")),
    ("duplicate-reference", *change("  - {id: manual,", "  - {id: hinge2001,")),
    ("unknown-reference", *change("note: a guess\n  ask_for_wobble", "sources: [manul]\n  ask_for_wobble", "    sources: [manul]")),
    ("unknown-reference", *change(SCREW, SCREW.replace("hinge2001", "hinge2002"))),
    ("unknown-reference", *change("      sources: [hinge2001]\n    distribution:\n      table", "      sources: [hinge]\n    distribution:\n      table", "      sources: [hinge]")),
    # Distributions
    ("distribution-kind", *change(OTHERWISE, OTHERWISE + "      table: {rows: []}\n", "    distribution:\n      deterministic:")),
    ("unknown-state", *change(SEASON, SEASON.replace("damp:", "wet:"))),
    ("unknown-state", *change(OTHERWISE, "        otherwise: absnt\n")),
    ("unknown-state", *change(WEAR_LINK, WEAR_LINK.replace("old:", "odl:"))),
    ("unknown-state", *change(SEVERE_ROW, SEVERE_ROW.replace("severe", "sever"))),
    ("unknown-state", *change("state: raised}", "state: raise}")),
    ("incomplete-distribution", *change(SEASON, SEASON + SEASON.replace("damp", "dry"), "        probabilities:\n          damp")),
    ("incomplete-distribution", *change("          mild: {value: 0.1, low: 0.05, high: 0.15, form: prevalence, grade: cohort, n: 200, sources: [hinge2001]}\n", "", "        marginal:")),
    ("no-reference-state", *change("season: {damp: {value: 3,", "season: {dry: {value: 1, form: odds_ratio, grade: definition, note: x}, damp: {value: 3,")),
    ("mixed-ratios", *change(AGE_RATIO, AGE_RATIO.replace("odds_ratio", "relative_risk"), "        modifiers:")),
    ("first-state-produces", *change(WEAR_LINK, WEAR_LINK.replace("old:", "young:"))),
    ("noisy-or-states", *change("    question: Does the door wobble?", "    states: {none: none, little: little, much: much}\n    question: Does the door wobble?", "      noisy_or:\n        leak: {value: 0.1,")),
    ("grade-gap", *change(SQUEAK_SOFT, "", "            present:\n              loud")),
    ("table-row", *change(SEVERE_ROW, "          - {when: {rust: [severe]}}\n")),
    ("table-row", *change(SEVERE_ROW, SEVERE_ROW.replace("[severe]", "[severe, severe]"))),
    ("table-row", *change(OTHERWISE, "          - {when: {squeak: []}, state: absent}\n" + OTHERWISE, "          - {when: {squeak: []}")),
    ("table-gap", *change(SEVERE_ROW, "", "      table:")),
    ("table-overlap", *change(SEVERE_ROW, SEVERE_ROW.replace("[severe]", "[mild, severe]"), "      table:")),
    # Arrows
    ("unknown-parent", *change("          wear: {present: {value: 2,", "          ware: {present: {value: 2,", "    distribution:\n      noisy_or:\n        leak: {value: 0.1,")),
    ("arrow-direction", *change(WEAR_LINK, WEAR_LINK + "          squeak: {soft: {value: 0.1, n: 9, form: link, grade: cohort, sources: [hinge2001]}}\n", "    distribution:\n      noisy_or:\n        leak: {value: 0.05")),
    ("cycle", *change(WEAR_LINK, WEAR_LINK + "          wear: {present: {value: 0.1, n: 9, form: link, grade: cohort, sources: [hinge2001]}}\n", "    distribution:\n      noisy_or:\n        leak: {value: 0.05")),
    # Numbers
    ("form-missing", *change(WEAR_LINK, WEAR_LINK.replace("form: link, ", ""))),
    ("form-misplaced", *change(WEAR_LINK, WEAR_LINK.replace("form: link", "form: prevalence"))),
    ("form-misplaced", *change("duration: {value: 2, low: 1, high: 3, form: quantity", "duration: {value: 2, low: 1, high: 3, form: rate")),
    ("duration", *change("            form: incidence\n", "            form: prevalence\n", "          severe:\n            value")),
    ("duration", *change(SCREW, SCREW.replace("grade", "form: incidence, grade"))),
    ("out-of-range", *change(SCREW, SCREW.replace("high: 0.1", "high: 1.1"))),
    ("out-of-range", *change(SCREW, SCREW.replace("low: 0.05", "low: -0.05"))),
    ("out-of-range", *change("n: 200,", "n: 0,")),
    ("out-of-range", *change("duration: {value: 2, low: 1, high: 3", "duration: {value: -2, low: -3, high: 3")),
    ("out-of-range", *change("value: 0.7, low: 0.5, high: 0.9, form: hazard_ratio", "value: 0.7, low: -0.5, high: 0.9, form: hazard_ratio")),
    ("form-missing", *change("high: 0.9, form: hazard_ratio", "high: 0.9", "a broken pin")),
    ("form-misplaced", *change("high: 0.9, form: hazard_ratio", "high: 0.9, form: link", "a broken pin")),
    ("unknown-cause", *change("    effects:\n      wear:", "    effects:\n      ware:", "    effects:")),
    ("half-interval", *change(SCREW, SCREW.replace("low: 0.05, ", ""))),
    ("interval-misses-value", *change(SCREW, SCREW.replace("value: 0.07", "value: 0.2"))),
    ("no-rationale", *change(WEAR_LEAK, WEAR_LEAK.replace(", note: a guess", ""))),
    ("no-rationale", *change(WEAR_LEAK, f"        leak: {CERTAIN.replace(', note: never', '')}\n")),
    ("no-uncertainty", *change(WEAR_LEAK, WEAR_LEAK.replace("low: 0.02, high: 0.1, ", ""))),
    ("no-uncertainty", *change(SCREW, SCREW.replace("low: 0.05, high: 0.1, ", ""))),
    ("definition-range", *change(WEAR_LEAK, f"        leak: {CERTAIN.replace('value: 0', 'value: 0.5')}\n")),
    ("uncited-estimate", *change(SCREW, SCREW.replace(", sources: [hinge2001]", ""))),
    # Measurements
    ("bands", *change("        old: {at_least: 10}\n", "", "      bands:\n        young")),
    ("bands", *change("        old: {at_least: 10}", "        old: {at_least: 11}", "      bands:\n        young")),
    ("bands", *change("        old: {at_least: 10}", "        old: {at_least: 10, below: 90}", "      bands:\n        young")),
    ("no-source", *change("      note: by definition\n", "", "    measurement:\n      unit: years")),
    ("plausible", *change("plausible: {at_least: 0, below: 500", "plausible: {at_least: 500, below: 500")),
    ("unit-factor", *change("{factor: 0.1, note: made up}", "{factor: 0, note: made up}")),
    # Rules, steps, utilities
    ("unknown-variable", *change("{evidence: {annoyed_owner: [present]}}", "{evidence: {anoyed_owner: [present]}}")),
    ("unknown-state", *change("{evidence: {annoyed_owner: [present]}}", "{evidence: {annoyed_owner: [yes]}}")),
    ("unknown-cause", *change("posterior: {rust:", "posterior: {rost:")),
    ("threshold", *change("{at_least: 0.5}}}", "{at_least: 0.5, below: 0.9}}}")),
    ("threshold", *change("{at_least: 0.5}}}", "{}}}")),
    ("red-flag-with-probability", *change(WOBBLING, "    when: {posterior: {rust: {at_least: 0.1}}}\n")),
    ("red-flag-with-probability", *change(WOBBLING, "    when: {any: [{responsibility: {rust: {at_least: 0.1}}}]}\n")),
    ("no-source", *change("    reason: Rust does not go away.\n    note: a guess\n", "    reason: Rust does not go away.\n", "  likely_rust:")),
    ("no-source", *change("    asks: [wobble]\n    note: a guess\n", "    asks: [wobble]\n", "  ask_for_wobble:")),
    ("step-availability", *change("    available_from: soon\n    note", "    available_from: soon\n    available_to: routine\n    note", "  measure_rust:")),
    ("step-kind", *change("kind: self_care", "kind: seek_care", "  oil_it:")),
    ("step-kind", *change("    tests: [rust_meter]\n", "", "  measure_rust:")),
    ("step-kind", *change("    asks: [wobble]\n", "    asks: [wobble]\n    tests: [rust_meter]\n", "  ask_for_wobble:")),
    ("unknown-cause", *change("for_causes: [rust, wear]", "for_causes: [rust, ware]")),
    ("unknown-test", *change("tests: [rust_meter]", "tests: [rust_metre]")),
    ("unknown-variable", *change("asks: [wobble]", "asks: [wabble]")),
    ("unknown-cause", *change("        rust: {severe: {value: 0.001", "        rast: {severe: {value: 0.001")),
    ("unknown-state", *change("        rust: {severe: {value: 0.001", "        rust: {sever: {value: 0.001")),
    ("unknown-cause", *change("    rust:\n      level: soon", "    rost:\n      level: soon")),
    ("unknown-state", *change("  caution:\n", "      over_after_days: {rust: {sever: {value: 3, low: 2, high: 4, form: quantity, grade: judgement, note: a guess}}}\n  caution:\n", "      over_after_days")),
    ("no-hazard", *change("  caution:\n", "      over_after_days: {rust: {mild: {value: 3, low: 2, high: 4, form: quantity, grade: judgement, note: a guess}}}\n  caution:\n", "      over_after_days")),
    ("no-rate", *change("  money_per_unit: {value: 60, low: 30, high: 120, form: quantity, grade: judgement, note: a guess}\n", "", "    cost: {value: 3")),
    # Facts
    ("unknown-fact", *change("answers: [fact.hinges_squeak]", "answers: [fact.hinges_squeak, fact.moon]")),
    ("unanswered-fact", *change("  fact.oil_helps: Oil helps.\n", "  fact.oil_helps: Oil helps.\n  fact.forgotten: Forgotten.\n", "fact.forgotten")),
    # Conversions
    ("cannot-convert", *change("soft: {value: 0.3, low: 0.2, high: 0.4, form: prevalence", "soft: {value: 0.03, low: 0.02, high: 0.4, form: prevalence")),
    ("cannot-convert", *change(SQUEAK_SOFT, SQUEAK_SOFT.replace("0.9, low: 0.8", "0.05, low: 0.01"))),
    ("cannot-convert", *change("{value: 0.4, low: 0.3, high: 0.5, form: sensitivity", "{value: 0.005, low: 0.001, high: 0.5, form: sensitivity")),
    ("cannot-convert", *change("          severe:\n            value: 0.02\n            low: 0.01\n            high: 0.03\n", "          severe:\n            value: 0.8\n            low: 0.01\n            high: 0.9\n", "          severe:\n            value")),
    ("cannot-convert", *change("{value: 4, low: 3, high: 5, form: relative_risk", "{value: 0.4, low: 0.3, high: 5, form: relative_risk")),
    ("cannot-convert", *change("{value: 4, low: 3, high: 5, form: relative_risk", "{value: 400, low: 3, high: 500, form: relative_risk")),
    ("cannot-convert", *change(WOBBLE_LEAK, WOBBLE_LEAK.replace("prevalence", "probability"), "          loose_screw: {present: {value: 4")),
    ("cannot-convert", *change(LOUD_LEAK, LOUD_LEAK.replace("0.01, low: 0.005, high: 0.02", "0.6, low: 0.5, high: 0.7"), "        leak:\n          soft")),
]
# fmt: on


@pytest.mark.parametrize(
    ("code", "changes", "marker"), PROBLEMS, ids=[f"{code}-{i}" for i, (code, *_) in enumerate(PROBLEMS)]
)
def test_a_problem_is_reported_with_its_place_and_a_fix(
    tmp_path: Path, code: str, changes: tuple[tuple[str, str], ...], marker: str
) -> None:
    texts = spoiled(*changes)
    with pytest.raises(dx.ModelError) as caught:
        dx.load_model(write_model(tmp_path / "squeaking_hinge", texts))
    found = [issue for issue in caught.value.issues if issue.code == code]
    assert found, f"expected {code}, found {caught.value}"
    places = [(issue.where.file, issue.where.line) for issue in found]
    assert place_of(texts, marker) in places, caught.value
    for issue in caught.value.issues:
        assert issue.severity == "error"
        assert issue.message
        assert issue.fix
        assert str(issue) in str(caught.value)


def test_the_unspoiled_model_has_no_problem(tmp_path: Path) -> None:
    model = dx.load_model(write_model(tmp_path / "squeaking_hinge"))
    assert model.warnings == ()
    assert tuple(model.causes) == ("rust", "wear", "loose_screw")


def test_a_table_that_would_be_too_large_is_refused_before_it_is_built(tmp_path: Path) -> None:
    factors = "".join(
        f"  f{i}:\n    label: f\n    definition: f\n    question: f?\n    distribution: {{categorical: {{probabilities: "
        f"{{present: {CERTAIN.replace('form: probability, ', '')}}}}}}}\n"
        for i in range(60)
    )
    rows = "".join(f"          - {{when: {{f{i}: [present]}}, state: present}}\n" for i in range(60))
    texts = spoiled(("  season:\n", f"{factors}  season:\n"), (OTHERWISE, rows + OTHERWISE))
    with pytest.raises(dx.ModelError) as caught:
        dx.load_model(write_model(tmp_path, texts))
    assert [issue.code for issue in caught.value.issues] == ["table-too-large"]
    assert (caught.value.issues[0].where.file, caught.value.issues[0].where.line) == place_of(
        texts, "      deterministic:"
    )


def test_all_problems_of_meaning_are_reported_at_once(tmp_path: Path) -> None:
    texts = spoiled(
        ("  complaint: squeak", "  complaint: squeek"),
        (SEASON, SEASON.replace("damp:", "wet:")),
        (SCREW, SCREW.replace(", sources: [hinge2001]", "")),
        ("posterior: {rust:", "posterior: {rost:"),
        ("tests: [rust_meter]", "tests: [rust_metre]"),
        ("{factor: 0.1, note: made up}", "{factor: -1, note: made up}"),
    )
    with pytest.raises(dx.ModelError) as caught:
        dx.load_model(write_model(tmp_path, texts))
    codes = {issue.code for issue in caught.value.issues}
    expected = {
        "unknown-complaint",
        "unknown-state",
        "uncited-estimate",
        "unknown-cause",
        "unknown-test",
        "unit-factor",
    }
    assert codes >= expected
    assert len({(issue.where.file, issue.where.line) for issue in caught.value.issues}) >= len(expected)


def test_all_problems_of_shape_in_all_files_are_reported_at_once(tmp_path: Path) -> None:
    texts = spoiled(
        ("  format: 1", "  format: one"),
        ("    sample: swab", "    sampel: swab"),
        ("    label: Wobbling\n", ""),
    )
    texts["d_broken.yaml"] = "steps: [\n"
    texts["e_alias.yaml"] = "steps: &all {}\nfacts: *all\n"
    with pytest.raises(dx.ModelError) as caught:
        dx.load_model(write_model(tmp_path, texts))
    found = {(issue.where.file, issue.code) for issue in caught.value.issues}
    assert found >= {
        ("a_model.yaml", "wrong-type"),
        ("b_variables.yaml", "unknown-key"),
        ("c_steps.yaml", "missing-key"),
        ("d_broken.yaml", "yaml-syntax"),
        ("e_alias.yaml", "yaml-anchor"),
        ("e_alias.yaml", "yaml-alias"),
    }


def test_all_numbers_that_cannot_be_converted_are_reported_at_once(tmp_path: Path) -> None:
    texts = spoiled(
        (SQUEAK_SOFT, SQUEAK_SOFT.replace("0.9, low: 0.8", "0.05, low: 0.01")),
        (
            "{value: 4, low: 3, high: 5, form: relative_risk",
            "{value: 0.4, low: 0.3, high: 5, form: relative_risk",
        ),
    )
    with pytest.raises(dx.ModelError) as caught:
        dx.load_model(write_model(tmp_path, texts))
    assert [issue.code for issue in caught.value.issues].count("cannot-convert") >= 2
    assert len({issue.where.line for issue in caught.value.issues}) >= 2


def test_a_misspelt_name_gets_a_suggestion(tmp_path: Path) -> None:
    for change_, name in (
        (("  complaint: squeak", "  complaint: squeek"), "squeak"),
        (("    sample: swab", "    sampel: swab"), "sample"),
        (("posterior: {rust:", "posterior: {rost:"), "rust"),
    ):
        with pytest.raises(dx.ModelError) as caught:
            dx.load_model(write_model(tmp_path, spoiled(change_)))
        assert any(f"Did you mean '{name}'?" in issue.fix for issue in caught.value.issues)


def test_a_folder_that_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(dx.ModelNotFoundError) as caught:
        dx.load_model(tmp_path / "nowhere")
    assert caught.value.issues[0].code == "unknown-model"
    with pytest.raises(dx.ModelError) as caught:
        dx.load_model(tmp_path)
    assert caught.value.issues[0].code == "file-count"
    (tmp_path / "note.txt").write_text("no folder")
    with pytest.raises(dx.ModelNotFoundError) as caught:
        dx.load_model(tmp_path / "note.txt")
    assert caught.value.issues[0].code == "no-such-folder"
    for number in range(101):
        (tmp_path / f"{number}.yaml").write_text("steps: {}\n")
    with pytest.raises(dx.ModelError) as caught:
        dx.load_model(tmp_path)
    assert caught.value.issues[0].code == "file-count"


@pytest.mark.parametrize("text", ["", "# nothing\n", "- a\n- b\n", "just words\n"])
def test_a_file_without_sections(tmp_path: Path, text: str) -> None:
    with pytest.raises(dx.ModelError) as caught:
        dx.load_model(write_model(tmp_path, {**TEXTS, "d_more.yaml": text}))
    assert [issue.code for issue in caught.value.issues] == ["no-section"]
    assert caught.value.issues[0].where.file == "d_more.yaml"


def test_a_section_can_be_spread_over_files_and_keeps_the_order(tmp_path: Path) -> None:
    more = (
        "causes:\n  draught:\n    label: Draught\n    definition: Wind.\n    question: Is there wind?\n"
        "    distribution: {categorical: {probabilities: {present: {value: 0.5, n: 9, grade: cohort, sources: [late]}}}}\n"
        "references:\n  - {id: late, type: book, title: Late}\n"
    )
    model = dx.load_model(write_model(tmp_path, {**TEXTS, "d_more.yaml": more}))
    assert tuple(model.causes) == ("rust", "wear", "loose_screw", "draught")
    assert tuple(model.references) == ("hinge2001", "manual", "late")


def test_the_digest_is_of_the_content_alone(tmp_path: Path) -> None:
    def digest(name: str, texts: dict[str, str]) -> str:
        return dx.load_model(write_model(tmp_path / name, texts)).digest

    plain = digest("plain", dict(TEXTS))
    assert plain == digest("commented", {**TEXTS, "a_model.yaml": "# a comment\n\n" + TEXTS["a_model.yaml"]})
    assert plain != digest("changed", spoiled(("value: 0.07", "value: 0.08")))
    assert plain != digest(
        "reordered",
        spoiled(("{dry: a dry season, damp: a damp season}", "{damp: a damp season, dry: a dry season}")),
    )


_REPORTERS = {"error", "warning", "unresolved", "report", "_Refused", "Issue"}


def _codes_in_source() -> set[str]:
    """Every code that loading, checks and the compiler can report."""
    codes: set[str] = set()
    for package in (loading, checks, network):
        for file in Path(str(package.__file__)).parent.glob("*.py"):
            for call in (
                n for n in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(n, ast.Call)
            ):
                name = (
                    call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
                )
                arguments = call.args[1:2] if name == "Issue" else call.args[:1]
                if name in _REPORTERS:
                    codes |= {
                        a.value for a in arguments if isinstance(a, ast.Constant) and isinstance(a.value, str)
                    }
    return codes


def test_no_code_is_without_a_test() -> None:
    tested = {code for code, *_ in PROBLEMS}
    texts = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    assert {code for code in _codes_in_source() - tested if f'"{code}"' not in texts} == set()


def test_problems_of_shape_hide_none_of_meaning(tmp_path: Path) -> None:
    texts = spoiled(
        ("    label: Rust\n", ""),  # rust is left out, and whoever names it is not wrong
        ("    question: Is the pin worn?\n", ""),
        (
            "    question: Is a screw loose?\n    distribution:\n      categorical:",
            "    distribution:\n      table:",
        ),
        (
            "{value: 0.4, low: 0.3, high: 0.5, grade: cohort, sources: [hinge2001]}",
            "{value: 0.4, grade: cohort}",
        ),
    )
    with pytest.raises(dx.ModelError) as caught:
        dx.load_model(write_model(tmp_path / "squeaking_hinge", texts))
    codes = {issue.code for issue in caught.value.issues}
    assert {"missing-key", "unknown-key", "no-question", "uncited-estimate", "no-uncertainty"} <= codes
    assert not {code for code in codes if code.startswith(("unknown-p", "unknown-c", "unanswered"))}
    assert all(issue.where.line for issue in caught.value.issues)


def test_a_missing_section_hides_no_problem_of_the_others(tmp_path: Path) -> None:
    texts = spoiled(("care_levels:\n", "cares:\n"), ("    question: Is the pin worn?\n", ""))
    with pytest.raises(dx.ModelError) as caught:
        dx.load_model(write_model(tmp_path / "squeaking_hinge", texts))
    assert {"missing-key", "unknown-key", "no-question"} == {issue.code for issue in caught.value.issues}


def test_a_folder_that_cannot_be_listed_is_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_model(tmp_path / "squeaking_hinge")

    def refuse(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(dx.ModelError, match="Permission denied") as caught:
        dx.load_model(folder)
    assert [issue.code for issue in caught.value.issues] == ["unreadable-file"]


def test_a_table_is_not_blamed_for_a_parent_that_is_left_out(tmp_path: Path) -> None:
    texts = spoiled(("    label: Rust\n", ""))
    with pytest.raises(dx.ModelError) as caught:
        dx.load_model(write_model(tmp_path / "squeaking_hinge", texts))
    assert [issue.code for issue in caught.value.issues] == ["missing-key"]
