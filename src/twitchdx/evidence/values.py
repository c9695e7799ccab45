"""What was observed of one variable, as text, number, truth value or likelihoods, to an observation."""

from __future__ import annotations

import difflib
import math
import numbers
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

import numpy as np

from twitchdx.errors import Issue, Where, did_you_mean
from twitchdx.evidence.observation import Observation
from twitchdx.numerics import Array
from twitchdx.spec import Measurement, Variable

NUMBER_WITH_UNIT = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*)", re.DOTALL)
_TRUTH_STATES = ("absent", "present")
# Not understood, since a text such as "no" can stand for much; but it is plain what would be.
_SPOKEN_TRUTH = {"true": True, "yes": True, "y": True, "false": False, "no": False, "n": False}


class Problem(Exception):  # noqa: N818 - collected and reported, never seen outside
    """Why something cannot be understood: a code, what was found, how to mend it."""

    def __init__(self, code: str, message: str, fix: str) -> None:
        super().__init__(message)
        self.code, self.message, self.fix = code, message, fix


def parse_value(name: str, value: object, variable: Variable) -> Observation | Issue:
    """Understand what was observed of one variable, or say what is wrong with it.

    Parameters
    ----------
    name : str
        The variable.
    value : object
        As in `parse_evidence`, but observed: not None.
    variable : Variable
        What the model says of it.
    """
    try:
        return observe(name, value, variable)
    except Problem as problem:
        return issue_of(name, problem)


def issue_of(name: object, problem: Problem) -> Issue:
    """The problem with its place."""
    return Issue("error", problem.code, Where(_show_name(name)), problem.message, problem.fix)


def observe(name: str, value: object, variable: Variable) -> Observation:
    """As `parse_value`, but what is wrong is raised."""
    states = tuple(variable.states)
    if isinstance(value, bool | np.bool_):
        return _hard(name, str(bool(value)), _truth_state(bool(value), states), states)
    if isinstance(value, str):
        text = value.strip()
        return _hard(name, _with_unit(text, variable), _state_from_text(text, variable), states)
    if isinstance(value, numbers.Real | Decimal):
        state = _state_from_number(_as_float(value), "", variable)
        return _hard(name, _with_unit(f"{value}", variable), state, states)
    if isinstance(value, Mapping):
        return _soft(name, [list(value.items())], states)
    if isinstance(value, Sequence) and value:
        if all(isinstance(each, Mapping) for each in value):
            return _soft(name, [list(each.items()) for each in value], states)
        if all(isinstance(each, Sequence) and not isinstance(each, str) and len(each) == 2 for each in value):
            return _soft(name, [[(each[0], each[1]) for each in value]], states)
    raise Problem("wrong-type", f"found {show(value)}.", _expected(variable))


def _truth_state(value: bool, states: tuple[str, ...]) -> str:  # noqa: FBT001 - the observation itself
    if states == _TRUTH_STATES:
        return states[value]
    raise Problem(
        "not-a-truth-value",
        f"found {value}, and this variable is not simply absent or present.",
        f"Give one of its states: {', '.join(states)}.",
    )


def _state_from_text(text: str, variable: Variable) -> str:
    if text in variable.states:
        return text
    match = NUMBER_WITH_UNIT.fullmatch(text)
    if match and re.match(r",\d", match[2]):
        fix = f'Write a decimal point: "{text.replace(",", ".", 1)}".'
        raise Problem("decimal-comma", f"found {show(text)}.", fix)
    if match:
        return _state_from_number(float(match[1]), match[2].strip(), variable)
    spoken = {state.casefold(): state for state in variable.states}
    spoken |= {label.casefold(): state for state, label in variable.states.items()}
    near = difflib.get_close_matches(text.casefold(), spoken, n=1)
    hint = f"Did you mean {spoken[near[0]]!r}? " if near else ""
    if tuple(variable.states) == _TRUTH_STATES and text.casefold() in _SPOKEN_TRUTH:
        state = _TRUTH_STATES[_SPOKEN_TRUTH[text.casefold()]]
        hint = f"Write {state!r}, or the truth value without quotes. "
    raise Problem("unknown-state", f"{show(text)} is not one of its states.", f"{hint}{_expected(variable)}")


def _with_unit(text: str, variable: Variable) -> str:
    """What was given, with the unit that it was taken to have."""
    match = NUMBER_WITH_UNIT.fullmatch(text)
    if match and not match[2] and variable.measurement is not None and text not in variable.states:
        return f"{text} {variable.measurement.unit}"
    return text


def _state_from_number(number: float, unit: str, variable: Variable) -> str:
    measurement = variable.measurement
    if not math.isfinite(number):
        fix = "Where it was not observed, leave the variable out or give None; else give a finite number."
        raise Problem("not-finite", f"found {number}.", fix)
    if measurement is None:
        raise Problem("not-measured", f"found the number {number:g}.", _expected(variable))
    value = number * _unit_factor(unit, measurement)
    plausible = measurement.plausible
    if not plausible.at_least <= value < plausible.below:
        shown = f"{number:g} {unit or measurement.unit}"
        converted = f", which is {value:g} {measurement.unit}" if value != number else ""
        hint = _unit_hint(number, measurement)
        raise Problem("implausible", f"found {shown}{converted}. {plausible.message}", hint)
    for state, band in measurement.bands.items():
        above = band.at_least is None or value >= band.at_least
        if above and (band.below is None or value < band.below):
            return state
    message = "the bands of a checked model cover every number"
    raise AssertionError(message)


