"""Sparse matrices of derivatives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twitchdx.numerics import Array


@dataclass(frozen=True, slots=True, eq=False)
class Sparse:
    """A sparse matrix of numbers by something else, column after column."""

    rows: NDArray[np.intp]
    values: Array
    starts: NDArray[np.intp]  # of the columns that are not empty
    columns: NDArray[np.intp]
    width: int

    @classmethod
    def of(cls, entries: Sequence[tuple[int, int, float]], width: int) -> Sparse:
        """From triples of row, column and value; those of one place add up."""
        if not entries:
            none = np.zeros(0, dtype=np.intp)
            return cls(none, np.zeros(0), none, none, width)
        rows, columns, values = (np.array(each) for each in zip(*entries, strict=True))
        order = np.argsort(columns, kind="stable")
        columns = columns[order].astype(np.intp)
        starts = np.flatnonzero(np.r_[True, np.diff(columns) > 0])
        return cls(
            rows[order].astype(np.intp), values[order].astype(np.float64), starts, columns[starts], width
        )

    def entries(self) -> list[tuple[int, int, float]]:
        """Triples of row, column and value."""
        columns = np.repeat(self.columns, np.diff([*self.starts, len(self.rows)]))
        return list(zip(self.rows.tolist(), columns.tolist(), self.values.tolist(), strict=True))

    def then(self, other: Sparse) -> Sparse:
        """The product self @ other."""
        below: dict[int, list[tuple[int, float]]] = {}
        for row, column, value in other.entries():
            below.setdefault(row, []).append((column, value))
        found: dict[tuple[int, int], float] = {}
        for row, middle, value in self.entries():
            for column, further in below.get(middle, ()):
                found[row, column] = found.get((row, column), 0.0) + value * further
        return Sparse.of([(*place, value) for place, value in found.items()], other.width)

    def apply(self, left: Array) -> Array:
        """The product left @ self, for left of shape (H, N).

        Without BLAS, whose threads would wait for each other where processors are busy.
        """
        result = np.zeros([self.width, len(left)])
        if len(self.rows):
            # Row after row of the transpose: each is read and written in one piece.
            taken = np.ascontiguousarray(left.T)[self.rows]
            taken *= self.values[:, None]
            result[self.columns] = np.add.reduceat(taken, self.starts, axis=0)
        return result.T
