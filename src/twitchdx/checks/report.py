"""Where checks put what they find."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from twitchdx.errors import Issue, Where, suggest

Path = tuple[str | int, ...]


@dataclass(slots=True)
class Report:
    """Collects the issues of one model, each with its file and line.

    Attributes
    ----------
    where : callable
        Path of an entry -> its place.
    issues : list of Issue
        What was found so far.
    left_out : frozenset of str
        Names of entries that exist but cannot be looked at; whoever names one is not wrong.
    """

    where: Callable[[Path], Where]
    issues: list[Issue] = field(default_factory=list)
    left_out: frozenset[str] = frozenset()

    def error(self, code: str, path: Path, message: str, fix: str) -> None:
        """Report what keeps the model from being used."""
        self.issues.append(Issue("error", code, self.where(path), message, fix))

    def unresolved(self, code: str, path: Path, name: str, known: Iterable[str], what: str) -> None:
        """Report a name that names nothing, with the nearest one that does."""
        if name not in self.left_out:
            self.error(code, path, f"there is no {what} {name!r}.", suggest(name, known))