def _unit_factor(unit: str, measurement: Measurement) -> float:
    known = {_fold_unit(measurement.unit): 1.0}
    known |= {_fold_unit(name): conversion.factor for name, conversion in measurement.units.items()}
    if measurement.unit == "years":
        known["year"] = 1.0
    if not unit:
        return 1.0
    if _fold_unit(unit) in known:
        return known[_fold_unit(unit)]
    units = ", ".join([measurement.unit, *measurement.units])
    raise Problem("unknown-unit", f"the unit {show(unit)} is not known here.", f"Use one of: {units}.")


def _fold_unit(unit: str) -> str:
    # Laboratories write the same unit as mmol/L and mmol/l, and micro as two different letters.
    return unit.replace(" ", "").replace("\u00b5", "u").replace("\u03bc", "u").casefold()


def _unit_hint(number: float, measurement: Measurement) -> str:
    low, high = measurement.plausible.at_least, measurement.plausible.below
    fitting = [
        unit
        for unit, factor in {
            measurement.unit: 1.0,
            **{u: c.factor for u, c in measurement.units.items()},
        }.items()
        if low <= number * factor < high
    ]
    if fitting:
        return f'If the value is in {fitting[0]}, write "{number:g} {fitting[0]}".'
    return f"Values from {low:g} to below {high:g} {measurement.unit} are understood."


def _hard(name: str, given: str, state: str, states: tuple[str, ...]) -> Observation:
    return Observation(name, given, state, tuple(float(each == state) for each in states))


def _soft(
    name: str, pieces: Sequence[Sequence[tuple[object, object]]], states: tuple[str, ...]
) -> Observation:
    product = np.ones(len(states))
    for piece in pieces:
        product = product * _likelihood(piece, states)
        if product.max() == 0.0:
            raise Problem(
                "contradictory-soft-evidence", "the likelihoods exclude every state.", "Withdraw one of them."
            )
        product = product / product.max()
    given = " * ".join(
        "{" + ", ".join(f"{state}: {weight}" for state, weight in piece) + "}" for piece in pieces
    )
    certain = [state for state, weight in zip(states, product, strict=True) if weight > 0.0]
    return Observation(name, given, certain[0] if len(certain) == 1 else None, tuple(product.tolist()))


def _likelihood(piece: Sequence[tuple[object, object]], states: tuple[str, ...]) -> Array:
    """One likelihood vector, scaled to maximum 1; every state must be given once."""
    expected = f"Give every state once with a likelihood: {', '.join(states)}."
    weights: dict[str, float] = {}
    for state, weight in piece:
        if state not in states:
            fix = f"{did_you_mean(str(state), states)} {expected}".lstrip()
            raise Problem("unknown-state", f"{show(state)} is not one of its states.", fix)
        if state in weights:
            raise Problem("contradictory-duplicate", f"the state {state!r} is given twice.", expected)
        is_truth = isinstance(weight, bool | np.bool_)
        likelihood = _as_float(weight) if isinstance(weight, numbers.Real) and not is_truth else math.nan
        if not 0.0 <= likelihood < math.inf:
            raise Problem(
                "not-a-likelihood",
                f"the likelihood of {state} is {show(weight)}.",
                "Give a finite number that is not negative: how probable the observation is in that state.",
            )
        weights[str(state)] = likelihood
    missing = [state for state in states if state not in weights]
    if missing:
        raise Problem("incomplete-likelihood", f"no likelihood for {', '.join(missing)}.", expected)
    vector = np.array([weights[state] for state in states])
    if vector.max() == 0.0:
        raise Problem("contradictory-soft-evidence", "every state has likelihood 0.", expected)
    scaled: Array = vector / vector.max()
    return scaled


def _expected(variable: Variable) -> str:
    states = f"Give one of its states: {', '.join(variable.states)}"
    if tuple(variable.states) == _TRUTH_STATES:
        return "Give True or False."
    if variable.measurement is not None:
        return f'{states}, or a number such as "{_example(variable.measurement)}".'
    return f"{states}."


def _example(measurement: Measurement) -> str:
    inner = [
        end for band in measurement.bands.values() for end in (band.at_least, band.below) if end is not None
    ]
    return f"{inner[0] if inner else measurement.plausible.at_least:g} {measurement.unit}"


def _as_float(number: numbers.Real | Decimal) -> float:
    try:
        return float(number)
    except OverflowError:  # a whole number beyond the largest float64
        return math.inf


def show(value: object) -> str:
    """A value as text, whatever it is, and not too long."""
    try:
        text = repr(value)
    except (RecursionError, ValueError):  # nested without end, or a whole number of thousands of digits
        text = f"a {type(value).__name__}"
    return text if len(text) <= 60 else f"{text[:57]}..."


def _show_name(name: object) -> str:
    return name if isinstance(name, str) and len(name) <= 60 else show(name)
