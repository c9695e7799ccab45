"""The exact engine: every posterior of one patient or of many from one pass forward and one back.

The network is handed over once, flat, to the compiled core (see `core/core.h`); from then on a patient costs
microseconds. Where the core could not be compiled, `NumpyCore` does the same in numpy.
"""

from __future__ import annotations

import ctypes
import functools
import threading
import weakref
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twitchdx.engines.contract import UNOBSERVED, Answer, Answers, Hypothesis, Rows, Slopes
from twitchdx.engines.core import load_core
from twitchdx.engines.numpy_core import NumpyCore
from twitchdx.errors import EngineError, Issue, OptionError, Where
from twitchdx.network import Network, Table, numbers_of
from twitchdx.numerics import Array, read_only

#: Cells of all tables together that one patient may need: a value and its slope each, so 0.5 GiB, in a cohort
#: on every thread.
BUDGET = 2**25
# Offsets inside a table are 32-bit numbers.
_LIMIT = 2**31 - 1
# More patients than this are handed to the core at once only in pieces, so that an interrupt is heard.
_PIECE = 4096

# States and classes of a condition are bits of one number, "suppressed" among them.
_BITS = 63

_Ints = NDArray[np.int32]


class ExactEngine:
    """Exact posteriors by elimination in positive arithmetic.

    Evidence is folded into the part of the network that matters. What is left of each noisy node stays
    factored into its contributions; variables and noisy nodes are eliminated in a greedy order, and all
    marginals come from differentiating that one pass backwards (Darwiche 2003). No computed number is ever
    subtracted, so that the rarest cause has as many digits as the commonest.

    Parameters
    ----------
    budget : float, optional
        Cells of all tables together that one patient may need. An answer that needs more is refused before
        any of it is computed. A cell takes about 16 bytes.

    References
    ----------
    Darwiche (2003), Journal of the ACM 50(3), 280-305; Heckerman and Breese (1996), causal independence;
    Díez and Galán (2003), noisy-MAX factored.
    """

    name = "exact"
    questions_at_once = 64

    def __init__(self, budget: float = BUDGET) -> None:
        if isinstance(budget, bool) or not isinstance(budget, int | float) or not 0 < budget <= _LIMIT:
            fix = f"Give a number of cells from 1 to {_LIMIT}; the default is {BUDGET}."
            issue = Issue("error", "wrong-option", Where("budget"), f"found {budget!r}.", fix)
            raise OptionError("An option cannot be understood.", [issue])
        self.budget = budget

    def answer(self, network: Network, likelihoods: Mapping[str, Array], targets: Collection[str]) -> Answer:
        """P(target | evidence) for each target, and P(evidence); see `Engine.answer`."""
        compiled = _compiled(network)
        if compiled is None:
            return NumpyCore().answer(network, likelihoods, targets)
        names = sorted(likelihoods, key=compiled.index.__getitem__)
        vectors = [np.ascontiguousarray(likelihoods[name], dtype=np.float64) for name in names]
        compiled.check(names, [vector[None, :] for vector in vectors])
        codes = np.full((1, len(names)), UNOBSERVED - 1, dtype=np.int32)
        asked = compiled.ask(targets)
        log_evidence, marginals, cells = compiled.run(names, codes, vectors, asked, self.budget)
        if cells[0]:
            raise _no_answer(float(cells[0]), self.budget)
        if log_evidence[0] == -np.inf:
            return Answer(-np.inf, {})
        marginals.setflags(write=False)
        return Answer(
            float(log_evidence[0]), {name: marginals[0, a:b] for name, (a, b) in asked.columns.items()}
        )

    def answer_many(self, network: Network, rows: Rows, targets: Collection[str]) -> Answers:
        """The same for many patients, in the calling thread; see `Engine.answer_many`."""
        compiled = _compiled(network)
        if compiled is None:
            return NumpyCore().answer_many(network, rows, targets)
        order = sorted(range(len(rows.variables)), key=lambda k: compiled.index[rows.variables[k]])
        names = [rows.variables[k] for k in order]
        vectors = [np.ascontiguousarray(rows.likelihoods[k], dtype=np.float64) for k in order]
        compiled.check(names, vectors)
        asked = compiled.ask(targets)
        pieces = []
        for at in range(0, max(len(rows.codes), 1), _PIECE):
            codes = rows.codes[at : at + _PIECE, order]
            compiled.check_codes(names, codes, vectors)
            plain = np.ascontiguousarray(codes, dtype=np.int32)
            pieces.append(compiled.run(names, plain, vectors, asked, self.budget))
        log_evidence, marginals, cells = (np.concatenate(each) for each in zip(*pieces, strict=True))
        for each in (log_evidence, marginals, cells):
            each.setflags(write=False)
        return Answers(
            log_evidence, {name: marginals[:, a:b] for name, (a, b) in asked.columns.items()}, cells
        )

    def differentiate(
        self,
        network: Network,
        likelihoods: Mapping[str, Array],
        hypotheses: Sequence[Hypothesis],
    ) -> Slopes:
        """How P(evidence), and hypotheses with it, depend on the numbers of the network.

        See `Differentiating.differentiate`.
        """
        compiled = _compiled(network)
        # The core has a bit for each of the states that a condition allows.
        if compiled is None or any(
            compiled.sizes[each.variable] > _BITS for hypothesis in hypotheses for each in hypothesis
        ):
            return NumpyCore().differentiate(network, likelihoods, hypotheses)
        names = sorted(likelihoods, key=compiled.index.__getitem__)
        vectors = [np.ascontiguousarray(likelihoods[name], dtype=np.float64) for name in names]
        compiled.check(names, [vector[None, :] for vector in vectors])
        log_mass, slopes, cells = compiled.differentiate(names, vectors, hypotheses, self.budget)
        if cells:
            raise _no_answer(cells, self.budget)
        return Slopes(read_only(log_mass), read_only(slopes))


