"""Equal rows: each is computed once, and rows that share a pattern stand together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twitchdx.engines import UNOBSERVED

# Odd numbers without pattern (the digits of the golden ratio, and of pi), so that sums of products of
# small codes spread over all 64 bits.
_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_START = np.uint64(0x243F6A8885A308D3)
_HALF = np.uint64(32)


@dataclass(frozen=True, slots=True, eq=False)
class Grouped:
    """Rows by what they hold.

    Attributes
    ----------
    order : integer array, shape (B,)
        The rows, equal ones next to each other, and those of one pattern together.
    starts : integer array, shape (U + 1,)
        Where in the order each of the U different rows begins, and the end of the last.
    """

    order: NDArray[np.intp]
    starts: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def first(self) -> NDArray[np.intp]:
        """One row of each kind."""
        return self.order[self.starts[:-1]]

    def scatter(self, start: int, stop: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The rows of some kinds, and for each row its kind, counted from `start`."""
        members = self.order[self.starts[start] : self.starts[stop]]
        kinds = np.repeat(np.arange(stop - start), np.diff(self.starts[start : stop + 1]))
        return members, kinds


def group_rows(codes: NDArray[np.signedinteger[Any]]) -> Grouped:
    """Find the different rows of a matrix of codes.

    Parameters
    ----------
    codes : signed integer array, shape (B, variables)
        As in `Rows`.

    Notes
    -----
    Rows are sorted by a hash, and neighbours of the same hash compared: exact, at a fraction of the cost
    of sorting the rows themselves. The pattern of a row is which variables it observes, and which of
    these in another than the first state; engines prune and fold by it.
    """
    keys = _hash(codes)
    order = np.lexsort((keys, _hash(np.clip(codes, UNOBSERVED - 1, 1))))
    changes = keys[order[1:]] != keys[order[:-1]]
    if not _equal_within(codes, order, changes):  # two different rows of one hash: about never
        order = np.lexsort(codes.T[::-1]) if codes.shape[1] else order
        changes = (codes[order[1:]] != codes[order[:-1]]).any(axis=1)
    return Grouped(order, np.concatenate([[0], np.flatnonzero(changes) + 1, [len(codes)]])[: len(codes) + 1])


def _hash(codes: NDArray[np.signedinteger[Any]]) -> NDArray[np.uint64]:
    hashes = np.full(len(codes), _START)
    for column in codes.T:
        hashes += column.astype(np.uint64)
        hashes *= _SPREAD
        hashes ^= hashes >> _HALF
    return hashes


def _equal_within(
    codes: NDArray[np.signedinteger[Any]], order: NDArray[np.intp], changes: NDArray[np.bool_]
) -> bool:
    """Whether neighbours in the order are equal wherever nothing changes."""
    same = np.flatnonzero(~changes)
    return all(bool((column[order[same]] == column[order[same + 1]]).all()) for column in codes.T)
