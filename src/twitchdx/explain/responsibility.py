"""Which causes explain the complaint: responsibility, on the network augmented by contributions.

In a noisy-MAX each parent makes a contribution, and the variable takes the greatest. A cause *reaches* the
complaint when its contribution, directly or along a chain of such arrows, equals the grade that the
variable takes. Here every contribution that can begin such a chain becomes a node, and so does every
"cause k reaches variable X"; the marginal of the last is the responsibility. Any engine can answer.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from twitchdx.engines import Engine
from twitchdx.network import RESERVED, Network, Node, NoisyMax, Table
from twitchdx.numerics import Array, read_only

_NO_YES = ("no", "yes")
#: Stands for "some cause", beside the names of the causes.
_ANY = ""


@dataclass(frozen=True, slots=True, eq=False)
class Responsibility:
    """How much of the complaint each cause explains.

    Attributes
    ----------
    of : mapping of str to float
        Cause -> P(its contribution reaches the complaint, at the grade that the complaint has, above
        the first | evidence). Chains overlap, so these may sum to more than 1.
    unexplained : float
        P(the complaint is present and no cause reaches it | evidence): nothing but the leak, or a
        parent that is no cause.
    """

    of: Mapping[str, float]
    unexplained: float


def responsibility(
    network: Network,
    complaint: str,
    causes: Collection[str],
    likelihoods: Mapping[str, Array],
    engine: Engine,
) -> Responsibility | None:
    """Responsibility of every cause for the complaint.

    r_k = P(k reaches the complaint at its grade > 0 | evidence)

    For a two-state complaint without descendants in the evidence, reached directly by a link w, this is
    w P(k present, complaint unobserved, rest of the evidence) / P(evidence).

    Parameters
    ----------
    network : Network
        The compiled network.
    complaint : str
        The finding to explain.
    causes : collection of str
        The variables with the role of a cause.
    likelihoods : mapping of str to float64 array
        The evidence; it must be possible.
    engine : Engine
        Computes the marginals.

    Returns
    -------
    Responsibility or None
        None where the complaint is certainly absent, or nothing is observed about it or anything
        downstream of it.

    References
    ----------
    Pearl (1988), section 4.3.2 (inhibitors); Heckerman and Breese (1996), causal independence.
    """
    if not network.descendants([complaint]) & set(likelihoods):
        return None
    if complaint in likelihoods and not likelihoods[complaint][1:].any():
        return None
    augmented = augment(network, complaint, frozenset(causes))
    targets = [*augmented.reaching.values(), augmented.unexplained]
    marginals = engine.answer(augmented.network, likelihoods, targets).marginals
    return Responsibility(
        {
            cause: float(marginals[augmented.reaching[cause]][1]) if cause in augmented.reaching else 0.0
            for cause in causes
        },
        float(marginals[augmented.unexplained][1]),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Augmented:
    """A network with its contributions as nodes.

    Attributes
    ----------
    network : Network
        The original variables with the original distribution, and the added nodes.
    reaching : mapping of str to str
        Cause -> the node "this cause reaches the complaint", of causes from which a chain runs.
    unexplained : str
        The node "the complaint is present and no cause reaches it".
    """

    network: Network
    reaching: Mapping[str, str]
    unexplained: str


@functools.lru_cache(maxsize=8)
def augment(network: Network, complaint: str, causes: frozenset[str]) -> Augmented:
    """Add the contributions, and who reaches what, along every chain into the complaint."""
    carriers = _carriers(network, complaint)
    # Parents before children, so that what reaches a parent is known when its child is built.
    chain = [name for name in network if name in carriers]
    reached_by: dict[str, set[str]] = {}
    nodes: list[Node] = [node for name, node in network.items() if name not in carriers]
    for name in chain:
        node = network[name]
        noisy = carriers[name]
        sources = {
            parent: ({parent} if parent in causes else set()) | reached_by.get(parent, set())
            for parent in noisy.producers
        }
        sources = {parent: each for parent, each in sources.items() if each}
        reached_by[name] = set().union(*sources.values()) if sources else set()
        nodes.extend(_explicit(network, node, noisy, tuple(sources)))
        for cause in sorted(reached_by[name]):
            via = [parent for parent, each in sources.items() if cause in each]
            nodes.extend(_reaching(node, cause, via, {cause}))
        if sources:
            nodes.extend(_reaching(node, _ANY, list(sources), causes))
    reaching = {cause: _reach_name(cause, complaint) for cause in sorted(reached_by.get(complaint, ()))}
    nodes.append(_unexplained(network[complaint], explained=bool(reaching)))
    return Augmented(Network(nodes), reaching, nodes[-1].name)


def _carriers(network: Network, complaint: str) -> dict[str, NoisyMax]:
    """The noisy nodes from which noisy arrows lead to the complaint, and the complaint itself."""
    carriers: dict[str, NoisyMax] = {}
    waiting = [complaint]
    while waiting:
        name = waiting.pop()
        mechanism = network[name].mechanism
        if isinstance(mechanism, NoisyMax) and name not in carriers:
            carriers[name] = mechanism
            waiting.extend(mechanism.producers)
    return carriers


def _explicit(network: Network, node: Node, noisy: NoisyMax, sources: tuple[str, ...]) -> Iterator[Node]:
    """The node again, with the contributions of some producers as nodes and their running maximum."""
    grades = len(node.states)
    greatest: str | None = None
    for parent, reach in zip(noisy.producers, noisy.reach, strict=True):
        if parent not in sources:
            continue
        contribution = _contribution_name(parent, node.name)
        upper = np.concatenate([np.ones([len(reach), 1]), reach], axis=1)
        lower = np.concatenate([reach, np.zeros([len(reach), 1])], axis=1)
        yield Node(contribution, node.states, Table((parent,), read_only(upper - lower)))
        yield _equals(contribution, node)
        if greatest is None:
            greatest = contribution
        else:
            running = f"{node.name}{RESERVED}greatest{RESERVED}{parent}"
            maximum = np.maximum.outer(np.arange(grades), np.arange(grades))
            yield Node(
                running, node.states, Table((greatest, contribution), read_only(np.eye(grades)[maximum]))
            )
            greatest = running
    others = [index for index, parent in enumerate(noisy.producers) if parent not in sources]
    producers = tuple(noisy.producers[index] for index in others)
    reaches = tuple(noisy.reach[index] for index in others)
    if greatest is not None:
        producers = (greatest, *producers)
        reaches = (read_only(np.tri(grades, grades - 1, k=-1)), *reaches)
    yield Node(
        node.name, node.states, NoisyMax(producers, reaches, noisy.leak, noisy.inhibitors, noisy.passes)
    )


def _equals(contribution: str, node: Node) -> Node:
    """Whether a contribution is the grade that the variable takes, above the first."""
    grades = len(node.states)
    equal = np.eye(grades)
    equal[0, 0] = 0.0
    return Node(
        f"{contribution}{RESERVED}equals",
        _NO_YES,
        Table((contribution, node.name), read_only(np.stack([1.0 - equal, equal], axis=-1))),
    )


def _reaching(node: Node, cause: str, via: list[str], direct: Collection[str]) -> Iterator[Node]:
    """Whether a cause reaches the node, through one parent after another: an OR of ANDs."""
    before: str | None = None
    for position, parent in enumerate(via):
        last = position == len(via) - 1
        parts = [f"{_contribution_name(parent, node.name)}{RESERVED}equals"]
        if parent not in direct:
            parts.append(_reach_name(cause, parent))
        this = np.zeros([2] * len(parts))
        this[(1,) * len(parts)] = 1.0
        if before is not None:
            this = np.maximum(np.array([0.0, 1.0]).reshape([2] + [1] * len(parts)), this)
            parts.insert(0, before)
        name = _reach_name(cause, node.name) + ("" if last else f"{RESERVED}{parent}")
        yield Node(name, _NO_YES, Table(tuple(parts), read_only(np.stack([1.0 - this, this], axis=-1))))
        before = name


def _unexplained(complaint: Node, *, explained: bool) -> Node:
    present = np.ones(len(complaint.states))
    present[0] = 0.0
    parents: tuple[str, ...] = (complaint.name,)
    if explained:
        parents = (complaint.name, _reach_name(_ANY, complaint.name))
        present = np.outer(present, [1.0, 0.0])
    name = f"{complaint.name}{RESERVED}unexplained"
    return Node(name, _NO_YES, Table(parents, read_only(np.stack([1.0 - present, present], axis=-1))))


def _contribution_name(parent: str, child: str) -> str:
    return f"{child}{RESERVED}from{RESERVED}{parent}"


def _reach_name(cause: str, name: str) -> str:
    return f"{name}{RESERVED}reached_by{RESERVED}{cause or 'any'}"
