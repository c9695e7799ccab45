"""One number in several places: the section `shared`, and the places that name an entry of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twitchdx.errors import Issue, Where, did_you_mean
from twitchdx.loading.shape import Path
from twitchdx.loading.strict_yaml import Data

SHARED = "shared"
#: JSON Schema of a place that names an entry.
NAMED: dict[str, Any] = {
    "type": "object",
    "description": "A number that stands in several places.",
    "properties": {SHARED: {"type": "string", "description": f"Its name in the section `{SHARED}`."}},
    "required": [SHARED],
    "additionalProperties": False,
}
# Sections in which no number of a network stands.
_WITHOUT = frozenset({SHARED, "model", "references", "facts"})


def fill_in_shared(
    data: Mapping[str, Data], where: Callable[[Path], Where]
) -> tuple[dict[str, Data], list[Issue]]:
    """Put the entries of the section `shared` where they are named.

    A place that says nothing but ``shared: name`` gets all keys of that entry, and keeps its name.

    Parameters
    ----------
    data : mapping
        Section -> content, as read.
    where : callable
        Path of an entry -> its place.

    Returns
    -------
    data : dict
        The same, filled in.
    issues : list of Issue
        Names that no entry has.
    """
    entries = data.get(SHARED)
    if not isinstance(entries, dict):
        entries = {}
    filling = _Filling(entries, where)
    filled = {
        section: content if section in _WITHOUT else filling.fill(content, (section,))
        for section, content in data.items()
    }
    return filled, filling.issues


class _Filling:
    def __init__(self, entries: Mapping[str, Data], where: Callable[[Path], Where]) -> None:
        self.entries, self.where = entries, where
        self.issues: list[Issue] = []

    def fill(self, node: Any, path: Path) -> Any:
        if isinstance(node, dict):
            if len(node) == 1 and SHARED in node:
                return self.take(node, path)
            return {key: self.fill(part, (*path, key)) for key, part in node.items()}
        if isinstance(node, list):
            return [self.fill(part, (*path, index)) for index, part in enumerate(node)]
        return node

    def take(self, node: dict[str, Any], path: Path) -> Any:
        name = node[SHARED]
        entry = self.entries.get(name) if isinstance(name, str) else None
        if isinstance(entry, dict):
            return {**entry, SHARED: name}
        known = ", ".join(self.entries) or "there are none"
        fix = did_you_mean(str(name), self.entries) or f"Entries of the section `{SHARED}`: {known}."
        found = f"the section `{SHARED}` has no entry {name!r}."
        self.issues.append(Issue("error", "unknown-shared", self.where(path), found, fix))
        # It exists as far as its shape is concerned; what is wrong with it has been said.
        return {"value": 0.0, "grade": "definition", "note": found, SHARED: ""}
