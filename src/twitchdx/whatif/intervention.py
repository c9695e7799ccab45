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
from twitchdx.evidence.values import show
from twitchdx.explain.differentiation import LogOddsSlopes
from twitchdx.explain.origins import find_copied
from twitchdx.network import Network
from twitchdx.numerics import Array
from twitchdx.spec import Role, Variable
from twitchdx.uncertainty.intervals import LogOddsUncertainty, measure_uncertainty
from twitchdx.whatif.parameters import require_spec
from twitchdx.whatif.records import Action, Intervention
from twitchdx.whatif.windows import Setting, Windows, open_windows, stay

_CHANGEABLE: frozenset[Role] = frozenset({"risk_factor", "cause", "process"})
# The two predictions, in this order.
_NAMES = ("after", "unchanged")


def intervene(
    model: Assembled, evidence: Evidence, actions: Mapping[str, Any], engine: Engine, complaint: str
) -> Intervention:
    """The probability of each grade of the complaint when some variables are set.

    There are two windows of time. In the first everything is as observed. In the second X is set to x, the
    arrows into X are cut, and else nothing happens without a reason (inertia). Variable after variable,
    parents before children, with pa' for the parents of V as they are in the second window:

    - where no parent is other than in the first window, and where V is not downstream of X, V' = V;
    - else V is drawn anew from its own mechanism, V' ~ P(V | pa').

    What is given is P(complaint' | e, do(X = x)), the mean over all worlds w of the first window, each with
    its weight P(w | e), so that all evidence counts, that of the complaint included. It is to be compared
    with P(complaint | e), the same for every action: with nothing set everything stays as it is, and so does
    a complaint that was observed. To set X to what it certainly is changes nothing either.

    Where nothing was observed of X and downstream of it, this is P(complaint | e, do(X = x)) by Pearl's
    truncated factorization: given pa' the law of V' then is P(V | pa') in both cases.

    It is a prediction of what happens next in people with this evidence. What would have been different about
    this one person had X been x is another question, which no Bayesian network determines: a draw shares no
    noise with what was. So where the complaint is drawn anew, every other cause has to act anew as well, also
    one that is present and was the reason for it; persistence may be too low for that, which flatters the
    action. That anything passes or comes by itself is left out.

    Parameters
    ----------
    model : Assembled
        A model with roles.
    evidence : Evidence
        What was observed, of X and downstream of it as well: it was so in the first window.
    actions : mapping of str to value
        Risk factor, cause or process -> the state to which it is set, as evidence is given to `diagnose`.
    engine : Engine
        Computes the probabilities. One with slopes gives intervals too.
    complaint : str
        The finding that is predicted. Where no chain of arrows leads to it from what is set, it stays as it
        is.

    Raises
    ------
    EvidenceError
        An action cannot be understood; the error lists every problem.
    ImpossibleEvidenceError
        The observations exclude each other.
    EngineError
        The two windows tie together more than the engine can compute: for what nearly everything is
        downstream of, such as age, where it was not observed.
    """
    variables = require_spec(model).variables()
    chosen = _read_actions(actions, variables, complaint)
    network, told = model.network, evidence.likelihoods
    states = {name: network[name].states.index(str(each.state)) for name, each in chosen.items()}
    now = query(network, evidence, (*chosen, complaint), engine).marginals
    settings = frozenset(Setting(name, at, _changes(now[name], at)) for name, at in states.items())
    windows = open_windows(network, complaint, settings)
    unchanged = after = now[complaint]
    if windows.may_change:
        # The evidence is possible there as well: no arrow leads from the second window to the first.
        answer = engine.answer(windows.network, {**told, **windows.certain}, (windows.complaint,))
        after = answer.marginals[windows.complaint]
    pair = (windows, stay(network, complaint))
    intervals = _intervals(model, pair, (after, unchanged), told, engine)
    said = variables[complaint][1]
    return Intervention(
        actions=tuple(_action(variables[name][1], each, now[name]) for name, each in chosen.items()),
        complaint=complaint,
        label=said.label,
        reaches=complaint in network.descendants(chosen),
        may_change=windows.may_change,
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
    """How the log-odds of P(complaint above its first state | e) depend on the numbers of the network.

    The derivative by a number is the sum of those by itself and by its copy in the second window.

    Parameters
    ----------
    network : Network
        The original network.
    pair : tuple of Windows
        When the variables are set, and when nothing happens.
    marginals : tuple of float64 array
        P(complaint in the second window | e) in each of them.
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
    for windows, present, absent in zip(pair, value.tolist(), first.tolist(), strict=True):
        origins = find_copied(network, windows.network, windows.originals)
        if present == 0.0 or absent == 0.0:  # certain, whatever the numbers
            by_number.append(np.zeros(origins.size))
            continue
        # The rarer of the two is asked for: near 1 a logarithm has lost its digits.
        common = present > 0.5
        states = range(1) if common else range(1, windows.network.cardinality(windows.complaint))
        told = {**likelihoods, **windows.certain}
        slopes = engine.differentiate(windows.network, told, [(Condition(windows.complaint, tuple(states)),)])
        found = origins.apply(slopes.by_number[1] - slopes.by_number[0]) / max(present, absent)
        by_number.append(-found if common else found)
    with np.errstate(divide="ignore"):
        log_odds = np.log(value) - np.log(first)
    return LogOddsSlopes(_NAMES, value, log_odds, np.stack(by_number))


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


def _action(variable: Variable, chosen: Observation, now: Array) -> Action:
    state = str(chosen.state)
    return Action(
        variable=chosen.variable,
        label=variable.label,
        state=state,
        state_label=variable.states[state],
        probability=float(now[tuple(variable.states).index(state)]),
    )


def _changes(now: Array, state: int) -> bool | None:
    """Whether it is certainly another state than this, certainly this one, or neither."""
    if now[state] == 0.0:
        return True
    return None if np.delete(now, state).any() else False


def _persists(marginal: Array) -> float:
    """P(above the first state)."""
    return float(np.add.reduce(marginal[1:]))


def _read_actions(
    actions: Mapping[str, Any], variables: Mapping[str, tuple[Role, Any]], complaint: str
) -> dict[str, Observation]:
    """Each variable that is set, with its state, or all that is wrong."""
    if not isinstance(actions, Mapping):
        fix = 'Give a mapping of variable to state, such as {"diuretic_use": False}.'
        issue = Issue("error", "not-a-mapping", Where("actions"), f"found {show(actions)}.", fix)
        raise EvidenceError("The intervention cannot be understood.", [issue])
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
