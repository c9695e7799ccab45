"""A case is read strictly: whatever can be wrong with it is an error that says where and how to mend it."""

from __future__ import annotations

import io
import json
import sys
import unicodedata
from pathlib import Path

import pytest

from models import write_model
from twitchdx.cli import main
from twitchdx.errors import EvidenceError
from twitchdx.loading import Case, parse_case

# name -> (text, code, what the error says)
WRONG: dict[str, tuple[bytes, str, str]] = {
    "syntax": (b'{"evidence":\n  {"age": 34,, }}', "not-json", "line 2, column 14"),
    "empty": (b"", "not-json", "line 1, column 1"),
    "cut short": (b'{"evidence": {"age": 3', "not-json", "line 1, column 23"),
    "two documents": (b'{"evidence": {}}\n{"evidence": {}}', "not-json", "line 2, column 1"),
    "not a number": (b'{"evidence": {"age": NaN}}', "not-json", "NaN is no JSON value"),
    "infinite": (b'{"evidence": {"age": -Infinity}}', "not-json", "-Infinity is no JSON value"),
    "endless number": (b'{"evidence": {"age": ' + b"9" * 5000 + b"}}", "not-json", "a number cannot be read"),
    "not text": (b'{"evidence":\n {"age": "\xff"}}', "not-utf8", "byte 23"),
    "too large": (b" " * 1_000_001, "too-large", "1,000,000 bytes"),
    "nested": (b'{"evidence": {"age": ' + b"[" * 12 + b"]" * 12 + b"}}", "too-deep", "deeper than 10 levels"),
    "nested without end": (b'{"evidence": ' + b"[" * 400_000, "too-deep", "deeper than 10 levels"),
    "a list": (b'[{"age": 34}]', "not-a-case", "not a JSON object"),
    "null": (b"null", "not-a-case", "not a JSON object"),
    "bare evidence": (b'{"age": 34, "evidence": {}}', "unknown-key", "'age' is not known here"),
    "misspelt key": (b'{"evidense": {}, "evidence": {}}', "unknown-key", "Did you mean 'evidence'?"),
    "no evidence": (b'{"title": "x"}', "missing-key", "'evidence' is missing"),
    "evidence is a list": (b'{"evidence": ["age"]}', "not-a-mapping", 'found ["age"]'),
    "title is a number": (b'{"title": 7, "evidence": {}}', "wrong-type", "found 7"),
    "model is a list": (b'{"model": [], "evidence": {}}', "wrong-type", "found []"),
    "same finding twice": (b'{"evidence": {"age": 1, "age": 1}}', "duplicate-key", "'age' occurs twice"),
    "same section twice": (
        b'{"evidence": {}, "evidence": {"age": 1}}',
        "duplicate-key",
        "'evidence' occurs twice",
    ),
}


@pytest.mark.parametrize(("text", "code", "said"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_case_is_refused(text: bytes, code: str, said: str) -> None:
    with pytest.raises(EvidenceError) as caught:
        parse_case(text, "case.json")
    assert code in [issue.code for issue in caught.value.issues]
    assert said in str(caught.value)
    assert all(issue.where.file == "case.json" and issue.fix for issue in caught.value.issues)


def test_all_problems_come_together() -> None:
    text = b'{"titel": 1, "model": 2, "description": [], "evidence": {"a": 1, "a": 2}, "x": 0}'
    with pytest.raises(EvidenceError) as caught:
        parse_case(text, "case.json")
    assert sorted(issue.code for issue in caught.value.issues) == [
        "duplicate-key",
        "unknown-key",
        "unknown-key",
        "wrong-type",
        "wrong-type",
    ]
    assert str(caught.value).startswith("The case cannot be read: 5 problems.")


def test_a_right_case_keeps_what_it_says() -> None:
    content = {
        "title": "T",
        "description": "D",
        "model": "m",
        "evidence": {"a": [["x", 0.5]], "b": None, "c": 1e-3},
    }
    assert parse_case(b"\xef\xbb\xbf" + json.dumps(content).encode(), "case.json") == Case(**content)  # type: ignore[arg-type]
    assert parse_case(b'{"evidence": {}, "model": null}', "case.json") == Case(evidence={})


def test_the_command_line_says_what_is_wrong_with_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(WRONG["syntax"][0])))
    assert main(["diagnose", "-"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("twitchdx: The case cannot be read: 1 problem.\nstandard input:2")
    assert "line 2, column 14" in printed.err


@pytest.mark.parametrize("value", ["1" + "0" * 400, '{"young": 1' + "0" * 400 + ', "old": 1}', "1e999"])
def test_a_number_beyond_all_bounds_is_refused(
    value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = f'{{"evidence": {{"age": {value}}}}}'.encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    assert main(["diagnose", "-", "--model", str(write_model(tmp_path / "hinge"))]) == 2
    assert "age  [error: not-" in capsys.readouterr().err


def test_what_a_case_says_cannot_steer_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hinge = str(write_model(tmp_path / "hinge"))
    for evidence in ({"wobble": True}, {"\x1b[2Jwobble\x07": True}):
        text = json.dumps({"title": "\x1b]0;owned\x07A\x9bB", "evidence": evidence}).encode()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
        main(["diagnose", "-", "--model", hinge])
        printed = capsys.readouterr()
        shown = printed.out + printed.err
        assert shown
        assert {character for character in shown if unicodedata.category(character) == "Cc"} == {"\n"}
