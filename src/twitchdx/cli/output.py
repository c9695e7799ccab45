"""Where text goes: to a person's terminal, or to another program."""

from __future__ import annotations

import shutil
import sys
import textwrap

# Longer lines are hard to read however wide the window is.
_WIDEST = 110
_NARROWEST = 60


def line_width() -> int:
    """How many characters a line may have."""
    return min(max(shutil.get_terminal_size().columns, _NARROWEST), _WIDEST)


def print_wrapped(text: str, first: str = "", indent: str | None = None) -> None:
    """Print a paragraph.

    Parameters
    ----------
    text : str
        What to print.
    first, indent : str
        What the first line begins with, and the others; `indent` is as many spaces if left out.
    """
    further = " " * len(first) if indent is None else indent
    print(textwrap.fill(text, line_width(), initial_indent=first, subsequent_indent=further) or first.rstrip())


def print_document(text: str) -> None:
    """Print what another program reads: in UTF-8 whatever the terminal has."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8")
    sys.stdout.write(text if text.endswith("\n") else f"{text}\n")
