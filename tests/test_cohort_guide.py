"""What the guide to many patients shows is what happens."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

GUIDE = Path(__file__).resolve().parents[1] / "docs" / "many-patients.md"


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
