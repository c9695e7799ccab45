"""How well a model explains the evidence: conflict, clashes, what would resolve them, surprise.

The conflict of observations is

    conf(e) = ln (P(e_1) ... P(e_n) / P(e)).

What goes together in the model has a conflict below 0, since findings of one cause make each other more
probable. A conflict above 0 says that they do not: an error, a case that the model does not know, or a rare
case. It is a rare case if a cause h explains it, that is, if conf(e, h) = conf(e) + ln P(h) / P(h | e) is not
above 0.

exp(conf) is a likelihood ratio, of independence against the model, and its mean over patients of the model is
at most 1. So no more than one in x of them has a conflict of ln x or more (Markov's inequality), whatever the
model; the same holds for one observation against the others, P(e_i) / P(e_i | others). A conflict that comes
to more than one in 20 by this bound is called slight; beyond, the evidence is explained badly, unless a cause
that is at least as probable as not resolves the conflict. So at most 10 % of the model's own patients are
called badly explained, 5 % for each of the two reasons.

References
----------
Jensen, Chamberlain, Nordahl and Jensen (1990), Analysis in HUGIN of data conflict, Uncertainty in Artificial
Intelligence, 519-528 (the measure, and the rare case); Vovk and Wang (2021), E-values: calibration,
combination and applications, Annals of Statistics 49(3), 1736-1754 (such ratios as e-values).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from twitchdx.engines import Rows
from twitchdx.errors import Issue, OptionError, Where
from twitchdx.explain.attribution import DECIBANS_PER_NAT
from twitchdx.explain.case import Case, refuse_wide
from twitchdx.explain.drawing import draw_worlds
from twitchdx.explain.verdicts import Clash, Fit, Resolution, Surprise
from twitchdx.numerics import Array, log_mass

#: Draws from the prior predictive: a standard error of one percentage point at most, about a quarter of a
#: second.
DRAWS = 2000
# Below this a conflict is rounding: independent observations have none.
_ROUNDING = 1e-9
# 1 / 5 %, the share of patients of the model who may be called badly explained because of one observation.
_UNLIKELY = 20.0
# ln P of one observation set differs in its last bits with how it was put.
_TIE = 1e-9
# Of a normal distribution, 95 % between minus and plus this.
_Z = 1.959963984540054

# From this on a conflict is no longer slight: it comes to at most one in 20 patients of the model.
_NOTABLE = math.log(20.0)
# A cause that resolves a conflict has to be at least so probable.
_PROBABLE = 0.5

_WELL = ("none", "slight", "rare")
_RULES = {
    "none": "The observations are at least as probable together as apart (conflict not above 0).",
    "slight": "The observations are a little less probable together than apart, as may happen by chance: "
    "only a conflict of at least ln 20 (13 dB) comes to at most 5 % of patients if the model is right "
    "(Markov's inequality).",
    "rare": "The observations are much less probable together than apart, but a cause that is probable here "
    "would explain that (conflict not above 0 with the cause supposed present): a rare case.",
    "outlier": "Given the others, one observation is less probable than by itself, by a factor of at least "
    "20 times their number; if the model were right, that would happen to at most 5 % of patients "
    "(Markov's inequality).",
    "improbable": "The observations are much less probable together than apart, and the causes of the model "
    "that would explain that are improbable all the same: an observation may be wrong, or the cause may not "
    "be in this model.",
    "bad": "The observations are much less probable together than apart, and no single cause of the model "
    "would explain that: an observation may be wrong, or the cause may not be in this model.",
}


def judge_fit(case: Case, *, surprise: bool = False, draws: int = DRAWS, seed: int = 0) -> Fit:
    """How well the model explains the evidence.

    Parameters
    ----------
    case : Case
        Model, evidence and engine.
    surprise : bool, optional
        Whether the evidence is compared with draws from the prior predictive, which takes longer.
    draws, seed : int, optional
        How many draws, and the seed of their generator.

    Raises
    ------
    OptionError
        An option is none.
    EngineError
        A part of the evidence is beyond the engine.
    """
    names = tuple(case.evidence)
    first, second = np.triu_indices(len(names), k=1)
    single = np.eye(len(names), dtype=bool)
    pairs = case.subsets(single[first] | single[second], ()).log_evidence
    alone, rest, whole = _log_masses(case)
    conflict = math.fsum(alone) - whole
    against_the_rest = alone + rest - whole
    resolved = _resolutions(case, conflict) if conflict > _ROUNDING else ()
    rule = _judge(conflict, against_the_rest, resolved)
    together = alone[first] + alone[second] - pairs
    clashes = [
        _clash(case, (names[i], names[j]), each)
        for i, j, each in zip(first, second, together.tolist(), strict=True)
        if each > _ROUNDING
    ]
    others = [
        _clash(case, (name,), each) for name, each in zip(names, against_the_rest.tolist(), strict=True)
    ]
    return Fit(
        conflict=conflict,
        decibans=DECIBANS_PER_NAT * conflict,
        chance=min(1.0, math.exp(-conflict)),
        well_explained=rule in _WELL,
        rule=_RULES[rule],
        clashes=tuple(sorted(clashes, key=lambda each: -each.conflict)),
        against_the_rest=tuple(sorted(others, key=lambda each: -each.conflict)) if len(others) > 1 else (),
        resolved_by=resolved,
        surprise=measure_surprise(case, draws=draws, seed=seed) if surprise else None,
    )


def flag_fit(case: Case) -> tuple[bool, str]:
    """Whether the model explains the evidence badly, and which rule says so, without what clashes.

    Parameters
    ----------
    case : Case
        Model, evidence and engine.

    Raises
    ------
    EngineError
        A part of the evidence is beyond the engine.
    """
    alone, rest, whole = _log_masses(case)
    conflict = math.fsum(alone) - whole
    resolved = _resolutions(case, conflict) if conflict >= _NOTABLE else ()
    rule = _judge(conflict, alone + rest - whole, resolved)
    return rule not in _WELL, _RULES[rule]


def _judge(conflict: float, against_the_rest: Array, resolved: Sequence[Resolution]) -> str:
    count = len(against_the_rest)
    if count > 1 and against_the_rest.max() >= math.log(_UNLIKELY * count):
        return "outlier"
    if conflict <= _ROUNDING:
        return "none"
    if conflict < _NOTABLE:
        return "slight"
    if not resolved:
        return "bad"
    return "rare" if resolved[0].probability >= _PROBABLE else "improbable"


def _log_masses(case: Case) -> tuple[Array, Array, float]:
    """The logs of P of each observation, of all but one, and of all."""
    count = len(case.evidence)
    single = np.eye(count, dtype=bool)
    found = case.subsets(np.concatenate([single, ~single, np.ones([1, count], dtype=bool)]), ()).log_evidence
    return found[:count], found[count:-1], float(found[-1])


def _resolutions(case: Case, conflict: float) -> tuple[Resolution, ...]:
    """Causes that make of a conflict a rare case, the most probable first."""
    ends = np.array([[False] * len(case.evidence), [True] * len(case.evidence)])
    marginals = case.subsets(ends, case.causes).marginals
    found = []
    for cause in case.causes:
        prior, posterior = (marginals[cause] @ case.present(cause)).tolist()
        if posterior == 0.0:
            continue
        left = conflict + log_mass(prior) - log_mass(posterior)
        if left <= _ROUNDING:
            label = case.spec.causes[cause].label
            found.append(Resolution(cause=cause, label=label, probability=posterior, conflict=left))
    return tuple(sorted(found, key=lambda each: -each.probability))


def _clash(case: Case, names: tuple[str, ...], conflict: float) -> Clash:
    described = case.described()
    return Clash(
        variables=names,
        labels=tuple(described[name][1].label for name in names),
        conflict=conflict,
        decibans=DECIBANS_PER_NAT * conflict,
    )


def measure_surprise(case: Case, *, draws: int = DRAWS, seed: int = 0) -> Surprise:
    """P(ln P(E') <= ln P(e)) for E' drawn from the model on the same variables.

    Parameters
    ----------
    case : Case
        Model, evidence and engine. Soft evidence is left out on both sides.
    draws, seed : int, optional
        How many draws, and the seed of their generator.

    Raises
    ------
    OptionError
        `draws` is no whole number above 0, or `seed` none from 0.
    """
    _check(draws=draws, seed=seed)
    names = tuple(case.evidence.states)
    worlds = draw_worlds(case.network, names, draws, np.random.default_rng(seed))
    observed = [case.network[name].states.index(state) for name, state in case.evidence.states.items()]
    drawn = np.array([worlds[name] for name in names], dtype=np.int32).reshape(len(names), draws)
    codes, inverse = np.unique(
        np.concatenate([np.array([observed], dtype=np.int32), drawn.T]), axis=0, return_inverse=True
    )
    likelihoods = tuple(np.empty([0, case.network.cardinality(name)]) for name in names)
    answers = case.engine.answer_many(case.network, Rows(names, codes, likelihoods), ())
    refuse_wide(answers)
    log_evidence, *others = answers.log_evidence[inverse.ravel()].tolist()
    share = float(np.mean(np.array(others) <= log_evidence + _TIE))
    low, high = _wilson(share, draws)
    return Surprise(
        probability=share,
        standard_error=math.sqrt(share * (1.0 - share) / draws),
        low=low,
        high=high,
        draws=draws,
        seed=seed,
        log_evidence=log_evidence,
        left_out=tuple(name for name in case.evidence if name not in names),
        counted=len(names),
    )


def _wilson(share: float, draws: int) -> tuple[float, float]:
    """The interval of a share after Wilson (1927)."""
    square = _Z * _Z / draws
    centre = (share + square / 2.0) / (1.0 + square)
    half = _Z * math.sqrt(share * (1.0 - share) / draws + square / (4.0 * draws)) / (1.0 + square)
    # Rounding must not put a share of 0 or 1 outside.
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))


def _check(*, draws: int, seed: int) -> None:
    issues = [
        Issue("error", "wrong-option", Where(name), f"found {value!r}.", f"Give a whole number from {least}.")
        for name, value, least in (("draws", draws, 1), ("seed", seed, 0))
        if isinstance(value, bool) or not isinstance(value, int) or value < least
    ]
    if issues:
        raise OptionError("An option cannot be understood.", issues)
