"""A model with other utilities: what outcomes, trouble and money are held to be worth."""

from __future__ import annotations

import functools
import numbers
from collections.abc import Iterable, Mapping
from typing import Any

from twitchdx.assembly import Assembled
from twitchdx.errors import Issue, OptionError, Where
from twitchdx.spec import walk_estimates
from twitchdx.whatif.parameters import dotted, require_spec, with_parameters

# The numbers that say what something is worth, or how careful to be, and not what is true.
_SECTIONS = frozenset({"decision", "care_levels", "tests", "steps"})
_PARTS = frozenset(
    {
        *("money_per_unit", "question_burden", "residual_risk", "loss", "caution"),
        *("benefit", "benefit_always", "harm", "burden", "cost"),
    }
)
_NOTE = "given as a preference"


def with_preferences(model: Assembled, preferences: Mapping[str, Any]) -> Assembled:
    """The same model with other utilities, with a digest of its own.

    A bare number is taken as it is meant: it has no uncertainty, and its grade is judgement.

    Parameters
    ----------
    model : Assembled
        A model with roles.
    preferences : mapping of str to number or mapping
        Path, as `Model.parameters` gives it -> the new value, or the fields of the number that are different.
        A path may leave out `decision.`. Losses, the rate of money, benefit, harm, burden and cost can be
        given, and how careful to be: the residual risk, and caution.

    Raises
    ------
    OptionError
        Preferences are no mapping, or a path is about something else.
    UnknownNameError, ModelError
        As in `with_parameters`.
    """
    if not isinstance(preferences, Mapping):
        fix = 'Give a mapping of path to number, such as {"decision.money_per_unit": 500}.'
        issue = Issue("error", "not-a-mapping", Where("preferences"), f"found {preferences!r}.", fix)
        raise OptionError("The preferences cannot be understood.", [issue])
    places = [dotted(path) for path, _ in walk_estimates(require_spec(model))]
    given = {_whole(str(name), places): _as_meant(value) for name, value in preferences.items()}
    wrong = [name for name in given if name in places and not _is_worth(name)]
    if wrong:
        fix = "Use `Model.with_parameters`, which changes any number."
        issues = [
            Issue("error", "no-preference", Where(name), "this number says what is true.", fix)
            for name in wrong
        ]
        raise OptionError("Some of these are no preferences.", issues)
    # With the types, since True is not 1 here.
    key = tuple(
        (name, tuple((field, type(one), one) for field, one in value.items()))
        for name, value in given.items()
    )
    try:
        hash(key)
    except TypeError:  # what cannot be kept is refused, with its place, or changed anew each time
        return with_parameters(model, given)
    return _changed(model, key)


@functools.lru_cache(maxsize=32)
def _changed(model: Assembled, given: tuple[tuple[str, Any], ...]) -> Assembled:
    return with_parameters(model, {name: {field: one for field, _, one in each} for name, each in given})


def _as_meant(value: Any) -> Any:
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        number = float(value)
        return {
            "value": number,
            "low": number,
            "high": number,
            "grade": "judgement",
            "sources": (),
            "note": _NOTE,
        }
    return value if isinstance(value, Mapping) else {"value": value}


def _whole(name: str, places: Iterable[str]) -> str:
    return f"decision.{name}" if name not in places and f"decision.{name}" in places else name


def _is_worth(path: str) -> bool:
    section, *rest = path.split(".")
    return section in _SECTIONS and not _PARTS.isdisjoint(rest)
