"""Published numbers to the parameters of the network: one formula a function, none done by hand.

A number that cannot be what it says (a sensitivity below the background, a prevalence that the causes
alone exceed) raises `ConversionError`; nothing is clipped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from twitchdx.numerics import Array, solve_increasing

# A solved number may miss a bound by rounding alone; what misses it by more is wrong.
_ROUNDING = 1e-12


class ConversionError(ValueError):
    """A published number that cannot be converted, with what to do about it."""

    def __init__(self, message: str, fix: str) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix


def link_from_sensitivity(sensitivity: float, leak: float) -> float:
    """The link strength behind a published sensitivity, which includes the background.

    w = 1 - (1 - p) / (1 - leak), so that the cause and the leak together give p.

    Parameters
    ----------
    sensitivity : float
        p = P(finding | cause, no other cause).
    leak : float
        P(finding | no cause), below 1.

    Raises
    ------
    ConversionError
        The sensitivity lies below the leak.
    """
    if sensitivity < leak - _ROUNDING or leak >= 1.0:
        message = f"the sensitivity {sensitivity:.4g} lies below the background {leak:.4g}."
        raise ConversionError(
            message,
            "Mend one of the two; a cause that makes its finding rarer is an inhibitor, not a link.",
        )
    return max(0.0, (sensitivity - leak) / (1.0 - leak))


def prevalence_from_incidence(incidence: float, duration: float) -> float:
    """The share of a stationary population that is in a state, by Little's law.

    P = incidence * duration

    Parameters
    ----------
    incidence : float
        New cases per person-year of the whole population.
    duration : float
        Mean years in the state; for a disease not yet diagnosed, from onset to diagnosis.

    Raises
    ------
    ConversionError
        The product exceeds 1.

    References
    ----------
    Little (1961), Operations Research 9, 383-387.
    """
    prevalence = incidence * duration
    if prevalence > 1.0:
        message = f"incidence {incidence:.4g} a year times {duration:.4g} years exceeds 1."
        raise ConversionError(message, "Give the incidence per person-year and the duration in years.")
    return prevalence


def risks_from_ratios(
    prevalence: float, shares: Sequence[float], ratios: Sequence[float], *, odds: bool
) -> tuple[float, list[float]]:
    """The risks of the unexposed and of each exposed group, from ratios against the unexposed.

    With shares f_s and ratios r_s, the risk p0 of the unexposed solves

    P = (1 - sum_s f_s) p0 + sum_s f_s p_s,
    p_s = r_s p0 for relative risks, p_s = r_s p0 / (1 - p0 + r_s p0) for odds ratios.

    For one group and relative risks this is p0 = P / (1 - f + f RR).

    Parameters
    ----------
    prevalence : float
        P, of the whole population.
    shares : sequence of float
        f_s, the share of each exposed group.
    ratios : sequence of float
        r_s.
    odds : bool
        Whether the ratios are odds ratios.

    Returns
    -------
    p0 : float
        Risk of the unexposed.
    exposed : list of float
        p_s.

    Raises
    ------
    ConversionError
        A relative risk lifts its group above 1.
    """

    def exposed(p0: float) -> list[float]:
        if odds:
            return [ratio * p0 / (1.0 - p0 + ratio * p0) for ratio in ratios]
        return [ratio * p0 for ratio in ratios]

    unexposed_share = 1.0 - sum(shares)
    if odds:

        def excess(p0: float) -> float:
            mixed = sum(f * p for f, p in zip(shares, exposed(p0), strict=True))
            return unexposed_share * p0 + mixed - prevalence

        p0 = prevalence if prevalence in (0.0, 1.0) else solve_increasing(excess, 0.0, 1.0)
    else:
        p0 = prevalence / (unexposed_share + sum(f * r for f, r in zip(shares, ratios, strict=True)))
    risks = exposed(p0)
    if max([p0, *risks]) > 1.0:
        message = f"with a prevalence of {prevalence:.4g} the relative risk gives a risk above 1."
        raise ConversionError(message, "Publish it as an odds ratio, or mend the prevalence.")
    return p0, risks


def link_from_risks(unexposed: float, exposed: float) -> float:
    """The link strength that lifts the risk of the unexposed to that of the exposed.

    w = (p1 - p0) / (1 - p0)

    Raises
    ------
    ConversionError
        The exposed have the lower risk: noisy-OR can only add.
    """
    if exposed < unexposed - _ROUNDING or unexposed >= 1.0:
        raise ConversionError(
            "the ratio is below 1, and a link can only add.",
            "Write a protective factor as an inhibitor, or use `log_linear`.",
        )
    return max(0.0, (exposed - unexposed) / (1.0 - unexposed))


def solve_leak(prevalence: float, passing: float, silence: Callable[[float], float]) -> float:
    """The leak that makes the published prevalence come out.

    P = E[I] - (1 - leak) E[I prod_k (1 - w_k)], where links given as sensitivities depend on the
    leak themselves: 1 - w_k = (1 - p_k) / (1 - leak). As links only add, leak <= P / E[I].

    Parameters
    ----------
    prevalence : float
        P, of the whole population.
    passing : float
        E[I], the mean chance that the outcome is not inhibited.
    silence : callable
        leak -> E[I prod_k (1 - w_k)].

    Raises
    ------
    ConversionError
        The causes alone exceed the prevalence, or no leak reaches it.
    """

    def implied(leak: float) -> float:
        return passing - (1.0 - leak) * silence(leak)

    floor = implied(0.0)
    if floor > prevalence + _ROUNDING:
        above = f"the causes alone give {floor:.4g}, above the prevalence {prevalence:.4g}"
        message = f"{above}: the leak would be negative."
        raise ConversionError(message, "Lower a link or the prior of its cause, or mend the prevalence.")
    if passing < prevalence:
        message = f"the inhibitors leave at most {passing:.4g}, below the prevalence {prevalence:.4g}."
        raise ConversionError(message, "Weaken an inhibitor, or mend the prevalence.")
    if floor >= prevalence:
        return 0.0
    greatest = prevalence / passing
    if greatest == 1.0:  # nothing but a certain leak will do
        return 1.0
    return solve_increasing(lambda leak: implied(leak) - prevalence, 0.0, greatest)


def solve_intercepts(marginal: Array, ratios: Array, weights: Array, *, odds: bool) -> Array:
    """P(X | parents) where ratios multiply and the published marginals come out.

    With m(x) the product of the ratios at the parents' states x,
    relative risks give P(s | x) = b_s m(x) and b_s = P_s / E[m];
    odds ratios give P(s | x) = b_s m(x) / (1 + m(x) sum_t b_t), and since all states share m(x) the
    sum B = sum_t b_t solves E[B m / (1 + B m)] = sum_s P_s, with b_s = B P_s / sum_t P_t.

    Parameters
    ----------
    marginal : float64 array, shape (G,)
        P_s of every state but the first.
    ratios : float64 array, shape (X,)
        m(x) for each combination of the parents' states.
    weights : float64 array, shape (X,)
        P(x).

    Returns
    -------
    float64 array, shape (X, G + 1)
        P(X | x), the first state first.

    Raises
    ------
    ConversionError
        The marginals exceed 1, or a relative risk lifts a probability above 1.
    """
    total = float(marginal.sum())
    if total > 1.0:
        raise ConversionError(f"the marginals sum to {total:.4g}.", "Give marginals that sum to at most 1.")
    shares = marginal / total if total > 0.0 else marginal
    if odds:
        present = _odds_present(total, ratios, weights)
    else:
        present = ratios * (total / float(weights @ ratios))
        if present.max() > 1.0:
            raise ConversionError(
                f"the ratios lift the probability to {present.max():.4g}.",
                "Give them as odds ratios, or mend the marginal.",
            )
    return np.column_stack([1.0 - present, present[:, None] * shares])


def _odds_present(total: float, ratios: Array, weights: Array) -> Array:
    if total in (0.0, 1.0):
        return np.full_like(ratios, total)

    def excess(log_odds: float) -> float:
        scaled = np.exp(log_odds) * ratios
        return float(weights @ (scaled / (1.0 + scaled))) - total

    # Between them the ends hold every intercept a float64 can express with these ratios.
    baseline = solve_increasing(excess, -80.0, 80.0)
    scaled = np.exp(baseline) * ratios
    present: Array = scaled / (1.0 + scaled)
    return present
