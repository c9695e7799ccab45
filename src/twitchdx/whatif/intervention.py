"""What becomes of the complaint when a variable is set: prediction under intervention."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from twitchdx.answering import query
from twitchdx.assembly import Assembled
from twitchdx.engines import Engine
from twitchdx.errors import EvidenceError, Issue, Where
from twitchdx.evidence import Evidence, Observation, parse_value, unknown_variable
from twitchdx.network import Network, Node, Table
from twitchdx.numerics import Array, read_only
from twitchdx.spec import Role
from twitchdx.whatif.parameters import require_spec
from twitchdx.whatif.records import Action, Intervention

_CHANGEABLE: frozenset[Role] = frozenset({"risk_factor", "cause", "process"})


def intervene(
    model: Assembled, evidence: Evidence, actions: Mapping[str, Any], engine: Engine, complaint: str
) -> Intervention:
    """The probability of each grade of the complaint when some variables are set.

    X is set to x: the arrows into X are cut, its mechanism is replaced by the certain state x, and what is
    read from the network so cut is

        P(complaint | do(X = x), e_N),

    where e_N is the evidence on variables that are neither X nor downstream of it. What was observed of X and
    downstream of it, the complaint for the most part among it, was so before the action. It need not be so
    afterwards, and is dropped; the result names it. That also loses what it tells of variables that the
    action does not change: this is the prediction for people of whom e_N is known, not for what would have
    been different about this one person, which no Bayesian network determines.

    So the probability afterwards is not to be compared with that given all evidence. Beside it stands
    P(complaint | e_N), from the network as it is: what the action changes is the difference of these two.

    Parameters
    ----------
    model : Assembled
        A model with roles.
    evidence : Evidence
        What was observed; possible in this model. Then e_N is possible after the action as well, since
        P(e_N | do(X = x)) = P(e_N).
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
    """
    variables = require_spec(model).variables()
    chosen = _read_actions(actions, variables, complaint)
    network = model.network
    states = {name: network[name].states.index(str(each.state)) for name, each in chosen.items()}
    changing = network.descendants(states)
    kept = evidence.without(changing)
    now = query(network, evidence, (complaint, *chosen), engine).marginals
    labels = tuple(variables[complaint][1].states)
    without = query(network, kept, (complaint,), engine).marginals[complaint]
    after = query(cut(network, states), kept, (complaint,), engine).marginals[complaint]
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
        reaches=complaint in changing,
        kept=tuple(kept),
        dropped=tuple(name for name in evidence if name not in kept),
        now=_named(labels, now[complaint]),
        without=_named(labels, without),
        after=_named(labels, after),
        persists_now=_persists(now[complaint]),
        persists_without=_persists(without),
        persists_after=_persists(after),
    )


def cut(network: Network, states: Mapping[str, int]) -> Network:
    """The network with some variables set: the arrows into each are cut, and its state is certain.

    Parameters
    ----------
    network : Network
        The compiled network.
    states : mapping of str to int
        Variable -> index of the state to which it is set.
    """
    return Network(
        node
        if name not in states
        else Node(name, node.states, Table((), read_only(np.eye(len(node.states))[states[name]])))
        for name, node in network.items()
    )


def _named(states: tuple[str, ...], marginal: Array) -> dict[str, float]:
    return dict(zip(states, marginal.tolist(), strict=True))


def _persists(marginal: Array) -> float:
    """P(above the first state)."""
    return float(np.add.reduce(marginal[1:]))


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
