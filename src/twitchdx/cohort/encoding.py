"""Columns of a data frame to codes that engines take, and to what is wrong with single cells."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from twitchdx.cohort.columns import MISSING, cell_key, distinct, is_numeric, numbers_of
from twitchdx.cohort.tables import Table
from twitchdx.engines import UNOBSERVED, Rows
from twitchdx.errors import Issue
from twitchdx.evidence import Evidence, Observation, parse_value
from twitchdx.numerics import Array, read_only
from twitchdx.spec import Variable

#: Cells that are remembered from one batch to the next, for each variable: bounded, as batches are not.
_REMEMBERED = 50_000

Codes = NDArray[np.signedinteger[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """What was observed of many patients.

    Attributes
    ----------
    variables : tuple of str
        The variables that some patient has an observation of, in the order of the model.
    codes : signed integer array, shape (B, variables)
        As in `Rows`, of the smallest type that holds them.
    soft : tuple of tuple of Observation
        For each variable the soft evidence; code -2 - i stands for the i-th.
    likelihoods : tuple of float64 array
        As in `Rows`.
    problems : dict of int to list of Issue
        Row -> what cannot be understood of it, in the order of the columns.
    """

    variables: tuple[str, ...]
    codes: Codes
    soft: tuple[tuple[Observation, ...], ...]
    likelihoods: tuple[Array, ...]
    problems: dict[int, list[Issue]]

    def rows(self, chosen: NDArray[np.intp]) -> Rows:
        """Some rows, as engines take them."""
        return Rows(self.variables, self.codes[chosen].astype(np.int32, order="C"), self.likelihoods)

    def evidence(self, row: int, specs: Mapping[str, Variable]) -> Evidence:
        """One row, as the evidence of a single patient."""
        found = {}
        for name, code, soft in zip(self.variables, self.codes[row].tolist(), self.soft, strict=True):
            if code >= 0:
                states = tuple(specs[name].states)
                likelihood = tuple(float(index == code) for index in range(len(states)))
                found[name] = Observation(name, states[code], states[code], likelihood)
            elif code < UNOBSERVED:
                found[name] = soft[UNOBSERVED - 1 - code]
        return Evidence(found)


class TableReader:
    """Understands table after table, and remembers cells that it has met.

    Parameters
    ----------
    specs : mapping of str to Variable
        The variables of the model.
    """

    def __init__(self, specs: Mapping[str, Variable]) -> None:
        self._specs = specs
        self._met: dict[str, dict[Hashable, Observation | Issue | None]] = {name: {} for name in specs}

    def read(self, table: Table, observed: Sequence[str]) -> Encoded:
        """Encode the columns that are observations.

        Parameters
        ----------
        table : Table
            One row a patient.
        observed : sequence of str
            The columns, each the name of a variable.
        """
        columns: dict[str, _Column] = {}
        problems: dict[int, list[Issue]] = {}
        for name in observed:
            column = self._read_column(name, table.column(name))
            for row, issue in zip(column.refused.tolist(), column.refused_as.tolist(), strict=True):
                problems.setdefault(row, []).append(column.issues[issue])
            if (column.codes != UNOBSERVED).any():
                columns[name] = column
        variables = tuple(name for name in self._specs if name in columns)
        kept = [columns[name] for name in variables]
        dtype = np.result_type(np.int8, *(each.codes.dtype for each in kept))
        # By columns: they are read, hashed and compared one at a time.
        codes = np.empty([len(table), len(kept)], dtype=dtype, order="F")
        for index, each in enumerate(kept):
            codes[:, index] = each.codes
        soft = tuple(each.soft for each in kept)
        tables = tuple(
            read_only(np.reshape([each.likelihood for each in vectors], [-1, len(self._specs[name].states)]))
            for name, vectors in zip(variables, soft, strict=True)
        )
        return Encoded(variables, codes, soft, tables, problems)

    def _read_column(self, name: str, series: nw.Series[Any]) -> _Column:
        variable, states = self._specs[name], tuple(self._specs[name].states)
        if not is_numeric(series):
            cells = distinct(series)
            return _decode([self._understand(name, each) for each in cells.values], cells.codes, states)
        numbers = numbers_of(series)
        codes = states_of_numbers(numbers, variable)
        rest = np.flatnonzero((codes == UNOBSERVED) & ~np.isnan(numbers))
        if not rest.size:
            return _Column(codes)
        # What is no plain observation is looked at as a single patient's would be.
        values, indices = np.unique(numbers[rest], return_inverse=True)
        others = np.full(len(numbers), MISSING)
        others[rest] = indices
        column = _decode([self._understand(name, each) for each in values.tolist()], others, states)
        return replace(column, codes=np.where(codes == UNOBSERVED, column.codes, codes))

    def _understand(self, name: str, cell: object) -> Observation | Issue | None:
        """What `parse_value` says of a cell; None for a text without a character."""
        if cell is None or (isinstance(cell, str) and not cell.strip()):
            return None
        met, key = self._met[name], cell_key(cell)
        if key is not None and key in met:
            return met[key]
        found = parse_value(name, cell, self._specs[name])
        if key is not None:
            if len(met) >= _REMEMBERED:
                met.clear()
            met[key] = found
        return found


@dataclass(frozen=True, slots=True, eq=False)
class _Column:
    """One column of codes, with its soft evidence and the cells that cannot be understood.

    Row `refused[i]` has the problem `issues[refused_as[i]]`.
    """

    codes: Codes
    soft: tuple[Observation, ...] = ()
    refused: NDArray[np.intp] = field(default_factory=lambda: np.zeros(0, dtype=np.intp))
    refused_as: NDArray[np.intp] = field(default_factory=lambda: np.zeros(0, dtype=np.intp))
    issues: tuple[Issue, ...] = ()


def _decode(
    understood: Sequence[Observation | Issue | None],
    indices: NDArray[np.integer[Any]],
    states: tuple[str, ...],
) -> _Column:
    """From what each distinct value means, and which value each row has, to codes.

    Parameters
    ----------
    understood : sequence of Observation, Issue or None
        For each distinct value.
    indices : integer array, shape (B,)
        For each row its value; -1 for none.
    states : tuple of str
        The states of the variable.
    """
    soft: dict[Observation, int] = {}
    issues: list[Issue] = []
    # What -1 points at comes last, and is unobserved.
    codes = np.full(len(understood) + 1, UNOBSERVED)
    issue_of = np.full(len(understood) + 1, -1)
    for index, each in enumerate(understood):
        if isinstance(each, Issue):
            issue_of[index] = len(issues)
            issues.append(each)
        elif each is not None and each.state is not None:
            codes[index] = states.index(each.state)
        elif each is not None:
            codes[index] = UNOBSERVED - 1 - soft.setdefault(each, len(soft))
    refused = np.flatnonzero(issue_of[indices] >= 0) if issues else np.zeros(0, dtype=np.intp)
    return _Column(_smallest(codes)[indices], tuple(soft), refused, issue_of[indices[refused]], tuple(issues))


def _smallest(codes: Codes) -> Codes:
    """The same in the smallest type that holds it: a million rows of 140 variables are many cells."""
    least, greatest = int(codes.min(initial=0)), int(codes.max(initial=0))
    return codes.astype(np.result_type(np.min_scalar_type(least), np.min_scalar_type(-greatest - 1)))


def states_of_numbers(numbers: NDArray[np.float64], variable: Variable) -> Codes:
    """The states in whose bands numbers lie, as `parse_value` finds them one by one.

    Parameters
    ----------
    numbers : float64 array, shape (B,)
        In the unit of the model.
    variable : Variable
        What was measured.

    Returns
    -------
    integer array, shape (B,)
        -1 for NaN, for what is not plausible, and where the variable is not measured.
    """
    codes = np.full(len(numbers), UNOBSERVED, dtype=np.int16)
    if variable.measurement is None:
        return codes
    plausible = variable.measurement.plausible
    possible = (numbers >= plausible.at_least) & (numbers < plausible.below)
    for code, state in enumerate(variable.states):
        band = variable.measurement.bands[state]
        low = -np.inf if band.at_least is None else band.at_least
        high = np.inf if band.below is None else band.below
        codes[possible & (numbers >= low) & (numbers < high)] = code
    return _smallest(codes)
