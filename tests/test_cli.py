"""The command line gives the answers of the Python interface, and one clear error for what it cannot take."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import twitchdx as dx
from models import spoiled, write_model
from twitchdx.cli import main
from twitchdx.display.words import SHOWN_STEPS

Run = Callable[..., tuple[int, str, str]]

#: The model that is meant where none is named.
USUAL = "knee_twitching"
EVIDENCE = {"squeak": "loud", "wobble": True, "age": 12, "loose_screw": False}


@pytest.fixture(scope="module")
def hinge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("models") / "squeaking_hinge")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run one command in this process: exit code, standard output, standard error."""

    def run(*arguments: object) -> tuple[int, str, str]:
        try:
            code = main([str(each) for each in arguments])
        except SystemExit as end:
            code = int(end.code or 0)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def start(*arguments: object, **options: object) -> subprocess.CompletedProcess[bytes]:
    """Run one command in a process of its own."""
    command = [sys.executable, "-m", "twitchdx", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, check=False, **options)  # type: ignore[call-overload,no-any-return]


def write_case(path: Path, **content: object) -> Path:
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def say(text: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))


# What is said, in whatever way, is what is diagnosed


def test_evidence_on_the_command_line_is_that_of_the_python_interface(hinge: Path, run: Run) -> None:
    said = ("squeak=loud", "wobble=yes", "age=12", "loose_screw=no")
    code, out, err = run("diagnose", *said, "--model", hinge, "--json")
    assert (code, err) == (0, "")
    assert json.loads(out) == dx.diagnose({**EVIDENCE, "age": "12"}, hinge).to_dict()


@pytest.mark.parametrize(
    ("text", "state"), [("true", "present"), ("YES", "present"), ("False", "absent"), ("no", "absent")]
)
def test_yes_and_no_are_truth_values(text: str, state: str, hinge: Path, run: Run) -> None:
    _, out, _ = run("diagnose", f"wobble={text}", "--model", hinge, "--json")
    assert json.loads(out)["evidence"][0]["state"] == state


def test_yes_is_a_state_where_the_variable_has_that_state(tmp_path: Path, run: Run) -> None:
    texts = spoiled(
        (
            "states: {dry: a dry season, damp: a damp season}",
            "states: {no: a dry season, yes: a damp season}",
        ),
        ("          damp: {value: 0.4", "          yes: {value: 0.4"),
        ("season: {damp: {value: 3", "season: {yes: {value: 3"),
        ("season: {damp: {value: 0.9", "season: {yes: {value: 0.9"),
        ("unless: {evidence: {season: [damp]}}", "unless: {evidence: {season: [yes]}}"),
    )
    _, out, err = run("diagnose", "season=yes", "--model", write_model(tmp_path / "hinge", texts), "--json")
    assert err == ""
    assert [each["state"] for each in json.loads(out)["evidence"]] == ["yes"]


def test_a_case_file_names_its_model_and_options_may_stand_anywhere(
    hinge: Path, tmp_path: Path, run: Run
) -> None:
    case = write_case(
        tmp_path / "case.json", title="A loud door", model=str(hinge), evidence={"squeak": "loud"}
    )
    code, out, err = run("diagnose", case, "wobble=yes", "--json", "age=144 months", "loose_screw=false")
    assert (code, err) == (0, "")
    assert json.loads(out) == dx.diagnose({**EVIDENCE, "age": "144 months"}, hinge).to_dict()


