"""What a caller may choose, checked before any row is looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Literal, TypedDict, Unpack

from twitchdx.assembly import Assembled
from twitchdx.cohort.inquiry import Inquiry
from twitchdx.cohort.many import Handling
from twitchdx.engines import Engine, available_threads
from twitchdx.errors import EvidenceError, Issue, OptionError, UnknownNameError, Where, suggest
from twitchdx.spec import Variable

Errors = Literal["report", "raise"]


class Choices(TypedDict, total=False):
    """What a caller may choose besides engine and complaint; see `Model.diagnose_many`."""

    responsibility: bool
    distributions: str | Iterable[str]
    keep: str | Iterable[str]
    prefix: str
    errors: Errors
    threads: int | None
    progress: bool | None


def plan(
    model: Assembled,
    specs: Mapping[str, Variable],
    engine: Engine,
    complaint: str | None,
    **choices: Unpack[Choices],
) -> tuple[Inquiry, Handling]:
    """What is asked of every patient, and how the cohort is worked through.

    Raises
    ------
    UnknownNameError
        The model has no variable of which a distribution is wanted, or there is no such way to treat
        errors.
    EvidenceError
        Two columns of the result would have the same name.
    OptionError
        An option has a value that it cannot have.
    """
    inquiry = Inquiry(
        network=model.network,
        spec=model.spec,
        specs=specs,
        engine=engine,
        complaint=complaint,
        responsibility=_truth("responsibility", choices.get("responsibility", False)),
        distributions=_names("distributions", choices.get("distributions", ())),
        prefix=_text("prefix", choices.get("prefix", "")),
    )
    handling = Handling(
        keep=_names("keep", choices.get("keep", ())),
        raises=_raises(choices.get("errors", "report")),
        threads=_threads(choices.get("threads")),
        progress=None if choices.get("progress") is None else _truth("progress", choices["progress"]),
    )
    unknown = [name for name in inquiry.distributions if name not in specs]
    if unknown:
        raise UnknownNameError("The variables are not known.", [_unknown(name, specs) for name in unknown])
    names = Counter([*handling.keep, *inquiry.columns])
    clashes = [name for name, count in names.items() if count > 1]
    if clashes:
        raise EvidenceError("The columns of the result clash.", [_clash(name) for name in clashes])
    return inquiry, handling


def _raises(errors: object) -> bool:
    ways = ("report", "raise")
    if errors in ways:
        return errors == "raise"
    fix = suggest(str(errors), ways)
    issue = Issue("error", "unknown-option", Where("errors"), f"found {errors!r}.", fix)
    raise UnknownNameError("The way to treat errors is not known.", [issue])


def _threads(threads: object) -> int:
    return available_threads() if threads is None else positive("threads", threads, " for every processor")


def positive(option: str, given: object, none: str = "") -> int:
    """A whole number from 1.

    Parameters
    ----------
    option : str
        Its name.
    given : object
        What was given.
    none : str, optional
        What None would be given for, where it can.
    """
    if isinstance(given, int) and not isinstance(given, bool) and given >= 1:
        return given
    raise _wrong(option, given, "Give a whole number from 1" + (f", or None{none}." if none else "."))


def _truth(option: str, given: object) -> bool:
    if isinstance(given, bool):
        return given
    raise _wrong(option, given, "Give True or False.")


def _text(option: str, given: object) -> str:
    if isinstance(given, str):
        return given
    raise _wrong(option, given, 'Give a text, such as "p_".')


def _names(option: str, given: object) -> tuple[str, ...]:
    """Names, each once; a single one need not stand in a list."""
    if isinstance(given, str):
        return (given,)
    if isinstance(given, Iterable):
        return tuple(dict.fromkeys(given))
    raise _wrong(option, given, 'Give a name or a list of names, such as ["age", "sex"].')


def _wrong(option: str, given: object, fix: str) -> OptionError:
    issue = Issue("error", "wrong-option", Where(option), f"found {given!r}.", fix)
    return OptionError("An option cannot be understood.", [issue])


def _unknown(name: str, specs: Iterable[str]) -> Issue:
    where, fix = Where("distributions"), suggest(str(name), specs)
    return Issue("error", "unknown-variable", where, f"there is no variable {name!r}.", fix)


def _clash(name: str) -> Issue:
    message = "two columns of the result would have this name."
    fix = 'Rename the column that is kept, or set the posteriors apart, such as by prefix="p_".'
    return Issue("error", "column-clash", Where(str(name)), message, fix)
