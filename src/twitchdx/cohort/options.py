"""What a caller may choose, checked before any row is looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Literal, TypedDict, Unpack

from twitchdx.assembly import Assembled
from twitchdx.cohort.inquiry import Inquiry
from twitchdx.cohort.many import Handling
from twitchdx.cohort.workers import available_threads
from twitchdx.engines import Engine
from twitchdx.errors import EvidenceError, Issue, UnknownNameError, Where, suggest
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
    ValueError
        The number of threads is none.
    """
    inquiry = Inquiry(
        network=model.network,
        spec=model.spec,
        specs=specs,
        engine=engine,
        complaint=complaint,
        responsibility=choices.get("responsibility", False),
        distributions=_names(choices.get("distributions", ())),
        prefix=choices.get("prefix", ""),
    )
    handling = Handling(
        keep=_names(choices.get("keep", ())),
        raises=_raises(choices.get("errors", "report")),
        threads=_threads(choices.get("threads")),
        progress=choices.get("progress"),
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
    if threads is None:
        return available_threads()
    if isinstance(threads, int) and threads >= 1:
        return threads
    message = f"threads: found {threads!r}. Give a whole number from 1, or None for every processor."
    raise ValueError(message)


def _unknown(name: str, specs: Iterable[str]) -> Issue:
    where, fix = Where("distributions"), suggest(str(name), specs)
    return Issue("error", "unknown-variable", where, f"there is no variable {name!r}.", fix)


def _clash(name: str) -> Issue:
    message = "two columns of the result would have this name."
    fix = 'Rename the column that is kept, or set the posteriors apart, such as by prefix="p_".'
    return Issue("error", "column-clash", Where(str(name)), message, fix)


def _names(given: str | Iterable[str]) -> tuple[str, ...]:
    """Names, each once; a single one need not stand in a list."""
    return tuple(dict.fromkeys([given] if isinstance(given, str) else given))
