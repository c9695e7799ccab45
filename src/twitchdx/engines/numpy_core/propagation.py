"""One pass forward through a plan, and one backward."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twitchdx.engines.numpy_core.planning import Plan
from twitchdx.engines.numpy_core.scaling import scaled
from twitchdx.numerics import Array


@dataclass(frozen=True, slots=True, eq=False)
class Pass:
    """What a pass forward has computed.

    Attributes
    ----------
    tables : list of float64 array
        The tables that were given, then the result of every step, scaled.
    factors : list of float
        Their product, times the power of two, is the total; the list stops at the first 0.
    exponent : int
        The power of two.
    """

    tables: list[Array]
    factors: list[float]
    exponent: int


def forward(plan: Plan, tables: list[Array]) -> Pass:
    """Sum the product of tables over all variables."""
    tables = list(tables)
    total = 0
    for step in plan.steps:
        second = tables[step.second] if step.constant is None else step.constant
        table, exponent = scaled(step.forward(tables[step.first], second))
        tables.append(table)
        total += exponent
    return Pass(tables, [float(tables[root]) for root in plan.roots], total)


def backward(plan: Plan, done: Pass, given: int) -> dict[int, Array]:
    """Derivatives of the total by the tables that are wanted, each up to a positive factor of its own.

    No table is used twice, so that each adjoint comes from one step only and can be scaled at will.

    Parameters
    ----------
    plan : Plan
        The program.
    done : Pass
        What the pass forward computed; its total is positive.
    given : int
        Number of tables that were given.

    Returns
    -------
    dict of int to float64 array
        Slot -> adjoint, of the wanted tables and of what was computed from them.
    """
    adjoints: dict[int, Array] = {root: np.ones(()) for root in plan.roots}
    for place in range(len(plan.steps) - 1, -1, -1):
        step = plan.steps[place]
        if step.to_first is None and step.to_second is None:
            continue
        adjoint = adjoints.pop(given + place)
        first = done.tables[step.first]
        if step.to_first is not None:
            second = done.tables[step.second] if step.constant is None else step.constant
            adjoints[step.first], _ = scaled(step.to_first(adjoint, second))
        if step.to_second is not None:
            adjoints[step.second], _ = scaled(step.to_second(adjoint, first))
    return adjoints