class _Hypotheses(ctypes.Structure):
    _fields_ = (
        ("count", ctypes.c_int64),
        ("first", ctypes.c_void_p),
        ("nodes", ctypes.c_void_p),
        ("parents", ctypes.c_void_p),
        ("allowed", ctypes.c_void_p),
    )


class _Derivatives(ctypes.Structure):
    _fields_ = (
        ("budget", ctypes.c_double),
        ("log_mass", ctypes.c_void_p),
        ("slopes", ctypes.c_void_p),
        ("cells", ctypes.c_void_p),
    )


class _Rows(ctypes.Structure):
    _fields_ = (
        ("count", ctypes.c_int64),
        ("n_variables", ctypes.c_int64),
        ("variables", ctypes.c_void_p),
        ("codes", ctypes.c_void_p),
        ("likelihoods", ctypes.c_void_p),
    )


class _Answers(ctypes.Structure):
    _fields_ = (
        ("n_targets", ctypes.c_int64),
        ("targets", ctypes.c_void_p),
        ("width", ctypes.c_int64),
        ("budget", ctypes.c_double),
        ("log_evidence", ctypes.c_void_p),
        ("marginals", ctypes.c_void_p),
        ("cells", ctypes.c_void_p),
    )


@functools.cache
def _core() -> ctypes.CDLL | None:
    """The compiled core with the types of its functions, or None."""
    core = load_core()
    if core is not None:
        core.core_network_new.argtypes = (ctypes.c_void_p, ctypes.c_void_p)
        core.core_network_new.restype = ctypes.c_void_p
        core.core_network_free.argtypes = (ctypes.c_void_p,)
        core.core_network_free.restype = None
        core.core_answer.argtypes = (ctypes.c_void_p, ctypes.POINTER(_Rows), ctypes.POINTER(_Answers))
        core.core_answer.restype = ctypes.c_int32
        core.core_differentiate.argtypes = (
            ctypes.c_void_p,
            ctypes.POINTER(_Rows),
            ctypes.POINTER(_Hypotheses),
            ctypes.POINTER(_Derivatives),
        )
        core.core_differentiate.restype = ctypes.c_int32
    return core


