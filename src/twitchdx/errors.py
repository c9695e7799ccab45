"""What can be wrong, said once: the `Issue` record and the exception tree.

Every error of this library lists *all* the problems that were found, each with the place, what was
found there, and how to mend it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Where:
    """The place of a problem: a file and line of a model, or an entry of some input.

    Attributes
    ----------
    path : str
        The entry, outermost key first and joined by dots: ``causes.als.distribution``.
    file : str
        The file, relative to the folder that was read; empty for input that came from no file.
    line : int or None
        The line in the file, counted from 1.
    """

    path: str
    file: str = ""
    line: int | None = None

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.file and self.line else self.file
        return "  ".join(part for part in (place, self.path) if part)


@dataclass(frozen=True, slots=True)
class Issue:
    """One problem: how bad, what kind, where, what was found, how to mend it.

    Attributes
    ----------
    severity : {"error", "warning"}
        An error stops the work; a warning is reported by ``twitchdx check``.
    code : str
        A stable slug that programs can compare, such as ``unknown-state``.
    where : Where
        The place.
    message : str
        What was found there.
    fix : str
        What to do about it.
    """

    severity: Severity
    code: str
    where: Where
    message: str
    fix: str

    def __str__(self) -> str:
        return f"{self.where}  [{self.severity}: {self.code}]\n  {self.message}\n  Fix: {self.fix}"


class TwitchdxError(Exception):
    """Root of every error that this library raises on purpose.

    Attributes
    ----------
    issues : tuple of Issue
        Every problem that was found, in the order of the input.
    """

    def __init__(self, summary: str, issues: Iterable[Issue] = ()) -> None:
        self.summary = summary
        self.issues = tuple(issues)
        super().__init__(summary, self.issues)

    def __str__(self) -> str:
        return "\n".join([self.summary, *(str(issue) for issue in self.issues)])


class ModelError(TwitchdxError, ValueError):
    """A model cannot be read, or what it says cannot be a model."""


class ModelNotFoundError(ModelError, LookupError):
    """No shipped model has this name and no folder or file lies at this path."""


class EvidenceError(TwitchdxError, ValueError):
    """What was observed cannot be understood in the terms of the model."""


class ImpossibleEvidenceError(EvidenceError):
    """The observations exclude each other: the model gives them probability 0 together.

    Attributes
    ----------
    conflict : dict of str to str
        A smallest set of the observations that cannot be true together, as variable -> observation.
    """

    def __init__(
        self, summary: str, issues: Iterable[Issue] = (), conflict: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(summary, issues)
        self.conflict = dict(conflict or {})
        self.args = (summary, self.issues, self.conflict)


class OptionError(TwitchdxError, ValueError):
    """An option was given a value that it cannot have."""


class EngineError(TwitchdxError):
    """An engine is unknown, or cannot answer this question exactly."""


class UnknownNameError(TwitchdxError, KeyError):
    """A variable, cause or parameter was asked for that the model does not have."""

    def __str__(self) -> str:  # KeyError would show the repr of its arguments
        return TwitchdxError.__str__(self)


def did_you_mean(name: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """The question whether the nearest of the known names was meant; empty where none is near.

    Parameters
    ----------
    name : str
        What was found.
    known : iterable of str
        What it could have been.
    cutoff : float, optional
        How alike they must be, from 0 to 1, in the measure of `difflib`.
    """
    import difflib  # not needed by who only imports the package

    near = difflib.get_close_matches(name, list(known), n=1, cutoff=cutoff)
    return f"Did you mean {near[0]!r}?" if near else ""


def suggest(name: str, known: Iterable[str]) -> str:
    """A sentence that offers the nearest of the known names, or lists them."""
    names = list(known)
    if not names:
        return "There is none to choose from: add it, or remove this entry."
    more = f", ... ({len(names)} in all)" if len(names) > 12 else ""
    return did_you_mean(name, names) or f"Choose one of: {', '.join(names[:12])}{more}."


def suggest_labelled(name: str, labels: Mapping[str, Iterable[str]]) -> str:
    """The same of names that people call by other words: by a label, whatever its case.

    Parameters
    ----------
    name : str
        What was found.
    labels : mapping of str to iterable of str
        Name -> what else it is called; the first of these is shown.
    """
    spoken = {each.casefold(): each for each in labels}
    for own, words in labels.items():
        for word in words:
            spoken.setdefault(word.casefold(), own)
    import difflib  # not needed by who only imports the package

    wanted = name.casefold().strip()
    near = difflib.get_close_matches(wanted, spoken, n=1) or difflib.get_close_matches(
        wanted.replace(" ", "_"), spoken, n=1
    )
    if not near:
        return suggest(name, labels)
    found = spoken[near[0]]
    if near[0] == found.casefold():
        return f"Did you mean {found!r}?"
    return f"Did you mean {found!r} ({next(iter(labels[found]))})?"
