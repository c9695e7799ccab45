"""The interview in a terminal: it understands people, loses nothing, and answers in the end."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import twitchdx as dx
from models import spoiled, write_model
from twitchdx.cli import main
from twitchdx.cli.hearing import Heard, Unheard, hear
from twitchdx.interview import Question

Talk = Callable[..., tuple[int, str, str]]

CHECKLIST = spoiled(
    ("    observed_by: examination\n", ""),
    ("    asks: [wobble]\n", "    asks: [wobble, annoyed_owner]\n"),
)


@pytest.fixture(scope="module")
def hinge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("models") / "squeaking_hinge", CHECKLIST)


@pytest.fixture
def talk(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Talk:
    """Type some lines into an interview: exit code, standard output, standard error."""

    def talk(lines: str, *arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(lines))
        try:
            code = main(["interview", *map(str, arguments)])
        except SystemExit as end:
            code = int(end.code or 0)
        printed = capsys.readouterr()
        return code, " ".join(printed.out.split()), " ".join(printed.err.split())

    return talk


def answered(path: Path) -> dict[str, object]:
    """What a file of answers holds."""
    steps = json.loads(path.read_text(encoding="utf-8"))["steps"]
    return {name: value for step in steps for name, value in step["answers"].items()}


# A conversation


def test_a_whole_conversation(hinge: Path, talk: Talk) -> None:
    code, out, err = talk("soft\n3\n?\nnone\n\n", hinge)
    assert (code, err) == (0, "")
    for said in (
        "Hello. I will ask at most 15 questions",
        "This is no advice from a carpenter.",
        "1. Does it squeak? (This is what all other questions are about.) 1 no squeak 2 a soft squeak",
        "2. How old is the door?",
        "Type a number (years).",
        "3. Which season is it?",
        "That is fine; nothing is assumed about it.",
        "4. To which of these would you say yes?",
        "1 Does the door wobble? 2 Is the owner annoyed?",
        "No further answer of yours is likely to change what to do.",
        "Left open, and not taken for a no: Season.",
        "Given: Age of the door: 3 years (under ten); Squeak: a soft squeak; Wobble: absent;",
        "How soon: Do it yourself",
        "Possible causes",
    ):
        assert said in out
    assert "Sources" in out


def test_the_end_of_input_still_gives_the_answer(hinge: Path, talk: Talk) -> None:
    for lines in ("", "soft", "soft\n", "soft\nwhat?\n"):
        code, out, err = talk(lines, hinge)
        assert (code, err) == (0, "")
        assert "This is the answer to what you have said so far." in out
        assert ("Squeak: a soft squeak" in out) == bool(lines)
        assert "Possible causes" in out


def test_the_json_is_the_diagnosis_and_nothing_else(
    hinge: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("2\n30 months\nquit\n"))
    assert main(["interview", str(hinge), "--json"]) == 0
    printed = capsys.readouterr()
    expected = dx.diagnose({"squeak": "soft", "age": "30 months"}, hinge)
    assert json.loads(printed.out) == expected.to_dict()
    assert "Does it squeak?" in printed.err


def test_what_is_not_understood_is_explained_and_asked_again(hinge: Path, talk: Talk) -> None:
    lines = "shrill\n9\n\n2\nancient\n900\n3\nhelp\nwhy\ndry\n5\n1 wibble\nyes\n-\n"
    code, out, err = talk(lines, hinge)
    assert (code, err) == (0, "")
    for said in (
        "Please type a number from 1 to 3, or ? if you don't know.",
        "Please type an answer, ? if you don't know, or q to leave.",
        "No door is that old.",
        "Please answer once more",
        "b goes back, why says why it is asked",
        "Everybody is asked this first.",
        "I did not understand '5'.",
        "I did not understand '1 wibble'.",
        "Which of them? Please type their numbers",
        "Squeak: a soft squeak",
    ):
        assert said in out


def test_an_impossible_answer_says_what_contradicts_what(hinge: Path, talk: Talk) -> None:
    _, out, _ = talk("soft\n3\ndry\n2\nnone\n", hinge)
    said = "As the model sees it, these cannot be true together: Squeak: a soft squeak; Wobble: absent; "
    assert f"{said}An annoyed owner: present." in out
    assert "How soon: Do it yourself" in out


def test_an_emergency_is_said_before_anything_else_and_can_be_taken_back(hinge: Path, talk: Talk) -> None:
    code, out, _ = talk("loud\n3\ndry\nyes\nb\nno\n\n", hinge)
    assert code == 0
    at_once = "At once. No answer to a further question would change that. Leave the room now."
    assert at_once in out
    assert out.index(at_once) < out.index("Possible causes")
    assert "type b if an answer was a mistake" in out
    assert "Wobble: absent" in out


def test_going_back_asks_again(hinge: Path, talk: Talk, tmp_path: Path) -> None:
    kept = tmp_path / "mine.json"
    _, out, _ = talk("b\nloud\nback\nsoft\n?\nb\n3\nq\n", hinge, "--save", kept)
    assert "This is the first question." in out
    assert answered(kept) == {"squeak": "soft", "age": "3"}


# Keeping and going on


def test_what_was_kept_goes_on_where_it_stopped(hinge: Path, talk: Talk, tmp_path: Path) -> None:
    kept = tmp_path / "mine.json"
    code, out, _ = talk("soft\n3\nq\n", hinge, "--save", kept, "--most", 4)
    assert code == 0
    assert f"To go on: twitchdx interview --resume {kept}" in out
    code, out, err = talk("dry\nnone\n\n", hinge, "--resume", kept)
    assert (code, err) == (0, "")
    assert "Welcome back. I will ask at most 4 questions" in out
    assert "3. Which season is it?" in out
    assert answered(kept) == {
        "squeak": "soft", "age": "3", "season": "dry", "wobble": False, "annoyed_owner": False
    }  # fmt: skip
    assert [each.name for each in tmp_path.iterdir()] == ["mine.json"]
    if os.name == "posix":
        assert kept.stat().st_mode & 0o077 == 0


def test_a_file_that_is_there_is_not_overwritten(hinge: Path, talk: Talk, tmp_path: Path) -> None:
    kept = tmp_path / "thesis.txt"
    kept.write_text("years of work", encoding="utf-8")
    code, out, err = talk("soft\n", hinge, "--save", kept)
    assert (code, out) == (2, "")
    assert "there is a file already" in err
    assert kept.read_text(encoding="utf-8") == "years of work"


def test_what_cannot_be_gone_on_with_is_one_clear_error(hinge: Path, talk: Talk, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.json"
    wrong.write_bytes(b"\xff{nonsense")
    for arguments, said in (
        ((hinge, "--resume", wrong), "it is no JSON"),
        ((hinge, "--resume", tmp_path / "missing.json"), "No such file"),
        ((hinge, "--resume", wrong, "--most", 3), "--most was said when the interview began"),
        ((hinge, "--most", 0), "found 0"),
        ((hinge, "--most", "many"), "invalid int value"),
        ((tmp_path / "nowhere",), "nowhere"),
        ((hinge, "--save", tmp_path / "no" / "folder.json"), "No such file"),
    ):
        code, out, err = talk("soft\n", *arguments)
        assert code == 2
        assert said in err
        assert "Traceback" not in out + err


# Lines


@pytest.fixture(scope="module")
def questions(hinge: Path) -> dict[str, Question]:
    found = {}
    interview = dx.Interview(hinge)
    while (question := interview.question) is not None:
        found[question.variables[0]] = question
        interview.answer(False if question.checklist else next(iter(question.items[0].states)))
    alone = dx.Interview(dx.load_model("knee_twitching"), answers={"muscle_twitching": "none", "age": 30})
    assert alone.question is not None
    return {**found, "sex": alone.question}


@pytest.mark.parametrize(
    ("name", "line", "value"),
    [
        ("squeak", "2", "soft"),
        ("squeak", "Soft.", "soft"),
        ("squeak", "a LOUD squeak", "loud"),
        ("squeak", "loud", "loud"),
        ("squeak", "none", "none"),
        ("age", "2", "2"),
        ("age", "under ten", "young"),
        ("age", "30 months", "30 months"),
        ("sex", "f", "female"),
        ("sex", "both", None),
        ("sex", "Female", "female"),
        ("sex", "male", "male"),
        ("sex", "2", "male"),
        ("wobble", "1", ["wobble"]),
        ("wobble", "1, 2", ["wobble", "annoyed_owner"]),
        ("wobble", "2 1", ["annoyed_owner", "wobble"]),
        ("wobble", "1 and 2", ["wobble", "annoyed_owner"]),
        ("wobble", "wobble and annoyed owner", ["wobble", "annoyed_owner"]),
        ("wobble", "An annoyed owner", ["annoyed_owner"]),
        ("wobble", "none of these", []),
        ("wobble", "No", []),
        ("wobble", "all", True),
        ("wobble", "12", None),
        ("wobble", "no wobble", None),
        ("wobble", "0", []),
    ],
)
def test_a_line_is_understood_as_it_is_meant(
    name: str, line: str, value: object, questions: dict[str, Question]
) -> None:
    heard = hear(line, questions[name])
    assert isinstance(heard, Unheard) if value is None else heard == Heard(value)


@pytest.mark.parametrize(
    "line", ["?", "don't know", "I don\N{RIGHT SINGLE QUOTATION MARK}t know", "Not sure"]
)
def test_not_knowing_is_not_no(line: str, questions: dict[str, Question]) -> None:
    for question in questions.values():
        assert hear(line, question) == "skip"


@given(st.text(max_size=40))
def test_any_line_is_an_answer_a_wish_or_explained(questions: dict[str, Question], line: str) -> None:
    for question in questions.values():
        heard = hear(line, question)
        assert isinstance(heard, Heard | Unheard | str)


# A process of its own


def start(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "twitchdx", "interview", *map(str, arguments)]


def test_lines_from_a_pipe(tmp_path: Path) -> None:
    kept = tmp_path / "mine.json"
    lines = "occasional\n34\nfemale\npalpitations and chest pain\n"
    done = subprocess.run(
        start("--save", kept), input=lines, capture_output=True, encoding="utf-8", check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    out = " ".join(done.stdout.split())
    assert "Get emergency help now. No answer to a further question would change that. Call" in out
    again = dx.Interview.from_json(kept.read_text(encoding="utf-8"))
    assert again.answers["chest_pain"] is True
    assert again.answers["confusion"] is False
    assert again.question is None


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_an_interruption_leaves_without_a_traceback_and_keeps_the_answers(
    hinge: Path, tmp_path: Path
) -> None:
    kept = tmp_path / "mine.json"
    with subprocess.Popen(
        start(hinge, "--save", kept),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
    ) as process:  # fmt: skip
        assert process.stdin is not None
        process.stdin.write("soft\n")
        process.stdin.flush()
        while not kept.exists() or answered(kept) != {"squeak": "soft"}:
            assert process.poll() is None
            time.sleep(0.02)
        time.sleep(0.2)  # until it waits for the next line
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert process.returncode == 130
    assert "Traceback" not in out + err
    assert "--resume" in out
    assert answered(kept) == {"squeak": "soft"}
