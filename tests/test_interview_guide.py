"""What the guide to the interview shows is what happens."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

from twitchdx.cli import main

GUIDE = Path(__file__).resolve().parents[1] / "docs" / "interview.md"


def test_the_examples_print_what_the_guide_says() -> None:
    blocks = re.findall(
        r"^```python\n(.*?)^```$\n\n^```text\n(.*?)^```$",
        GUIDE.read_text(encoding="utf-8"),
        re.MULTILINE | re.DOTALL,
    )
    assert len(blocks) == 2
    names: dict[str, object] = {}
    for code, shown in blocks:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, GUIDE.name, "exec"), names)
        assert printed.getvalue() == shown


def test_the_conversation_of_the_guide_takes_place(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("occasional\n34\nfemale\nnone\n"))
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["interview", "knee_twitching", "--most", "4"]) == 0
    shown = re.search(
        r"^```text\n(4\. .*?)> none$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    assert shown is not None
    assert shown[1] in capsys.readouterr().out
