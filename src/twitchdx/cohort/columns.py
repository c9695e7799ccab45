"""One column of a data frame to its distinct cells, so that each is understood once."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

#: Stands for a cell that holds nothing.
MISSING = -1


@dataclass(frozen=True, slots=True, eq=False)
class Distinct:
    """The cells of a column, each value once.

    Attributes
    ----------
    values : list
        The values, in any order.
    codes : integer array, shape (B,)
        For each row the index of its value; -1 where it holds nothing.
    """

    values: list[Any]
    codes: NDArray[np.integer[Any]]


def is_numeric(series: nw.Series[Any]) -> bool:
    """Whether a column holds floats or whole numbers, as far as its type tells."""
    return series.dtype.is_float() or series.dtype.is_integer()


def numbers_of(series: nw.Series[Any]) -> NDArray[np.float64]:
    """A numeric column as float64, NaN where a cell holds nothing."""
    # Adding 0 leaves one zero where there were two, which compare equal and print differently.
    return np.asarray(series.cast(nw.Float64).to_numpy(), dtype=np.float64) + 0.0


def distinct(series: nw.Series[Any]) -> Distinct:
    """The distinct cells of a column that is not numeric.

    Texts and truth values take the way that the library of the data frame has made fast; anything else
    is looked at cell by cell.
    """
    if series.dtype == nw.Boolean:
        return _distinct_truths(series)
    implementation = series.implementation
    if implementation.is_pandas_like():
        return _distinct_pandas(series)
    if series.dtype in (nw.String, nw.Categorical, nw.Enum):
        if implementation.is_pyarrow():
            return _distinct_arrow(series.to_native())
        return _distinct_texts(series.cast(nw.String))
    return _distinct_objects(series)


def _distinct_truths(series: nw.Series[Any]) -> Distinct:
    missing = np.asarray(series.is_null().to_numpy(), dtype=np.bool_)
    truth = np.asarray(series.fill_null(value=False).to_numpy(), dtype=np.bool_)
    return Distinct([False, True], np.where(missing, MISSING, truth).astype(np.int32))


def _distinct_pandas(series: nw.Series[Any]) -> Distinct:
    native = series.to_native()
    if native.dtype == object:
        # Where objects are of several kinds, equal ones may differ, such as 1 and True.
        infer_dtype = series.implementation.to_native_namespace().api.types.infer_dtype
        plain = infer_dtype(native, skipna=True) in {"string", "boolean"}
    else:
        plain = series.dtype in (nw.String, nw.Categorical, nw.Enum)
    if not plain:
        return _distinct_objects(series)
    codes, values = native.factorize()
    return Distinct(values.tolist(), codes)


def _distinct_arrow(column: Any) -> Distinct:
    encoded = column.dictionary_encode().unify_dictionaries()
    if not encoded.num_chunks:
        return Distinct([], np.zeros(0, dtype=np.int32))
    indices = [chunk.indices.fill_null(MISSING).to_numpy(zero_copy_only=False) for chunk in encoded.chunks]
    return Distinct(encoded.chunk(0).dictionary.to_pylist(), np.concatenate(indices))


def _distinct_texts(series: nw.Series[Any]) -> Distinct:
    values = series.drop_nulls().unique().to_list()
    if not values:
        return Distinct([], np.full(len(series), MISSING, dtype=np.int32))
    codes = series.replace_strict(values, list(range(len(values))), return_dtype=nw.Int32)
    return Distinct(values, codes.fill_null(MISSING).to_numpy())


def _distinct_objects(series: nw.Series[Any]) -> Distinct:
    cells, missing = series.to_list(), series.is_null().to_list()
    found: dict[Hashable, int] = {}
    values: list[Any] = []
    codes = np.full(len(cells), MISSING, dtype=np.int32)
    for row, (cell, is_missing) in enumerate(zip(cells, missing, strict=True)):
        if is_missing:
            continue
        key = cell_key(cell)
        code = len(values) if key is None else found.setdefault(key, len(values))
        if code == len(values):
            values.append(cell)
        codes[row] = code
    return Distinct(values, codes)


def cell_key(cell: object) -> Hashable | None:
    """What is the same for equal cells of one kind and no others; None where there is no such thing."""
    if isinstance(cell, Mapping):
        pairs = tuple(cell.items())
        key: Hashable = (type(cell), pairs, tuple(type(each) for pair in pairs for each in pair))
    else:
        key = (type(cell), cell)
    try:
        hash(key)
    except TypeError:
        return None
    # Containers compare equal though what they hold differs in kind, such as (1,) and (True,).
    return None if isinstance(cell, tuple | frozenset) else key
