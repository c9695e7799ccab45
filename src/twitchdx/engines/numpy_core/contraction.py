"""Two tables become one: a product, joined at the hubs, summed over what is gone.

Two tables a and b and the adjoint g of their result meet in one sum of positive terms, a * b * g over all
axes. A contraction is that sum without one of the three: without g it gives the result, without a or b its
derivative by them. At a hub that all three have, two of them hold contributions and one says what the greater
of both is worth, so the sum has there a tensor

J[i, j, k] = [k = max(i, j)] = sum_r F[r, i] S[r, j] G[r, k]

for the three; whichever of them is left out, this joins, absorbs, or does what the derivative of these does.
Of L classes, r has 2 L - 1 values: the first contribution is k and the second is not above it, or the second
is k and the first is below. F, S and G are 0 or 1, so nothing is subtracted. (With subtraction L values would
do: a product of cumulative sums, then differences, which lose the digits of what is rare.)
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from string import ascii_letters

import numpy as np

from twitchdx.numerics import Array, read_only

# Products of more terms spread their tables over r first. With fewer, einsum takes all of J, zeros included:
# one call in place of three for every hub.
_MANY_TERMS = 4096


@dataclass(frozen=True, slots=True)
class Operand:
    """The axes of a table.

    Attributes
    ----------
    scope : tuple of int
        Variables and hubs.
    caps : frozenset of int
        Hubs for which it says what a class is worth; for its other hubs it says how probable a class is.
    """

    scope: tuple[int, ...]
    caps: frozenset[int]


class Meeting:
    """Two tables and the adjoint of their result.

    Parameters
    ----------
    first, second, result : Operand
        The tables; what is not in the scope of the result is summed out.
    sizes : sequence of int
        Size of every axis.
    hubs : frozenset of int
        Which axes are hubs.
    """

    __slots__ = ("joins", "symbols", "terms")

    def __init__(
        self, first: Operand, second: Operand, result: Operand, sizes: Sequence[int], hubs: frozenset[int]
    ) -> None:
        scopes = [first.scope, second.scope, result.scope]
        shared = hubs.intersection(first.scope).intersection(second.scope).intersection(result.scope)
        caps = [first.caps, second.caps]
        self.joins: list[Join] = []
        self.symbols = [list(scope) for scope in scopes]
        self.terms = math.prod(sizes[index] for index in {*first.scope, *second.scope})
        for index in sorted(shared):
            # One symbol of its own for each table, where else one symbol serves all three.
            own = [-1 - 3 * index - holder for holder in range(3)]
            for symbols, symbol in zip(self.symbols, own, strict=True):
                symbols[symbols.index(index)] = symbol
            # The adjoint of contributions is a cap, and the other way round.
            cap = next((holder for holder, each in enumerate(caps) if index in each), 2)
            x, y = (symbol for holder, symbol in enumerate(own) if holder != cap)
            self.joins.append(Join((x, y, own[cap]), sizes[index]))
            self.terms *= sizes[index] ** 2

    def forward(self) -> Contraction:
        """First and second table to the result."""
        return self._contraction(0, 1, 2)

    def to_first(self) -> Contraction:
        """Adjoint of the result and second table to the adjoint of the first."""
        return self._contraction(2, 1, 0)

    def to_second(self) -> Contraction:
        """Adjoint of the result and first table to the adjoint of the second."""
        return self._contraction(2, 0, 1)

    def _contraction(self, left: int, right: int, out: int) -> Contraction:
        operands = [self.symbols[left], self.symbols[right], self.symbols[out]]
        if self.terms <= _MANY_TERMS or not self.joins:
            spec = _spec([*operands[:2], *(join.symbols for join in self.joins)], operands[2])
            return Product(spec, tuple(join_tensor(join.size) for join in self.joins))
        spreads = tuple(
            tuple(
                (symbols.index(join.symbols[role]), spreading(join.size)[role])
                for join in self.joins
                for role in range(3)
                if join.symbols[role] in symbols
            )
            for symbols in operands
        )
        meets = {symbol: join.symbols[0] for join in self.joins for symbol in join.symbols}
        left_, right_, out_ = ([meets.get(symbol, symbol) for symbol in each] for each in operands)
        return SpreadProduct(_spec([left_, right_], out_), *spreads)


@dataclass(frozen=True, slots=True)
class Join:
    """A hub that three tables have: the symbols of two contributions and a cap, and the number of classes."""

    symbols: tuple[int, int, int]
    size: int


@dataclass(frozen=True, slots=True, eq=False)
class Product:
    """A contraction in one go.

    Attributes
    ----------
    spec : str
        In the notation of `numpy.einsum`.
    joins : tuple of float64 array
        The tensor J of each hub.
    """

    spec: str
    joins: tuple[Array, ...]

    def __call__(self, left: Array, right: Array) -> Array:
        """The third table."""
        result: Array = np.einsum(self.spec, left, right, *self.joins)
        return result


Spread = tuple[tuple[int, Array], ...]


@dataclass(frozen=True, slots=True, eq=False)
class SpreadProduct:
    """A contraction of tables that are spread over r at the hubs, one axis after another.

    Attributes
    ----------
    spec : str
        Of the spread tables, in the notation of `numpy.einsum`.
    left, right, out : tuple of (int, float64 array of shape (2 L - 1, L))
        Axis of each hub, and its F, S or G.
    """

    spec: str
    left: Spread
    right: Spread
    out: Spread

    def __call__(self, left: Array, right: Array) -> Array:
        """The third table."""
        for axis, matrix in self.left:
            left = _apply(matrix, left, axis)
        for axis, matrix in self.right:
            right = _apply(matrix, right, axis)
        result: Array = np.einsum(self.spec, left, right)
        for axis, matrix in self.out:
            result = _apply(matrix.T, result, axis)
        return result


Contraction = Product | SpreadProduct


def _apply(matrix: Array, table: Array, axis: int) -> Array:
    """A matrix times every column along an axis."""
    before, after = table.shape[:axis], table.shape[axis + 1 :]
    columns = table.reshape(math.prod(before), table.shape[axis], math.prod(after))
    result: Array = np.matmul(matrix, columns).reshape(*before, len(matrix), *after)
    return result


@functools.cache
def join_tensor(size: int) -> Array:
    """J[i, j, k] = [k = max(i, j)] for classes 0 .. size - 1."""
    numbers = np.arange(size)
    return read_only(np.maximum.outer(numbers, numbers)[:, :, None] == numbers)


@functools.cache
def spreading(size: int) -> tuple[Array, Array, Array]:
    """F, S and G, each of shape (2 L - 1, L): a positive decomposition of J."""
    own, up_to = np.eye(size), np.tri(size)
    below = up_to[:-1]
    return (
        read_only(np.concatenate([own, below])),
        read_only(np.concatenate([up_to, own[1:]])),
        read_only(np.concatenate([own, own[1:]])),
    )


def _spec(operands: Iterable[Iterable[int]], result: Iterable[int]) -> str:
    """The notation of `numpy.einsum`, with letters for symbols in the order of their appearance."""
    letters: dict[int, str] = {}

    def spelled(symbols: Iterable[int]) -> str:
        return "".join(letters.setdefault(each, ascii_letters[len(letters)]) for each in symbols)

    return f"{','.join(spelled(each) for each in operands)}->{spelled(result)}"
