"""The generated blocks of a text, between markers that the author places."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from twitchdx.errors import Issue, ModelError, Where, suggest

_MARKER = re.compile(r"^<!-- (begin|end) generated: (.*?) -->$", re.MULTILINE)


def begin_marker(name: str) -> str:
    """The line that a block begins with."""
    return f"<!-- begin generated: {name} -->"


def end_marker(name: str) -> str:
    """The line that a block ends with."""
    return f"<!-- end generated: {name} -->"


def fill_blocks(text: str, blocks: Mapping[str, str], file: str) -> str:
    """A text with its generated blocks written anew; whatever stands outside them stays as it is.

    Parameters
    ----------
    text : str
        The text, with the markers of every block.
    blocks : mapping of str to str
        Name -> content.
    file : str
        What to call the text in errors.

    Raises
    ------
    ModelError
        A block is missing, occurs twice, is not closed, or is none of these; the error lists all of them.
    """
    found = list(_MARKER.finditer(text))
    issues = _check_markers(text, [(each[1], each[2], each.start()) for each in found], blocks, file)
    if issues:
        raise ModelError("The generated blocks cannot be found.", issues)
    written, reached = [], 0
    for begin, end in zip(found[::2], found[1::2], strict=True):
        written += [text[reached : begin.end()], "\n", blocks[begin[2]].strip("\n"), "\n"]
        reached = end.start()
    return "".join([*written, text[reached:]])


def _check_markers(
    text: str, markers: list[tuple[str, str, int]], blocks: Mapping[str, str], file: str
) -> list[Issue]:
    def issue(code: str, at: int, message: str, fix: str) -> Issue:
        return Issue("error", code, Where("", file, text.count("\n", 0, at) + 1), message, fix)

    issues: list[Issue] = []
    is_open = ""
    for kind, name, at in [*markers, ("begin", "", len(text))]:
        if name and name not in blocks:
            found = f"there is no generated block {name!r}."
            issues.append(issue("unknown-block", at, found, suggest(name, blocks)))
        if is_open and (kind, name) != ("end", is_open):
            found = f"the block {is_open!r} should end before this."
            issues.append(issue("open-block", at, found, f"Add the line {end_marker(is_open)}"))
        if kind == "end" and not is_open:
            found = f"the block {name!r} ends but did not begin."
            issues.append(issue("open-block", at, found, f"Add the line {begin_marker(name)}"))
        is_open = name if kind == "begin" else ""
    begun = Counter(name for kind, name, _ in markers if kind == "begin")
    for name in blocks:
        if begun[name] != 1:
            code = "duplicate-block" if begun[name] else "missing-block"
            found = f"the block {name!r} begins {begun[name]} times."
            fix = f"Have the lines {begin_marker(name)} and {end_marker(name)} once, where it should stand."
            issues.append(issue(code, 0, found, fix))
    return issues