def test_a_case_comes_from_standard_input(hinge: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    say(json.dumps({"evidence": EVIDENCE}).encode(), monkeypatch)
    code, out, _ = run("diagnose", "-", "--model", hinge, "--json")
    assert code == 0
    assert json.loads(out) == dx.diagnose(EVIDENCE, hinge).to_dict()


def test_soft_evidence_of_a_case_file_keeps_its_numbers(hinge: Path, tmp_path: Path, run: Run) -> None:
    soft = {
        "squeak": {"none": 0.1, "soft": 1, "loud": 0.5},
        "wobble": [["absent", 0.3], ["present", 0.6]],
        "season": None,
    }
    case = write_case(tmp_path / "case.json", evidence=soft)
    _, out, _ = run("diagnose", case, "--model", hinge, "--json")
    assert json.loads(out) == dx.diagnose(soft, hinge).to_dict()


def test_a_file_whose_name_has_an_equals_sign_is_a_case(
    hinge: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_case(tmp_path / "age=12.json", evidence={"squeak": "soft"})
    _, out, _ = run("diagnose", "age=12.json", "--model", hinge, "--json")
    assert [each["variable"] for each in json.loads(out)["evidence"]] == ["squeak"]


def test_no_evidence_gives_the_priors(hinge: Path, run: Run) -> None:
    code, out, _ = run("diagnose", "--model", hinge, "--json")
    answer = json.loads(out)
    assert code == 0
    assert answer["evidence"] == []
    assert [each["probability"] for each in answer["differential"]] == pytest.approx(
        [each["prior"] for each in answer["differential"]], rel=1e-12
    )


def test_another_finding_can_be_explained(hinge: Path, run: Run) -> None:
    _, out, _ = run(
        "diagnose", "wobble=yes", "--complaint", "wobble", "--engine", "pgmpy", "--model", hinge, "--json"
    )
    expected = dx.diagnose({"wobble": True}, hinge, complaint="wobble", engine="pgmpy")
    assert json.loads(out) == expected.to_dict()


def test_the_usual_model_is_meant_where_none_is_named(run: Run) -> None:
    _, out, _ = run("diagnose", "confusion=yes", "--json")
    assert json.loads(out)["model"]["name"] == USUAL


# What is shown


def test_the_text_shows_case_bars_level_steps_and_disclaimer(hinge: Path, tmp_path: Path, run: Run) -> None:
    case = write_case(tmp_path / "case.json", title="A loud door", model=str(hinge), evidence=EVIDENCE)
    code, out, err = run("diagnose", case)
    assert (code, err) == (0, "")
    reason = "A loud squeak in a door that wobbles comes before a fall."
    for shown in (
        "A loud door",
        "(emergency)",
        reason,
        "Rust",
        "█",
        "Oil the hinge.",
        "no advice from a carpenter",
    ):
        assert shown in out


@pytest.mark.parametrize("width", [60, 72, 80, 100])
def test_no_line_is_longer_than_the_terminal(
    width: int, hinge: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    commands = [
        ("diagnose", "squeak=loud", "wobble=yes", "--model", hinge),
        ("show", hinge, "rust"),
        ("check", hinge),
    ]
    for command in commands:
        _, out, _ = run(*command)
        assert [line for line in out.splitlines() if len(line) > width and str(hinge) not in line] == []


def test_all_shows_every_cause(run: Run) -> None:
    causes = dx.load_model(USUAL).causes
    _, some, _ = run("diagnose", "confusion=yes")
    _, every, _ = run("diagnose", "confusion=yes", "--all")
    tables = [out[out.index("Possible causes") : out.index("What to do next")] for out in (some, every)]
    labels = [each.label.split()[0] for each in causes.values()]
    firsts = [[line.split()[0] for line in table.splitlines() if line[2:3].strip()] for table in tables]
    rows = [sum(first in labels for first in each) for each in firsts]
    assert rows[0] < rows[1] == len(causes)
    assert "more; the most probable, " in some
    assert "more; the most probable, " not in every


def test_all_shows_every_step(run: Run) -> None:
    count = len(dx.diagnose({}).next_steps)
    assert count > SHOWN_STEPS
    _, some, _ = run("diagnose")
    _, every, _ = run("diagnose", "--all")
    numbered = re.compile(r"^ ?\d+\. ", re.MULTILINE)
    assert len(numbered.findall(some)) == SHOWN_STEPS
    assert len(numbered.findall(every)) == count
    assert f"and {count - SHOWN_STEPS} more steps" in some


def test_models_lists_what_ships(run: Run) -> None:
    code, out, _ = run("models")
    assert code == 0
    for name in dx.available_models():
        assert name in out
        assert dx.load_model(name).version in out


def test_show_lists_every_variable_under_its_role(hinge: Path, run: Run) -> None:
    code, out, _ = run("show", hinge)
    assert code == 0
    blocks = {block.splitlines()[0]: block for block in out.split("\n\n")}
    expected = {
        "Risk factors (2)": ("season", "age"),
        "Causes (3)": ("rust", "wear", "loose_screw"),
        "Tests (1)": ("rust_meter",),
    }
    for heading, names in expected.items():
        for name in names:
            assert f"\n  {name}: " in blocks[heading]
    assert "severe (a lot of rust)" in blocks["Causes (3)"]
    assert "Is there rust?" in blocks["Causes (3)"]
    assert "icd10 X00" in blocks["Causes (3)"]
    assert "mmol/L (also mg/dL, µmol/L)" in blocks["Tests (1)"]


def test_show_tells_all_about_one_variable(hinge: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "110")
    _, out, _ = run("show", hinge, "rust")
    for told in (
        "Iron oxide on the pin.",
        "Depends on: season, age",
        "Acts on: friction, rust_meter",
        "0.1 (0.05 to 0.15), n = 200, prevalence, cohort, hinge2001",
        "Journal of Doors",
    ):
        assert told in out
    for number in dx.load_model(hinge).parameters():
        assert (number.path.removeprefix("causes.rust.distribution.") in out) == number.path.startswith(
            "causes.rust."
        )


def test_show_tells_the_bands_of_a_measured_variable(hinge: Path, run: Run) -> None:
    _, out, _ = run("show", hinge, "rust_meter")
    assert "normal (below 5.5 mmol/L)" in out
    assert "raised (from 5.5 mmol/L)" in out


def test_version_and_help(run: Run) -> None:
    assert run("--version") == (0, f"twitchdx {dx.__version__}\n", "")
    for command in ((), ("diagnose",), ("models",), ("show",), ("check",), ("export",), ("schema",)):
        code, out, err = run(*command, "--help")
        assert (code, err) == (0, "")
        assert "example" in out


# What cannot be taken

WRONG = {
    "unknown variable": (("squeek=loud",), ("squeek", "Did you mean 'squeak'?")),
    "unknown state": (("squeak=lout",), ("lout", "Did you mean 'loud'?")),
    "yes where there are more states": (("squeak=yes",), ("not-a-truth-value", "none, soft, loud")),
    "wrong unit": (("age=12 parsecs",), ("parsecs", "years, months")),
    "number out of range": (("age=501",), ("No door is that old.",)),
    "contradictory duplicates": (("age=5", "age=50"), ("contradictory-duplicate", "5 years and 50 years")),
    "all at once": (
        ("squeek=loud", "wobble=maybe", "age=-1"),
        ("3 problems", "squeek", "maybe", "No door is that old."),
    ),
    "unknown complaint": (("--complaint", "squeek"), ("unknown-complaint", "Did you mean 'squeak'?")),
    "unknown engine": (("--engine", "pgmpi"), ("unknown-engine", "Did you mean 'pgmpy'?")),
    "impossible": (
        ("squeak=loud", "annoyed_owner=no", "rust=severe"),
        ("impossible-evidence", "squeak = loud and annoyed_owner = absent cannot be true together"),
    ),
    "no such file": (("nowhere.json",), ("nowhere.json", "No such file")),
}


@pytest.mark.parametrize(("arguments", "told"), WRONG.values(), ids=WRONG.keys())
def test_wrong_evidence_is_one_clear_error(
    arguments: tuple[str, ...], told: tuple[str, ...], hinge: Path, run: Run
) -> None:
    code, out, err = run("diagnose", *arguments, "--model", hinge)
    assert (code, out) == (2, "")
    assert err.startswith("twitchdx: ")
    assert "Traceback" not in err
    assert [text for text in told if text not in err] == []


def test_an_unknown_model_is_one_clear_error(run: Run) -> None:
    name = dx.available_models()[0]
    for command in (("diagnose", "--model"), ("show",), ("check",), ("export", "--format", "bif")):
        code, out, err = run(*command, f"{name}s")
        assert (code, out) == (2, "")
        assert f"Did you mean {name!r}?" in err


def test_a_broken_model_gives_its_problems(tmp_path: Path, run: Run) -> None:
    folder = write_model(tmp_path / "hinge", spoiled(("value: 0.07", "value: 7")))
    code, out, err = run("diagnose", "squeak=loud", "--model", folder)
    assert (code, out) == (2, "")
    assert "out-of-range" in err
    assert "b_variables.yaml:" in err


def test_an_unknown_variable_cannot_be_shown(hinge: Path, run: Run) -> None:
    code, out, err = run("show", hinge, "russt")
    assert (code, out) == (2, "")
    assert "Did you mean 'rust'?" in err


def test_the_same_said_twice_is_no_contradiction(hinge: Path, tmp_path: Path, run: Run) -> None:
    case = write_case(tmp_path / "case.json", evidence={"age": 12})
    _, once, _ = run("diagnose", case, "--model", hinge, "--json")
    code, twice, _ = run("diagnose", case, "age=12", "age=12 years", "--model", hinge, "--json")
    assert (code, twice) == (0, once)


def test_a_case_and_the_command_line_must_not_contradict(hinge: Path, tmp_path: Path, run: Run) -> None:
    case = write_case(tmp_path / "case.json", evidence={"wobble": True})
    code, out, err = run("diagnose", case, "wobble=no", "--model", hinge)
    assert (code, out) == (2, "")
    assert "contradictory-duplicate" in err


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("diagnos",),
        ("diagnose", "--jason"),
        ("diagnose", "a.json", "b.json"),
        ("diagnose", "--json", "--all"),
        ("show",),
        ("show", "a", "b", "c"),
        ("export", "model"),
        ("export", "model", "--format", "docx"),
        ("schema", "patient"),
    ],
)
def test_wrong_usage_ends_with_help_and_the_reason(arguments: tuple[str, ...], run: Run) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("usage: twitchdx")
    assert "examples:" in err
    assert "error: " in err.splitlines()[-1]


# The process


def test_a_process_diagnoses_a_shipped_case() -> None:
    name = USUAL
    case = Path(dx.loading.find_model(name)) / "cases" / "caffeine_tablets.json"
    done = start("diagnose", case, "--json")
    assert (done.returncode, done.stderr) == (0, b"")
    content = json.loads(case.read_text(encoding="utf-8"))
    assert json.loads(done.stdout) == dx.diagnose(content["evidence"], content["model"]).to_dict()


def test_a_process_with_wrong_input_shows_no_traceback(hinge: Path) -> None:
    done = start("diagnose", "squeek=loud", "--model", hinge)
    assert done.returncode == 2
    assert done.stdout == b""
    assert done.stderr.startswith(b"twitchdx: ")
    assert b"Traceback" not in done.stderr


def test_a_terminal_without_unicode_gets_readable_bars_and_json_stays_utf8(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "hinge", spoiled(("    label: Rust\n", "    label: Rost \u2603 grün\n")))
    # Wide enough for bars beside intervals.
    ascii_only = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "COLUMNS": "110"}
    text = start("diagnose", "rust=severe", "--model", folder, env=ascii_only)
    assert (text.returncode, text.stderr) == (0, b"")
    assert "############" in text.stdout.decode("ascii")
    plain = start("diagnose", "rust=severe", "--model", folder, "--json", env=ascii_only)
    assert json.loads(plain.stdout.decode("utf-8")) == dx.diagnose({"rust": "severe"}, folder).to_dict()


def test_a_reader_that_has_gone_is_no_error(hinge: Path) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    try:
        command = [sys.executable, "-m", "twitchdx", "show", str(hinge)]
        done = subprocess.run(command, stdout=write_end, stderr=subprocess.PIPE, check=False)
    finally:
        os.close(write_end)
    assert (done.returncode, done.stderr) == (141, b"")


def test_an_interrupt_ends_quietly(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("twitchdx.cli.show.list_models", interrupted)
    assert run("models") == (130, "", "")
