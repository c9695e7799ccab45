"""What variables that are learnt together may turn out to be: every joint result, in one batch.

A result is one more observation. Where a variable has one parent that is not observed, and no children, its
results follow from the states of that parent,

    P(result, cause | evidence) = sum over x of P(result | x) P(x, cause | evidence),

so that the states of the parent are asked for in its place: they are fewer, and tests of one disorder share
them. All rows of all variables are answered together.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product

import numpy as np
from numpy.typing import NDArray

from twitchdx.engines import UNOBSERVED, Answers, Engine, Rows
from twitchdx.network import Table
from twitchdx.numerics import Array, read_only
from twitchdx.steps import Weighing, negligible
from twitchdx.whatif import Subject

Flags = NDArray[np.bool_]

#: Variables that are learnt together.
Bundle = tuple[str, ...]
#: Variable and index of its state, of everything that is supposed.
Supposed = tuple[tuple[str, int], ...]

# A result less probable than this, given the evidence, does not happen: its posterior would be rounding.
_NEVER = 1e-12
# A difference that is at least this share of the whole keeps eleven digits.
_LEFT = 1e-4
# Of a bundle with more joint results than this nothing is computed, and with so many the plan is slow.
_MOST, _AFFORDABLE = 4096, 100


@dataclass(frozen=True, slots=True, eq=False)
class Results:
    """The possible joint results of one bundle, R of them.

    Attributes
    ----------
    bundle : tuple of str
        The variables, V of them.
    states : int array, shape (R, V)
        Index of the state of each variable.
    probability : float64 array, shape (R,)
        P(result | evidence); they sum to 1.
    marginals : mapping of str to float64 array, shape (R, states of the cause)
        P(cause | evidence, result) of every cause.
    carried : float64 array, shape (R, X)
        P(joint state of the carriers | evidence, result).
    places : int array, shape (X,)
        The rows of the batch in which these joint states are supposed.
    """

    bundle: Bundle
    states: NDArray[np.intp]
    probability: Array
    marginals: Mapping[str, Array]
    carried: Array
    places: NDArray[np.intp]

    def supposed(self) -> list[Supposed]:
        """Each result as what is supposed."""
        return [tuple(zip(self.bundle, each, strict=True)) for each in self.states.tolist()]


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """The rows that were answered together, K of them, the first with nothing supposed."""

    rows: Rows
    answers: Answers

    def measure(
        self,
        engine: Engine,
        weighing: Weighing,
        found: Sequence[Results],
        bounds: tuple[Array, Array],
        wanted: Flags,
    ) -> tuple[Array, Flags]:
        """What comes about after each result, exactly where it is wanted, as `Weighing.measure` gives it.

        It is the mean over the joint states of the carriers, so that only these are asked for.

        Parameters
        ----------
        engine : Engine
            Computes P(evidence).
        weighing : Weighing
            The levels of care, L of them, with O outcomes.
        found : sequence of Results
            The results, one after another N of them.
        bounds : pair of float64 array, shape (N, O, L)
            From `Weighing.bounds`.
        wanted : bool array, shape (N, L)
            The levels at which the outcomes are wanted.
        """
        asked = np.zeros([len(self.rows.codes), wanted.shape[1]], dtype=np.bool_)
        starts = np.cumsum([0, *(len(each.probability) for each in found)])
        for each, start in zip(found, starts.tolist(), strict=False):
            needs = (each.carried > 0.0).T @ wanted[start : start + len(each.probability)]
            asked[each.places] |= needs
        chosen = np.flatnonzero(asked.any(axis=1))
        low, high = bounds
        chances = low.copy()
        wide = np.zeros(len(wanted), dtype=np.bool_)
        if not chosen.size:
            return chances, wide
        marginals = {cause: each[chosen] for cause, each in self.answers.marginals.items()}
        part = Rows(self.rows.variables, self.rows.codes[chosen], self.rows.likelihoods)
        log_evidence = self.answers.log_evidence[chosen]
        near, far = weighing.bounds(marginals)
        # Joint states that are next to impossible, or that the bounds settle, need no more.
        range_ = (weighing.utilities(near) - weighing.utilities(far)).max(axis=1)
        share = np.exp(log_evidence - self.answers.log_evidence[0])
        needed = asked[chosen] & ~negligible(share * range_)[:, None]
        measured, refused = weighing.measure(engine, part, log_evidence, (near, far), needed)
        by_row = np.zeros([len(asked), *measured.shape[1:]])
        by_row[chosen] = measured
        untold = np.zeros(len(asked), dtype=np.bool_)
        untold[chosen] = refused
        for each, start in zip(found, starts.tolist(), strict=False):
            part_of = slice(start, start + len(each.probability))
            mixed = np.einsum("rx,xol->rol", each.carried, by_row[each.places])
            exact = np.clip(mixed, low[part_of], high[part_of])
            chances[part_of] = np.where(wanted[part_of][:, None, :], exact, low[part_of])
            wide[part_of] = ((each.carried > 0.0) & untold[each.places]).any(axis=1)
        return chances, wide


@dataclass(frozen=True, slots=True, eq=False)
class _Carrier:
    """What is supposed in place of a variable, and what that says of it.

    Attributes
    ----------
    name : str
        The variable itself, or its parent.
    tells : float64 array, shape (states of the carrier, states of the variable)
        P(variable | carrier).
    """

    name: str
    tells: Array


def suppose(subject: Subject, supposed: Sequence[Supposed]) -> Rows:
    """The evidence of one patient with something more in each row."""
    network, likelihoods = subject.network, subject.evidence.likelihoods
    names = (*likelihoods, *dict.fromkeys(name for each in supposed for name, _ in each))
    column = {name: place for place, name in enumerate(names)}
    codes = np.full([len(supposed), len(names)], UNOBSERVED, dtype=np.int32)
    codes[:, : len(likelihoods)] = UNOBSERVED - 1
    for row, each in enumerate(supposed):
        for name, state in each:
            codes[row, column[name]] = state
    vectors = tuple(
        likelihoods[name][None, :] if name in likelihoods else np.empty([0, network.cardinality(name)])
        for name in names
    )
    return Rows(names, codes, vectors)


def find_results(subject: Subject, bundles: Iterable[Bundle]) -> tuple[Batch, list[Results], list[Bundle]]:
    """The joint results of some bundles of variables that are not observed, exactly.

    Parameters
    ----------
    subject : Subject
        The patient.
    bundles : iterable of tuple of str
        The bundles.

    Returns
    -------
    Batch, list of Results, list of tuple of str
        What was asked; the results in the order of the bundles; and those bundles of which a result ties too
        many causes together, or that have too many results.
    """
    chosen = [(bundle, [_carrier(subject, name) for name in bundle]) for bundle in dict.fromkeys(bundles)]
    rows: dict[Supposed, int] = {(): 0}
    asked: list[tuple[Bundle, list[_Carrier], list[Supposed]]] = []
    refused = []
    for bundle, carriers in chosen:
        supposed = _combinations(subject, carriers)
        if supposed is None:
            refused.append(bundle)
            continue
        asked.append((bundle, carriers, supposed))
        for each in supposed:
            rows.setdefault(each, len(rows))
    batch = suppose(subject, list(rows))
    answers = _answer(subject, batch, list(rows))
    found = []
    for bundle, carriers, supposed in asked:
        places = np.array([rows[each] for each in supposed])
        if (answers.cells[places] > 0.0).any():
            refused.append(bundle)
        else:
            found.append(_mix(subject, bundle, carriers, supposed, answers, places))
    return Batch(batch, answers), found, refused


def _answer(subject: Subject, batch: Rows, supposed: Sequence[Supposed]) -> Answers:
    """The answers to all rows, of which the first supposes nothing.

    What is left when all other states of a variable are answered is the difference to the first row, where
    that keeps its digits: findings that are present cost the most.
    """
    at = {each: row for row, each in enumerate(supposed)}
    others: dict[int, list[int]] = {}
    for each, row in at.items():
        if len(each) == 1:
            ((name, state),) = each
            if state == subject.network.cardinality(name) - 1:
                rest = [at.get(((name, lower),)) for lower in range(state)]
                if None not in rest:
                    others[row] = [place for place in rest if place is not None]
    direct = np.array([row for row in range(len(supposed)) if row not in others])
    answers = _blank(subject, len(supposed))
    _ask(subject, batch, direct, answers)
    left = [row for row, rest in others.items() if not _subtract(subject, answers, row, rest)]
    if left:
        _ask(subject, batch, np.array(left), answers)
    return answers


def _blank(subject: Subject, rows: int) -> Answers:
    marginals = {cause: np.zeros([rows, subject.network.cardinality(cause)]) for cause in subject.causes}
    return Answers(np.full(rows, -np.inf), marginals, np.zeros(rows))


def _ask(subject: Subject, batch: Rows, chosen: NDArray[np.intp], answers: Answers) -> None:
    """Fill in the answers to some rows."""
    part = Rows(batch.variables, batch.codes[chosen], batch.likelihoods)
    found = subject.engine.answer_many(subject.network, part, subject.causes)
    answers.log_evidence[chosen] = found.log_evidence
    answers.cells[chosen] = found.cells
    for cause, each in found.marginals.items():
        answers.marginals[cause][chosen] = each


def _subtract(subject: Subject, answers: Answers, row: int, others: Sequence[int]) -> bool:
    """Fill in the answer to a row as the rest of others; False where that would lose too many digits."""
    if answers.cells[others].any():
        return False
    with np.errstate(invalid="ignore"):
        shares = np.exp(answers.log_evidence[others] - answers.log_evidence[0])
    share = 1.0 - float(shares.sum())
    if not share > _LEFT:
        return False
    masses = {}
    for cause in subject.causes:
        whole = answers.marginals[cause][0]
        masses[cause] = whole - shares @ answers.marginals[cause][others]
        if (masses[cause] < _LEFT * whole).any():
            return False
    for cause, mass in masses.items():
        answers.marginals[cause][row] = mass / share
    answers.log_evidence[row] = answers.log_evidence[0] + np.log(share)
    return True


def _carrier(subject: Subject, name: str) -> _Carrier:
    """The only parent that is not observed, where that is simpler; else the variable itself."""
    network, evidence = subject.network, subject.evidence
    mechanism = network[name].mechanism
    if isinstance(mechanism, Table) and not network.children[name]:
        left = [each for each in mechanism.parents if each not in evidence.states]
        if len(left) == 1 and left[0] not in evidence:
            at = tuple(
                slice(None) if each == left[0] else network[each].states.index(evidence.states[each])
                for each in mechanism.parents
            )
            if network.cardinality(left[0]) <= network.cardinality(name):
                return _Carrier(left[0], mechanism.values[at])
    return _Carrier(name, read_only(np.eye(network.cardinality(name))))


def affordable(subject: Subject, bundle: Bundle) -> Bundle:
    """The first variables of a bundle, as many as have few enough joint results to be judged together."""
    for count in range(len(bundle), 1, -1):
        carriers = {each.name for each in map(partial(_carrier, subject), bundle[:count])}
        if math.prod(map(subject.network.cardinality, carriers)) <= _AFFORDABLE:
            return bundle[:count]
    return bundle[:1]


def _combinations(subject: Subject, carriers: Sequence[_Carrier]) -> list[Supposed] | None:
    """All joint states of the carriers, each once; None where they are too many."""
    names = list(dict.fromkeys(each.name for each in carriers))
    states = [range(subject.network.cardinality(name)) for name in names]
    if math.prod(map(len, states)) > _MOST or math.prod(len(each.tells.T) for each in carriers) > _MOST:
        return None
    return [tuple(zip(names, each, strict=True)) for each in product(*states)]


def _mix(
    subject: Subject,
    bundle: Bundle,
    carriers: Sequence[_Carrier],
    supposed: Sequence[Supposed],
    answers: Answers,
    places: NDArray[np.intp],
) -> Results:
    """The results of a bundle from the rows of its carriers."""
    with np.errstate(invalid="ignore"):
        share = np.exp(answers.log_evidence[places] - answers.log_evidence[0])
    # P(joint result, joint state of the carriers | evidence), one axis of results after another.
    joint = share[:, None]
    for carrier in carriers:
        told = np.stack([carrier.tells[dict(each)[carrier.name]] for each in supposed])
        joint = (joint[:, :, None] * told[:, None, :]).reshape(len(supposed), -1)
    probability = joint.sum(axis=0)
    sizes = [len(each.tells.T) for each in carriers]
    states = np.stack(np.unravel_index(np.arange(len(probability)), sizes), axis=1)
    kept = probability > _NEVER
    weights = joint[:, kept] / probability[kept]
    marginals = {}
    for cause in subject.causes:
        # Not by BLAS, whose threads would wait for more while the engine works.
        marginals[cause] = read_only(np.einsum("xr,xs->rs", weights, answers.marginals[cause][places]))
    # Rounding of single answers must not leave them off their sum.
    chance = read_only(probability[kept] / probability[kept].sum())
    return Results(bundle, states[kept], chance, marginals, weights.T, places)
