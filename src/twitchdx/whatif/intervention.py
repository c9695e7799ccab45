"""What becomes of the complaint when a variable is set: prediction under intervention."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from twitchdx.answering import query
from twitchdx.assembly import Assembled
from twitchdx.engines import Condition, Differentiating, Engine
from twitchdx.errors import EngineError, EvidenceError, Issue, Where
from twitchdx.evidence import Evidence, Observation, parse_value, unknown_variable
from twitchdx.explain.differentiation import LogOddsSlopes
from twitchdx.explain.origins import find_copied
from twitchdx.network import Network
from twitchdx.numerics import Array
from twitchdx.spec import Role
from twitchdx.uncertainty.intervals import LogOddsUncertainty, measure_uncertainty
from twitchdx.whatif.parameters import require_spec
from twitchdx.whatif.records import Action, Intervention
from twitchdx.whatif.windows import Windows, open_windows

_CHANGEABLE: frozenset[Role] = frozenset({"risk_factor", "cause", "process"})
# The two predictions, in this order.
_NAMES = ("after", "unchanged")


def intervene(
    model: Assembled, evidence: Evidence, actions: Mapping[str, Any], engine: Engine, complaint: str
) -> Intervention:
    """The probability of each grade of the complaint when some variables are set.

    There are two windows of time. In the first everything is as observed. In the second X is set to x: the
    arrows into X are cut, and its mechanism is replaced by the certain state x. Every variable V of D, those
    downstream of X, is drawn anew from its own mechanism given its parents in the second window. All other
    variables R stay as they are in the first, so that all that the evidence e tells of them counts, that of
    the complaint included:

        P(complaint' | e, do(X = x)) = sum over r, d' of P(r | e) prod over V in D of P(v' | parents'(V)),

    where d' are states of D with that of the complaint among them, and parents' are those in d', in r, or x.
    Beside it stands the same prediction when nothing is set: D is drawn anew as well, and X stays as it is.
    What the action changes is the difference of these two.

    Where nothing was observed of X and D, it is P(complaint | e, do(X = x)) by Pearl's truncated
    factorization. It is a prediction of what happens next in people with this evidence. What would have been
    different about this one person had X been x is another question, which no Bayesian network determines.

    Parameters
    ----------
    model : Assembled
        A model with roles.
    evidence : Evidence
        What was observed, of X and D as well: it was so in the first window.
    actions : mapping of str to value
        Risk factor, cause or process -> the state to which it is set, as evidence is given to `diagnose`.
    engine : Engine
        Computes the probabilities. One with slopes gives intervals too.
    complaint : str
        The finding that is predicted. Where no chain of arrows leads to it from what is set, it is one of
        those that stay as they are, and both predictions are P(complaint | e).

    Raises
    ------
    EvidenceError
        An action cannot be understood; the error lists every problem.
    ImpossibleEvidenceError
        The observations exclude each other.
    EngineError
        The two windows tie together more than the engine can compute.
    """
    variables = require_spec(model).variables()
    chosen = _read_actions(actions, variables, complaint)
    network = model.network
    states = {name: network[name].states.index(str(each.state)) for name, each in chosen.items()}
    now = query(network, evidence, tuple(chosen), engine).marginals
    pair = (
        open_windows(network, complaint, frozenset(states.items())),
        open_windows(network, complaint, frozenset((name, None) for name in states)),
    )
    # The evidence is possible there as well: no arrow leads from the second window to the first.
    after, unchanged = (
        engine.answer(each.network, evidence.likelihoods, (each.complaint,)).marginals[each.complaint]
        for each in pair
    )
    intervals = _intervals(model, pair, (after, unchanged), evidence.likelihoods, engine)
    said = variables[complaint][1]
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
        label=said.label,
        reaches=bool(pair[0].drawn_anew),
        drawn_anew=pair[0].drawn_anew,
        after=dict(zip(said.states, after.tolist(), strict=True)),
        unchanged=dict(zip(said.states, unchanged.tolist(), strict=True)),
        persists_after=_persists(after),
        persists_unchanged=_persists(unchanged),
        interval_after=intervals.get("after"),
        interval_unchanged=intervals.get("unchanged"),
    )


def differentiate_persistence(
    network: Network,
    pair: tuple[Windows, Windows],
    marginals: tuple[Array, Array],
    likelihoods: Mapping[str, Array],
    engine: Differentiating,
) -> LogOddsSlopes:
    """How the log-odds of P(complaint' above its first state | e) depend on the numbers of the network.

    The derivative by a number is the sum of those by itself and by its copy in the second window.

    Parameters
    ----------
    network : Network
        The original network.
    pair : tuple of Windows
        When the variables are set, and when nothing is.
    marginals : tuple of float64 array
        P(complaint' | e) in each of them.
    likelihoods : mapping of str to float64 array
        The evidence e.
    engine : Differentiating
        Gives slopes.

    Raises
    ------
    EngineError
        As in `intervene`.
    """
    value = np.array([_persists(each) for each in marginals])
    first = np.array([each[0] for each in marginals])
    by_number = []
    for windows, common in zip(pair, value > 0.5, strict=True):
        # The rarer of the two is asked for: near 1 a logarithm has lost its digits.
        states = range(1) if common else range(1, windows.network.cardinality(windows.complaint))
        slopes = engine.differentiate(
            windows.network, likelihoods, [(Condition(windows.complaint, tuple(states)),)]
        )
        by_copies = slopes.by_number[1] - slopes.by_number[0]
        origins = find_copied(network, windows.network, windows.originals)
        by_number.append(origins.apply(-by_copies if common else by_copies))
    certain = (value == 0.0) | (first == 0.0)
    found = np.where(certain[:, None], 0.0, np.stack(by_number)) / np.maximum(value, first)[:, None]
    with np.errstate(divide="ignore"):
        log_odds = np.log(value) - np.log(first)
    return LogOddsSlopes(_NAMES, value, log_odds, found)


def _intervals(
    model: Assembled,
    pair: tuple[Windows, Windows],
    marginals: tuple[Array, Array],
    likelihoods: Mapping[str, Array],
    engine: Engine,
) -> dict[str, tuple[float, float]]:
    """95 % credible intervals to first order; none where the engine has no slopes, or too large tables."""
    if not isinstance(engine, Differentiating):
        return {}
    try:
        slopes = differentiate_persistence(model.network, pair, marginals, likelihoods, engine)
    except EngineError:
        return {}
    known = measure_uncertainty(require_spec(model), model.network, engine)
    effects = known.by_deviate.by_estimate(slopes.by_number)
    found = LogOddsUncertainty(slopes.names, slopes.value, slopes.log_odds, effects)
    ends = {name: found.interval(name) for name in slopes.names}
    # Rounding must not leave the value outside.
    return {
        name: (min(ends[name][0], value), max(ends[name][1], value))
        for name, value in zip(slopes.names, slopes.value.tolist(), strict=True)
    }


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
