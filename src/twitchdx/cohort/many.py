"""Many patients: tables in, tables out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from twitchdx.cohort.duplicates import group_rows
from twitchdx.cohort.encoding import Encoded, TableReader
from twitchdx.cohort.inquiry import Inquiry
from twitchdx.cohort.progress import progress_bar
from twitchdx.cohort.refusals import Refuser
from twitchdx.cohort.tables import Column, Table, open_batches, open_table
from twitchdx.cohort.workers import work_through
from twitchdx.errors import EvidenceError, Issue, Where, suggest
from twitchdx.evidence import unknown_variable
from twitchdx.spec import LEVELS

# Rows that are worked on at once: duplicates among them are computed once. A longer table is taken in
# pieces, so that what is needed beside the table and the result stays bounded.
_PIECE = 2**20
# Problems that an error lists; the others are counted.
_LISTED = 100


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Handling:
    """How a cohort is worked through.

    Attributes
    ----------
    keep : tuple of str
        Columns of the input that stand first in the result.
    raises : bool
        Whether rows without an answer raise an error.
    threads : int
        How many threads work.
    progress : bool or None
        Whether a progress bar is shown; None: on a terminal, where it takes long.
    """

    keep: tuple[str, ...]
    raises: bool
    threads: int
    progress: bool | None


def diagnose_table(frame: Any, inquiry: Inquiry, handling: Handling) -> Any:
    """One data frame in, the same kind out; see `Model.diagnose_many`."""
    table = open_table(frame)
    with progress_bar(len(table), shown=handling.progress) as advance:
        return _Cohort(inquiry, handling, advance).diagnose(table)


def diagnose_batches(batches: Any, inquiry: Inquiry, handling: Handling, batch_rows: int) -> Iterator[Any]:
    """Data frames in, as many of the same kind out, one at a time; see `Model.diagnose_batches`."""
    with progress_bar(None, shown=handling.progress) as advance:
        cohort = _Cohort(inquiry, handling, advance)
        for table in open_batches(batches, batch_rows):
            yield cohort.diagnose(table)


class _Cohort:
    """Answers table after table."""

    def __init__(self, inquiry: Inquiry, handling: Handling, advance: Callable[[int], object]) -> None:
        self._inquiry, self._handling, self._advance = inquiry, handling, advance
        self._reader = TableReader(inquiry.specs)
        self._refuser = Refuser(inquiry)
        self._before = 0  # rows of the tables before

    def diagnose(self, table: Table) -> Any:
        """One row a patient, in the order of the table."""
        observed = _observed_columns(table, self._inquiry, self._handling.keep)
        results = _empty_results(self._inquiry.columns, len(table))
        failures = _Failures(self._before)
        for start in range(0, len(table), _PIECE):
            piece = table.rows(start, start + _PIECE)
            views = {name: column[start : start + _PIECE] for name, column in results.items()}
            problems = self._diagnose_piece(self._reader.read(piece, observed), views)
            failures.add(start, problems, results["error"])
        self._before += len(table)
        if self._handling.raises and failures.count:
            raise failures.error(len(table))
        return table.with_results(self._handling.keep, results)

    def _diagnose_piece(self, encoded: Encoded, results: Mapping[str, Column]) -> dict[int, list[Issue]]:
        """Fill in the results, and give the problems of the rows that have none."""
        problems = encoded.problems
        readable = np.ones(len(encoded.codes), dtype=np.bool_)
        readable[list(problems)] = False
        numbers = np.flatnonzero(readable)
        grouped = group_rows(encoded.codes if readable.all() else encoded.codes[numbers])
        done = len(encoded.codes) - len(numbers)
        self._advance(done)
        impossible: list[int] = []
        wide: list[int] = []

        def work(start: int, stop: int) -> None:
            found = self._inquiry.answer(encoded.rows(numbers[grouped.first[start:stop]]))
            members, kinds = grouped.scatter(start, stop)
            rows = numbers[members]
            for name, values in found.numbers.items():
                results[name][rows] = values[kinds]
            if "triage" in results:
                results["triage"][rows] = _LEVEL_TEXTS[found.levels[kinds]]
            impossible.extend((np.flatnonzero(found.impossible) + start).tolist())
            wide.extend((np.flatnonzero(found.wide) + start).tolist())

        def advance(kinds: int) -> None:
            nonlocal done
            so_far = len(encoded.codes) - len(numbers) + int(grouped.starts[kinds])
            self._advance(so_far - done)
            done = so_far

        work_through(len(grouped), work, self._handling.threads, advance)
        for kind, is_wide in [*((kind, False) for kind in impossible), *((kind, True) for kind in wide)]:
            rows = numbers[grouped.scatter(kind, kind + 1)[0]].tolist()
            evidence = encoded.evidence(rows[0], self._inquiry.specs)
            problems.update(dict.fromkeys(rows, self._refuser.issues(evidence, wide=is_wide)))
        return problems


# The last stands for none.
_LEVEL_TEXTS = np.array([*LEVELS, None], dtype=object)
_TEXTS = frozenset({"triage", "error"})


def _empty_results(columns: list[str], rows: int) -> dict[str, Column]:
    return {
        name: np.full(rows, None, dtype=object) if name in _TEXTS else np.full(rows, np.nan)
        for name in columns
    }


class _Failures:
    """The rows of one table that have no answer.

    Parameters
    ----------
    before : int
        Rows of the tables before it.
    """

    def __init__(self, before: int) -> None:
        self._before = before
        self._issues: list[Issue] = []
        self.count = 0
        self._problems = 0

    def add(self, start: int, problems: Mapping[int, list[Issue]], texts: Column) -> None:
        """Take note of rows, and write into the results what is wrong with them."""
        self.count += len(problems)
        for row, issues in sorted(problems.items()):
            texts[start + row] = " ".join(f"{each.where}: {each.message} {each.fix}" for each in issues)
            self._problems += len(issues)
            room = _LISTED - len(self._issues)
            place = f"row {self._before + start + row}"
            self._issues.extend(
                replace(each, where=Where(f"{place}, {each.where.path}")) for each in issues[:room]
            )

    def error(self, rows: int) -> EvidenceError:
        """The error that lists them."""
        more = self._problems - len(self._issues)
        rest = f" The first {_LISTED} problems of {self._problems} are:" if more else ""
        summary = f"{self.count} of {rows} rows {'have' if self.count > 1 else 'has'} no answer"
        return EvidenceError(f"{summary} (rows count from 0).{rest}", self._issues)


def _observed_columns(table: Table, inquiry: Inquiry, keep: tuple[str, ...]) -> list[str]:
    """The columns that are observations, in their order; an error where a column is nothing that is known."""
    columns = table.columns
    issues = []
    for name in columns:
        if name not in inquiry.specs and name not in keep:
            issue = unknown_variable(name, inquiry.specs)
            fix = f"{issue.fix} A column that is no observation: name it in `keep=`, or leave it out."
            issues.append(replace(issue, fix=fix))
    for name in keep:
        if name not in columns:
            found = f"there is no column {name!r} to keep."
            issues.append(
                Issue("error", "unknown-column", Where("keep"), found, suggest(str(name), map(str, columns)))
            )
    if issues:
        raise EvidenceError("The columns of the data frame cannot be understood.", issues)
    return [name for name in columns if name in inquiry.specs]