class _Asked:
    """What is wanted of a network: its nodes, and where each stands in a row of the result."""

    def __init__(self, nodes: _Ints, columns: Mapping[str, tuple[int, int]]) -> None:
        self.nodes = nodes
        self.columns = columns
        self.width = max((end for _, end in columns.values()), default=0)


class _Compiled:
    """A network in the memory of the core."""

    def __init__(self, core: ctypes.CDLL, network: Network) -> None:
        self.index = {name: number for number, name in enumerate(network)}
        self.sizes = {name: network.cardinality(name) for name in network}
        self.core = core
        self.asked: dict[tuple[str, ...], _Asked] = {}
        shape, numbers = _flatten(network, self.index)
        self.numbers = len(numbers)
        self.handle = core.core_network_new(_address(shape), _address(numbers))
        if not self.handle:
            raise MemoryError
        # Not at exit: a thread that is still at work may need it.
        weakref.finalize(self, core.core_network_free, self.handle).atexit = False

    def ask(self, targets: Collection[str]) -> _Asked:
        names = tuple(targets)
        found = self.asked.get(names)
        if found is None:
            if len(self.asked) > 64:  # whoever asks for ever new sets does not want them remembered
                self.asked.clear()
            ends = np.cumsum([0, *(self.sizes[name] for name in dict.fromkeys(names))]).tolist()
            columns = {name: (ends[k], ends[k + 1]) for k, name in enumerate(dict.fromkeys(names))}
            nodes = np.array([self.index[name] for name in columns], dtype=np.int32)
            found = self.asked[names] = _Asked(nodes, columns)
        return found

    def check(self, names: Sequence[str], vectors: Sequence[Array]) -> None:
        """That likelihoods have as many columns as their variables have states: the core trusts them."""
        for name, each in zip(names, vectors, strict=True):
            if each.ndim != 2 or each.shape[1] != self.sizes[name]:
                message = f"{name}: {self.sizes[name]} likelihoods are needed, found shape {each.shape}"
                raise ValueError(message)

    def check_codes(self, names: Sequence[str], codes: _Ints, vectors: Sequence[Array]) -> None:
        """That every code is a state, a row of likelihoods, or nothing."""
        if not len(codes):
            return
        for name, least, greatest, each in zip(
            names, codes.min(axis=0), codes.max(axis=0), vectors, strict=True
        ):
            if greatest >= self.sizes[name] or least < UNOBSERVED - len(each):
                message = f"{name}: codes from {least} to {greatest} are not all among its states and rows"
                raise ValueError(message)

    def run(
        self, names: Sequence[str], codes: _Ints, vectors: Sequence[Array], asked: _Asked, budget: float
    ) -> tuple[Array, Array, Array]:
        """Log evidence, marginals side by side, and cells, one row a patient."""
        count = len(codes)
        variables = np.array([self.index[name] for name in names], dtype=np.int32)
        pointers = (ctypes.c_void_p * max(len(names), 1))(*map(_address, vectors))
        log_evidence, cells = np.empty(count), np.empty(count)
        marginals = np.empty((count, asked.width))
        rows = _Rows(count, len(names), _address(variables), _address(codes), ctypes.addressof(pointers))
        out = _Answers(
            len(asked.nodes),
            _address(asked.nodes),
            asked.width,
            budget,
            _address(log_evidence),
            _address(marginals),
            _address(cells),
        )
        if self.core.core_answer(self.handle, ctypes.byref(rows), ctypes.byref(out)):
            raise MemoryError
        return log_evidence, marginals, cells

    def differentiate(
        self,
        names: Sequence[str],
        vectors: Sequence[Array],
        hypotheses: Sequence[Hypothesis],
        budget: float,
    ) -> tuple[Array, Array, float]:
        """Logs of the masses, slopes by every number, and cells."""
        variables = np.array([self.index[name] for name in names], dtype=np.int32)
        codes = np.full(len(names), UNOBSERVED - 1, dtype=np.int32)
        pointers = (ctypes.c_void_p * max(len(names), 1))(*map(_address, vectors))
        row = _Rows(1, len(names), _address(variables), _address(codes), ctypes.addressof(pointers))
        conditions = [condition for hypothesis in hypotheses for condition in hypothesis]
        first = np.cumsum([0, *map(len, hypotheses)], dtype=np.int64)
        nodes = np.array([self.index[each.variable] for each in conditions], dtype=np.int32)
        parents = np.array([each.parent for each in conditions], dtype=np.int32)
        allowed = np.array([sum(1 << k for k in each.allowed) for each in conditions], dtype=np.uint64)
        asked = _Hypotheses(len(hypotheses), *(_address(each) for each in (first, nodes, parents, allowed)))
        log_mass, cells = np.empty(len(hypotheses) + 1), np.empty(1)
        slopes = np.empty((len(hypotheses) + 1, self.numbers))
        out = _Derivatives(budget, _address(log_mass), _address(slopes), _address(cells))
        if self.core.core_differentiate(
            self.handle, ctypes.byref(row), ctypes.byref(asked), ctypes.byref(out)
        ):
            raise MemoryError
        return log_mass, slopes, float(cells[0])


