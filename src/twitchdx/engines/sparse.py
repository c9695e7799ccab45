"""Sparse matrices of derivatives, multiplied in the compiled core where there is one."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twitchdx.engines.core import load_core
from twitchdx.numerics import Array

Entry = tuple[int, int, float]


class _CoreSparse(ctypes.Structure):
    _fields_ = (
        ("count", ctypes.c_int64),
        ("width", ctypes.c_int64),
        ("rows", ctypes.c_void_p),
        ("columns", ctypes.c_void_p),
        ("values", ctypes.c_void_p),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Sparse:
    """A sparse matrix.

    Attributes
    ----------
    rows, columns : int32 array, shape (entries,)
        Where its entries stand, row after row.
    values : float64 array, shape (entries,)
        What stands there.
    width : int
        How many columns it has.
    """

    rows: NDArray[np.int32]
    columns: NDArray[np.int32]
    values: Array
    width: int

    @classmethod
    def of(cls, entries: Iterable[Entry], width: int) -> Sparse:
        """From triples of row, column and value; those of one place add up."""
        found: dict[tuple[int, int], float] = {}
        for row, column, value in entries:
            found[row, column] = found.get((row, column), 0.0) + value
        places = sorted(place for place, value in found.items() if value)
        rows, columns = np.array(places, dtype=np.int32).reshape(-1, 2).T.copy()
        return cls(rows, columns, np.array([found[place] for place in places]), width)

    def entries(self) -> Iterable[Entry]:
        """Triples of row, column and value."""
        return zip(self.rows.tolist(), self.columns.tolist(), self.values.tolist(), strict=True)

    def then(self, other: Sparse) -> Sparse:
        """The product self @ other."""
        below: dict[int, list[tuple[int, float]]] = {}
        for row, column, value in other.entries():
            below.setdefault(row, []).append((column, value))
        products = (
            (row, column, value * further)
            for row, middle, value in self.entries()
            for column, further in below.get(middle, ())
        )
        return Sparse.of(products, other.width)

    def apply(self, left: Array) -> Array:
        """The product left @ self, for left of shape (H, N).

        Without BLAS, whose threads would wait for each other where processors are busy.
        """
        result = np.zeros([len(left), self.width])
        multiply = _multiply()
        if multiply is None:
            for h, row in enumerate(left):
                result[h] = np.bincount(self.columns, row[self.rows] * self.values, self.width)
            return result
        left = np.ascontiguousarray(left, dtype=np.float64)
        arrays = (self.rows, self.columns, self.values)
        right = _CoreSparse(len(self.values), self.width, *(each.ctypes.data for each in arrays))
        multiply(ctypes.byref(right), len(left), left.ctypes.data, left.shape[1], result.ctypes.data)
        return result


@functools.cache
def _multiply() -> Callable[..., None] | None:
    """The product of the compiled core with its types, or None."""
    core = load_core()
    if core is None:
        return None
    multiply: Any = core.core_multiply_sparse
    whole, place = ctypes.c_int64, ctypes.c_void_p
    multiply.argtypes = (ctypes.POINTER(_CoreSparse), whole, place, whole, place)
    multiply.restype = None
    found: Callable[..., None] = multiply
    return found
