"""Where text goes: to a person's terminal, or to another program."""

from __future__ import annotations

import shutil
import sys
import textwrap
from typing import TextIO

# Longer lines are hard to read however wide the window is.
_WIDEST = 110
_NARROWEST = 60
# What a case or a model says must not steer the terminal: control characters are shown as unreadable.
_CONTROLS = {code: "\ufffd" for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) != "\n"}
_ASCII = str.maketrans("█·\N{EN DASH}\N{MINUS SIGN}", "#.--")


def line_width() -> int:
    """How many characters a line may have."""
    return min(max(shutil.get_terminal_size().columns, _NARROWEST), _WIDEST)


def print_wrapped(text: str, first: str = "", indent: str | None = None, file: TextIO | None = None) -> None:
    """Print a paragraph.

    Parameters
    ----------
    text : str
        What to print.
    first, indent : str
        What the first line begins with, and the others; `indent` is as many spaces if left out.
    file : text stream, optional
        Where to; standard output if left out.
    """
    further = " " * len(first) if indent is None else indent
    # Names and addresses are not broken: they are there to be copied.
    lines = textwrap.wrap(
        text,
        line_width(),
        initial_indent=first,
        subsequent_indent=further,
        break_long_words=False,
        break_on_hyphens=False,
    )
    print_text("\n".join(lines) or first.rstrip(), file)


def print_text(text: str, file: TextIO | None = None) -> None:
    """Print text as it is laid out, with bars and dashes in ASCII where the terminal has nothing better."""
    stream = file or sys.stdout
    try:
        text.encode(stream.encoding or "utf-8")
    except UnicodeEncodeError:
        text = text.translate(_ASCII)
    print(text.translate(_CONTROLS), file=stream)


def print_document(text: str) -> None:
    """Print what another program reads: in UTF-8 whatever the terminal has."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8")
    sys.stdout.write(text if text.endswith("\n") else f"{text}\n")
