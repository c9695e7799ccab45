"""What becomes of the complaint when a variable is set: prediction under intervention."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from twitchdx.answering import query
from twitchdx.assembly import Assembled
from twitchdx.engines import Engine
from twitchdx.errors import EvidenceError, Issue, Where
from twitchdx.evidence import Evidence, Observation, parse_value, unknown_variable
from twitchdx.network import RESERVED, Network, Node, NoisyMax, Table
from twitchdx.numerics import Array, read_only
from twitchdx.spec import Role
from twitchdx.whatif.parameters import require_spec
from twitchdx.whatif.records import Action, Intervention

_CHANGEABLE: frozenset[Role] = frozenset({"risk_factor", "cause", "process"})


def intervene(
    model: Assembled, evidence: Evidence, actions: Mapping[str, Any], engine: Engine, complaint: str
) -> Intervention:
    """The probability of each grade of the complaint after some variables are set, for one person.

    The evidence is about the person now. Then X is set to x, and the complaint is predicted as it will be
    once everything downstream has followed, all else as it is. These are Pearl's three steps:

    1. *What is known.* All evidence counts, also what was observed downstream of X: it tells of what X does
       not change. These are the variables that are no descendants of X, and the *resistances*: every arrow
       of a noisy-OR or noisy-MAX, every inhibitor and every table has one, U, uniform on [0, 1] and
       independent of all others. A parent in state k contributes at least grade g where
       U < P(contribution >= g | k); likewise an inhibitor lets the outcome pass, and a table gives at least
       its state s where U < P(at least s | parents). That adds up to the network as it is. A resistance
       belongs to the person and lasts.
    2. *The action.* The arrows into X are cut, and its mechanism is replaced by the certain state x.
    3. *The prediction.* Whatever is downstream of X follows from its parents, as they have become, and from
       its resistances.

    So a grade that another cause reaches stays; one that only chains from X reach is gone when X is set to
    its first state; and to set X to the state that it certainly has changes nothing. That resistances last is
    an assumption, and so is that one of them serves all states of a parent or all rows of a table, by which
    less of a cause never does more; the network by itself determines neither. No cause is ranked by this.

    Parameters
    ----------
    model : Assembled
        A model with roles.
    evidence : Evidence
        What was observed.
    actions : mapping of str to value
        Risk factor, cause or process -> the state to which it is set, as evidence is given to `diagnose`.
    engine : Engine
        Computes the probabilities.
    complaint : str
        The finding that is predicted.

    Raises
    ------
    EvidenceError
        An action cannot be understood; the error lists every problem.
    ImpossibleEvidenceError
        The observations exclude each other.

    References
    ----------
    Pearl (2009), Causality, 2nd edition: abduction, action and prediction (theorem 7.1.7), what such
    predictions take to persist (section 7.2.2), why a Bayesian network alone does not determine them (section
    1.4.4). Pearl (1988), section 4.3.2, and Heckerman and Breese (1996), for contributions as variables.
    """
    variables = require_spec(model).variables()
    chosen = _read_actions(actions, variables, complaint)
    network = model.network
    states = {name: network[name].states.index(str(each.state)) for name, each in chosen.items()}
    now = query(network, evidence, (complaint, *chosen), engine).marginals
    later = add_consequences(network, states, complaint)
    target = _later(complaint) if _later(complaint) in later else complaint
    after = query(later, evidence, (target,), engine).marginals[target]
    labels = tuple(variables[complaint][1].states)
    grade = _certain_grade(now[complaint])
    return Intervention(
        actions=tuple(
            Action(
                variable=name,
                label=variables[name][1].label,
                state=str(each.state),
                state_label=variables[name][1].states[str(each.state)],
                probability=float(now[name][states[name]]),
            )
            for name, each in chosen.items()
        ),
        complaint=complaint,
        label=variables[complaint][1].label,
        reaches=complaint in network.descendants(chosen),
        now=_named(labels, now[complaint]),
        after=_named(labels, after),
        persists_now=_from(now[complaint], 1),
        persists_after=_from(after, 1),
        no_better_after=None if grade is None else _from(after, grade),
    )


def _named(states: tuple[str, ...], marginal: Array) -> dict[str, float]:
    return dict(zip(states, marginal.tolist(), strict=True))


def _from(marginal: Array, grade: int) -> float:
    """P(at least this grade)."""
    return float(np.add.reduce(marginal[grade:]))


def _certain_grade(marginal: Array) -> int | None:
    """The grade that the complaint has, if that is certain and above the first."""
    (possible,) = np.nonzero(marginal)
    return int(possible[0]) if len(possible) == 1 and possible[0] > 0 else None


def _read_actions(
    actions: Mapping[str, Any], variables: Mapping[str, tuple[Role, Any]], complaint: str
) -> dict[str, Observation]:
    """Each variable that is set, with its state, or all that is wrong."""
    known = {name: variable for name, (_, variable) in variables.items()}
    issues: list[Issue] = []
    found: dict[str, Observation] = {}
    if not actions:
        fix = "Name a risk factor or a cause, and the state to which it is set."
        issues.append(Issue("error", "no-action", Where("actions"), "nothing is set.", fix))
    for name, value in actions.items():
        if not isinstance(name, str) or name not in known:
            issues.append(unknown_variable(name, known))
            continue
        if name == complaint or variables[name][0] not in _CHANGEABLE:
            message = "this is what is observed, not what is behind it."
            fix = "Set a risk factor, a cause or a process; `what_if` changes findings."
            issues.append(Issue("error", "not-to-be-set", Where(name), message, fix))
            continue
        read = parse_value(name, value, known[name])
        if isinstance(read, Issue):
            issues.append(read)
        elif read.state is None:
            fix = f"Give one of its states: {', '.join(known[name].states)}."
            issues.append(Issue("error", "not-a-state", Where(name), f"found {read.given}.", fix))
        else:
            found[name] = read
    if issues:
        count = len(issues)
        raise EvidenceError(
            f"The intervention cannot be understood: {count} problem{'s' * (count > 1)}.", issues
        )
    return found


def add_consequences(network: Network, states: Mapping[str, int], complaint: str) -> Network:
    """The network now, and beside it what follows when some variables are set.

    Parameters
    ----------
    network : Network
        The compiled network.
    states : mapping of str to int
        Variables that are set -> index of the state.
    complaint : str
        What is to be predicted.

    Returns
    -------
    Network
        The variables of the original with the same joint distribution, and for each that lies on a directed
        path from what is set to the complaint another one, as it will be.
    """
    downstream = network.descendants(states) - set(states)
    if complaint not in downstream:
        return network
    anew = downstream & network.ancestors([complaint])
    moving = anew | set(states)
    nodes: list[Node] = []
    for name, node in network.items():
        if name not in anew:
            nodes.append(node)
        elif isinstance(node.mechanism, NoisyMax):
            nodes += _Parts(node, node.mechanism, moving).nodes()
        else:
            nodes += [node, _follow_table(node, node.mechanism, network, moving)]
    nodes += [
        Node(
            _later(name), network[name].states, Table((), read_only(np.eye(network.cardinality(name))[state]))
        )
        for name, state in states.items()
    ]
    return Network(nodes)


def _later(name: str) -> str:
    return f"{name}{RESERVED}later"


class _Parts:
    """A noisy variable taken apart into what stays and what follows, so that it is put together twice.

    What the leak and the parents that do not move contribute stays, and its maximum is one variable; so
    does what their inhibitors let pass. What a moving parent contributes is a variable now and another later.
    """

    def __init__(self, node: Node, noisy: NoisyMax, moving: Collection[str]) -> None:
        self.node, self.noisy, self.moving = node, noisy, moving
        self.parts: list[Node] = []

    def nodes(self) -> list[Node]:
        """The variable, the same later, and their parts."""
        grades = len(self.node.states)
        whole = read_only(np.tri(grades, grades - 1, k=-1))
        kept, producers = self.contributions()
        passed, inhibitors = self.gates()
        variables = []
        for rename in (str, _later):
            mechanism = NoisyMax(
                (kept, *map(rename, producers)),
                (whole,) * (1 + len(producers)),
                read_only(np.zeros(grades - 1)),
                (*passed, *map(rename, inhibitors)),
                (read_only([0.0, 1.0]),) * (len(passed) + len(inhibitors)),
            )
            variables.append(Node(rename(self.node.name), self.node.states, mechanism))
        return [*self.parts, *variables]

    def contributions(self) -> tuple[str, list[str]]:
        """The greatest contribution that stays, and those that follow."""
        arrows = list(zip(self.noisy.producers, self.noisy.reach, strict=True))
        still = [each for each in arrows if each[0] not in self.moving]
        stays = NoisyMax(tuple(p for p, _ in still), tuple(r for _, r in still), self.noisy.leak)
        kept = self.add(f"{self.node.name}{RESERVED}kept", self.node.states, stays)
        follow = []
        for parent, reach in arrows:
            if parent in self.moving:
                alone = NoisyMax((parent,), (reach,), read_only(np.zeros(reach.shape[1])))
                name = f"{parent}{RESERVED}to{RESERVED}{self.node.name}"
                follow.append(self.add(name, self.node.states, alone))
                self.follow(name, self.node.states, parent, reach)
        return kept, follow

    def gates(self) -> tuple[list[str], list[str]]:
        """Whether all inhibitors that stay let the outcome pass, and whether each does that follows."""
        gates = list(zip(self.noisy.inhibitors, self.noisy.passes, strict=True))
        still = [each for each in gates if each[0] not in self.moving]
        passed = []
        if still:
            passed.append(self.add(f"{self.node.name}{RESERVED}passed", _NO_YES, _gate(still)))
        follow = []
        for parent, passes in gates:
            if parent in self.moving:
                name = f"{parent}{RESERVED}past{RESERVED}{self.node.name}"
                follow.append(self.add(name, _NO_YES, _gate([(parent, passes)])))
                self.follow(name, _NO_YES, parent, passes[:, None])
        return passed, follow

    def add(self, name: str, states: tuple[str, ...], mechanism: NoisyMax | Table) -> str:
        self.parts.append(Node(name, states, mechanism))
        return name

    def follow(self, name: str, states: tuple[str, ...], parent: str, reach: Array) -> None:
        """What becomes of one contribution when its parent changes."""
        values = np.array([[_same_resistance(before, after) for after in reach] for before in reach])
        self.add(_later(name), states, Table((parent, _later(parent), name), read_only(values)))


_NO_YES = ("no", "yes")


def _gate(inhibitors: list[tuple[str, Array]]) -> NoisyMax:
    """Whether all of some inhibitors let the outcome pass."""
    return NoisyMax(
        (), (), read_only([1.0]), tuple(p for p, _ in inhibitors), tuple(v for _, v in inhibitors)
    )


def _follow_table(node: Node, table: Table, network: Network, moving: Collection[str]) -> Node:
    """What becomes of a variable with a table when some of its parents change."""
    upper = np.cumsum(table.values[..., ::-1], axis=-1)[..., ::-1][..., 1:]
    changing = [axis for axis, parent in enumerate(table.parents) if parent in moving]
    later = [network.cardinality(table.parents[axis]) for axis in changing]
    states = len(node.states)
    values = np.empty([*table.values.shape[:-1], *later, states, states])
    for now in np.ndindex(*table.values.shape[:-1]):
        for then in np.ndindex(*later):
            after = list(now)
            for axis, state in zip(changing, then, strict=True):
                after[axis] = state
            values[now + then] = _same_resistance(upper[now], upper[tuple(after)])
    parents = (*table.parents, *(_later(table.parents[axis]) for axis in changing), node.name)
    return Node(_later(node.name), node.states, Table(parents, read_only(values)))


def _same_resistance(before: Array, after: Array) -> Array:
    """P(grade later | grade now) for one resistance, from P(at least g) now and later."""
    now, then = (np.concatenate([[1.0], np.clip(each, 0.0, 1.0), [0.0]]) for each in (before, after))
    # A grade stands for the resistances between its own probability and that of the grade above.
    shared = np.minimum.outer(now[:-1], then[:-1]) - np.maximum.outer(now[1:], then[1:])
    shared = np.maximum(shared, 0.0)
    # A grade that it cannot have now: impossible, whatever stands here.
    shared[~shared.any(axis=1)] = then[:-1] - then[1:]
    found: Array = shared / shared.sum(axis=1, keepdims=True)
    return found
