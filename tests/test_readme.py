"""What the README shows is what happens."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

import twitchdx
from twitchdx.catalogue import count_grades
from twitchdx.cli import main
from twitchdx.loading import parse_case

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS: list[tuple[str, str]] = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[str]:
    return [content for kind, content in BLOCKS if kind == language]


def test_the_first_two_blocks_are_one_command_line_each() -> None:
    assert [kind for kind, _ in BLOCKS[:2]] == ["sh", "sh"]
    assert [content.count("\n") for _, content in BLOCKS[:2]] == [1, 1]


def test_the_first_command_diagnoses_a_case_that_ships_with_the_model() -> None:
    *_, program, verb, case = shlex.split(blocks("sh")[0])
    assert (Path(program).name, verb) == ("twitchdx", "diagnose")
    assert (ROOT / case).parent == ROOT / "models" / "knee_twitching" / "cases"
    assert (ROOT / case).is_file()


def test_the_python_example_prints_what_the_readme_says() -> None:
    (example,) = blocks("python")
    shown = BLOCKS[BLOCKS.index(("python", example)) + 1]
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(example, "README.md", "exec"), {})
    assert ("text", printed.getvalue()) == shown


def test_what_the_readme_asks_of_an_answer_has_an_answer() -> None:
    (example,) = blocks("python")
    said = io.StringIO()
    names: dict[str, Any] = {}
    with contextlib.redirect_stdout(said):
        exec(compile(example, "README.md", "exec"), names)
        for questions in blocks("py"):
            exec(compile(questions, "README.md", "exec"), names)
    assert names["other"].digest != names["model"].digest
    assert "Weakest important number" in said.getvalue()


@pytest.mark.parametrize("line", [line for block in blocks("console") for line in block.splitlines()])
def test_every_command_of_the_readme_works(
    line: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("sys.stdin", io.StringIO())  # nobody is there to be interviewed
    prompt, program, *arguments = shlex.split(line)
    assert (prompt, program) == ("$", "twitchdx")
    with pytest.raises(SystemExit) as end:
        raise SystemExit(main(arguments))
    assert end.value.code in (0, None)
    output = capsys.readouterr()
    assert output.out
    assert not output.err


def test_the_case_file_says_the_same_as_its_words_on_the_command_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (text,) = blocks("json")
    (command,) = re.findall(r"`(twitchdx diagnose case\.json [^`]*)`", README)
    monkeypatch.chdir(tmp_path)
    Path("case.json").write_text(text, encoding="utf-8")
    assert main([*shlex.split(command)[1:], "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    case = parse_case(text.encode(), "case.json")
    assert case.model is not None
    added = {name: value == "yes" for name, value in re.findall(r"(\w+)=(\w+)", command)}
    assert added
    assert printed == twitchdx.diagnose({**case.evidence, **added}, case.model).to_dict()


def test_what_a_network_file_gives_is_as_the_readme_says(tmp_path: Path) -> None:
    file = tmp_path / "coin.bif"
    file.write_text(
        "network coin { }\nvariable side { type discrete [ 2 ] { heads, tails }; }\n"
        "probability ( side ) { table 0.25, 0.75; }\n",
        encoding="utf-8",
    )
    answer = twitchdx.diagnose({}, file)
    assert answer.posterior == {}
    assert answer.distribution("side") == pytest.approx({"heads": 0.25, "tails": 0.75})


def test_the_share_of_judgements_is_as_the_readme_says() -> None:
    (said,) = re.findall(r"(\d+) % of them rest on\s+something better than judgement", README)
    grades = count_grades(twitchdx.load_model("knee_twitching").parameters())
    counted = grades.total() - grades["definition"]
    assert round(100 * (counted - grades["judgement"]) / counted) == int(said)


def test_links_inside_the_repository_lead_somewhere() -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", README)
    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_every_place_that_states_the_version_agrees() -> None:
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.findall(r"^version: (.*)$", citation, re.MULTILINE) == [twitchdx.__version__]
    assert f"## [{twitchdx.__version__}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
