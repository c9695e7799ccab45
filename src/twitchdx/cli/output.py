"""Where text goes: to a person's terminal, or to another program."""

from __future__ import annotations

import shutil
import sys
import textwrap

# Longer lines are hard to read however wide the window is.
_WIDEST = 110
_NARROWEST = 60
_ASCII_BARS = str.maketrans("█·", "#.")


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
    # Names and addresses are not broken: they are there to be copied.
    lines = textwrap.wrap(
        text,
        line_width(),
        initial_indent=first,
        subsequent_indent=further,
        break_long_words=False,
        break_on_hyphens=False,
    )
    print("\n".join(lines) or first.rstrip())


def print_text(text: str) -> None:
    """Print text with bars, which are drawn in ASCII where the terminal has nothing better."""
    try:
        text.encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        text = text.translate(_ASCII_BARS)
    print(text)


def print_document(text: str) -> None:
    """Print what another program reads: in UTF-8 whatever the terminal has."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8")
    sys.stdout.write(text if text.endswith("\n") else f"{text}\n")