def _address(array: NDArray[Any]) -> int:
    address: int = array.__array_interface__["data"][0]
    return address


def _flatten(network: Network, index: Mapping[str, int]) -> tuple[_Ints, Array]:
    """The network as `core_network_new` reads it: parents before children, one node after another."""
    shape: list[int] = [len(network)]
    numbers: list[Array] = [np.zeros(0)]
    for node in network.values():
        shape.append(len(node.states))
        mechanism = node.mechanism
        if isinstance(mechanism, Table):
            shape += [0, len(mechanism.parents), *(index[parent] for parent in mechanism.parents)]
        else:
            shape += [1, len(mechanism.producers), *(index[parent] for parent in mechanism.producers)]
            shape += [len(mechanism.inhibitors), *(index[parent] for parent in mechanism.inhibitors)]
        numbers += numbers_of(mechanism)
    return np.array(shape, dtype=np.int32), np.concatenate(numbers)


_COMPILED: weakref.WeakKeyDictionary[Network, _Compiled] = weakref.WeakKeyDictionary()
_COMPILING = threading.Lock()


def _compiled(network: Network) -> _Compiled | None:
    """The network in the core, handed over once; None where there is no core."""
    found = _COMPILED.get(network)
    if found is None:
        core = _core()
        if core is None:
            return None
        with _COMPILING:
            found = _COMPILED.get(network)
            if found is None:
                found = _COMPILED[network] = _Compiled(core, network)
    return found


def _no_answer(cells: float, budget: float) -> EngineError:
    if cells == np.inf:
        found, fix = (
            "numbers left the range of a float on the way.",
            "Withdraw observations that are all but impossible.",
        )
        issue = Issue("error", "out-of-range", Where("evidence"), found, fix)
        return EngineError("The evidence is too improbable to be computed with.", [issue])
    issue = Issue(
        "error",
        "too-wide",
        Where("evidence"),
        f"exact inference needs tables of {cells:.2g} cells or more, and the budget is {budget:.2g}.",
        "Observe more of what the findings have in common, or leave out some of the positive findings: each "
        "of them ties its causes together. With memory to spare, give `engine=ExactEngine(budget=...)` from "
        "`twitchdx.engines`; a cell takes about 16 bytes. No approximate engine is offered, since none "
        "reports its error.",
    )
    return EngineError("The evidence ties too many causes together for an exact answer.", [issue])
