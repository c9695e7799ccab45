"""Data frames of any kind, in and out: pandas, polars, Arrow, and what narwhals knows besides."""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
from narwhals.dependencies import is_into_dataframe, is_into_series
from numpy.typing import NDArray

from twitchdx.errors import EvidenceError, Issue, Where

#: A column of results: numbers, NaN where there is none, or texts, None where there is none.
Column = NDArray[np.float64] | NDArray[np.object_]


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A data frame of any kind.

    Attributes
    ----------
    frame : narwhals DataFrame
        The data.
    is_record_batch : bool
        Whether an Arrow record batch was given: it comes back as one.
    """

    frame: nw.DataFrame[Any]
    is_record_batch: bool = False

    @property
    def columns(self) -> list[Any]:
        """Names of the columns."""
        return list(self.frame.columns)

    def __len__(self) -> int:
        if self.frame.implementation.is_pyarrow():
            return int(self.frame.to_native().num_rows)  # also where there are no columns
        return len(self.frame)

    def column(self, name: str) -> nw.Series[Any]:
        """The column of a name."""
        return self.frame.get_column(name)

    def rows(self, start: int, stop: int) -> Table:
        """Some of the rows."""
        if self.frame.implementation.is_pyarrow():
            # Keeps rows without columns, of which Arrow would give more than there are.
            some = self.frame.to_native().slice(start, max(min(stop, len(self)) - start, 0))
            return Table(nw.from_native(some, eager_only=True), self.is_record_batch)
        return Table(self.frame[start:stop], self.is_record_batch)

    def pieces(self, rows: int) -> Iterator[Table]:
        """The same in pieces of so many rows; an empty table is one piece."""
        for start in range(0, max(len(self), 1), rows):
            yield self.rows(start, start + rows)

    def with_results(self, kept: Sequence[str], results: Mapping[str, Column]) -> Any:
        """Some of its columns and the results, as the kind of data frame that was given.

        A missing number is null, except in pandas, which writes NaN; the index of pandas is kept.
        """
        native = self.frame.to_native()
        implementation = self.frame.implementation
        if implementation.is_polars():
            return _polars(implementation.to_native_namespace(), native, kept, results)
        if implementation.is_pyarrow():
            columns = _arrow(implementation.to_native_namespace(), native, kept, results)
            return _record_batch(columns) if self.is_record_batch else columns
        return _pandas(implementation.to_native_namespace(), native, kept, results)


def _pandas(pandas: Any, native: Any, kept: Sequence[str], results: Mapping[str, Column]) -> Any:
    text = pandas.Series(["text"]).dtype  # what this version takes a column of texts for, also an empty one
    data = {name: native[name] for name in kept}
    for name, values in results.items():
        dtype = text if values.dtype == object else values.dtype
        data[name] = pandas.Series(values, index=native.index, dtype=dtype, copy=False)
    # Without a copy: consolidated columns would need the memory twice.
    return pandas.DataFrame(data, index=native.index, copy=False)


def _polars(polars: Any, native: Any, kept: Sequence[str], results: Mapping[str, Column]) -> Any:
    columns = [native[name] for name in kept]
    for name, values in results.items():
        if values.dtype == object:
            columns.append(polars.Series(name, values.tolist(), dtype=polars.String))
        else:
            columns.append(polars.Series(name, values, nan_to_null=True))
    return polars.DataFrame(columns)


def _arrow(pyarrow: Any, native: Any, kept: Sequence[str], results: Mapping[str, Column]) -> Any:
    columns = {name: native.column(name) for name in kept}
    for name, values in results.items():
        if values.dtype == object:
            columns[name] = pyarrow.array(values, type=pyarrow.string())
        else:
            columns[name] = pyarrow.array(values, mask=np.isnan(values))
    return pyarrow.table(columns)


def _record_batch(table: Any) -> Any:
    batches = table.combine_chunks().to_batches()
    if batches:
        return batches[0]
    return importlib.import_module("pyarrow").RecordBatch.from_pylist([], schema=table.schema)


def open_table(given: Any) -> Table:
    """A data frame, or the error that something is none.

    Parameters
    ----------
    given : data frame
        A pandas, polars or other eager data frame that narwhals knows, an Arrow table or record batch, or
        any other object with the Arrow PyCapsule interface, which then needs pyarrow.

    Raises
    ------
    EvidenceError
        It is none of these.
    """
    if isinstance(given, nw.DataFrame):
        return Table(given)
    if is_into_series(given) or isinstance(given, nw.Series):
        fix = "Give a data frame that has it as a column, such as `frame[[name]]`."
        raise _no_frame(f"found {type(given).__name__}, which is a single column.", fix)
    if is_into_dataframe(given):
        _refuse_twins(given.column_names if hasattr(given, "column_names") else given.columns)
        return Table(nw.from_native(given, eager_only=True))
    if hasattr(given, "__arrow_c_array__"):
        batch = _import_arrow(given, "record_batch")
        _refuse_twins(batch.column_names)
        return Table(nw.from_native(batch, eager_only=True), is_record_batch=True)
    if hasattr(given, "__arrow_c_stream__"):
        return open_table(_import_arrow(given, "table"))
    message = f"found {type(given).__name__}."
    fix = "Give a pandas or polars data frame or an Arrow table: one row a patient, one column a variable."
    if hasattr(given, "collect_schema"):
        message = f"found {type(given).__name__}, whose rows are not computed yet."
        fix = "Give `frame.collect()`, or its batches to `diagnose_batches`."
    raise _no_frame(message, fix)


def _import_arrow(given: Any, kind: str) -> Any:
    """An Arrow table from what has an Arrow interface, or the error that its data are no table."""
    pyarrow = importlib.import_module("pyarrow")
    try:
        imported = getattr(pyarrow, kind)(given)
    except (TypeError, pyarrow.ArrowException) as error:
        fix = "Give a table or record batches: one row a patient, one column a variable."
        raise _no_frame(f"found {type(given).__name__}, which is no table: {error}.", fix) from None
    return pyarrow.Table.from_batches([imported]) if kind == "record_batch" else imported


def _no_frame(message: str, fix: str) -> EvidenceError:
    issue = Issue("error", "not-a-data-frame", Where("frame"), message, fix)
    return EvidenceError("The evidence is no data frame.", [issue])


def _refuse_twins(columns: Iterable[object]) -> None:
    """An error where two columns have one name."""
    twins = [name for name, count in Counter(columns).items() if count > 1]
    if twins:
        found, fix = "two columns have this name.", "Rename one of them, or leave it out."
        issues = [Issue("error", "column-twice", Where(str(name)), found, fix) for name in twins]
        raise EvidenceError("The columns of the data frame cannot be understood.", issues)


def open_batches(given: Any, rows: int) -> Iterator[Table]:
    """Data frames, one after another, none taken before it is asked for.

    Parameters
    ----------
    given : data frame, or iterable of data frames
        One data frame is cut into pieces; an iterable, a reader of Arrow batches or another object with
        an Arrow stream gives its batches as they are.
    rows : int
        Length of the pieces.
    """
    if isinstance(given, nw.DataFrame) or is_into_dataframe(given) or hasattr(given, "__arrow_c_array__"):
        yield from open_table(given).pieces(rows)
    elif isinstance(given, Iterable):
        for batch in given:
            yield open_table(batch)
    elif hasattr(given, "__arrow_c_stream__"):
        for batch in importlib.import_module("pyarrow").RecordBatchReader.from_stream(given):
            yield open_table(batch)
    else:
        yield open_table(given)
