"""What is said of an answer as a whole: joint explanations, and how well the model explains the evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from twitchdx.explain.accounts import Account
from twitchdx.tables import Column, Records, Tabled, spoken_decibans, spoken_probability


@dataclass(frozen=True, slots=True, kw_only=True)
class JointSet(Account):
    """These causes are present, and no other of the model is."""

    causes: tuple[str, ...]
    """The causes, in the order of the model; none: all are absent."""
    labels: tuple[str, ...]
    """What to call them."""
    probability: float
    """P(exactly these are present | evidence)."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class JointSets(Tabled):
    """The most probable sets of causes, everything else summed out."""

    sets: tuple[JointSet, ...]
    """The most probable first; fewer than were asked for where no more are possible."""
    covered: float
    """Their probability together."""
    answers: int
    """How many partial masses the engine computed for it."""

    def _title(self) -> str:
        return f"The most probable joint explanations, {spoken_probability(self.covered)} together"

    def _columns(self) -> list[Column]:
        labels = ["; ".join(each.labels) or "none of the causes" for each in self.sets]
        return [
            ("present, and no other cause", labels, str),
            ("probability", [each.probability for each in self.sets], spoken_probability),
        ]

    def _records(self) -> Records:
        return Records((JointSet,), [(each,) for each in self.sets])

    def _notes(self) -> list[str]:
        return [f"Exact; the engine computed {self.answers:,} partial masses."]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash(Account):
    """Observations that are less probable together than apart."""

    variables: tuple[str, ...]
    """The observed variables: two of them, or one against all the others."""
    labels: tuple[str, ...]
    """What to call them."""
    conflict: float
    """Natural log: of two, P(a) P(b) / P(a, b); of one against the others, P(a) / P(a | others)."""
    decibans: float
    """The same in decibans."""


@dataclass(frozen=True, slots=True)
class _Compared:
    """What a row of the data frame of a fit compares."""

    compared: Literal["pair", "against_the_rest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution(Account):
    """A cause that explains why observations that seldom go together do so here."""

    cause: str
    """The cause."""
    label: str
    """What to call it."""
    probability: float
    """P(cause not absent | evidence)."""
    conflict: float
    """The conflict with the cause supposed present as one more observation; natural log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surprise(Account):
    """How seldom the model would predict something as improbable as what was observed."""

    probability: float
    """P(ln P(E') <= ln P(e)) for E' drawn from the model on the same variables."""
    standard_error: float
    """Of the probability, from the number of draws."""
    low: float
    """Lower end of its 95 % interval (Wilson's, which holds where no draw or every draw qualifies)."""
    high: float
    """Upper end of its 95 % interval."""
    draws: int
    """How many draws."""
    seed: int
    """Of the generator."""
    log_evidence: float
    """ln P(e), of the observations that are counted."""
    left_out: tuple[str, ...]
    """Soft evidence, of which no distribution is known to draw from."""
    counted: int
    """How many observations are counted."""

    def spoken(self) -> str:
        """What was found, as sentences."""
        left = f" Uncertain observations are left out: {', '.join(self.left_out)}." if self.left_out else ""
        if not self.counted:
            return f"Nothing certain was observed that could be compared with draws from the model.{left}"
        # Of none or all of the draws no more is known than where the interval ends.
        low, high = map(spoken_probability, (self.low, self.high))
        share = f"{spoken_probability(self.probability)} (95 % interval {low} to {high})"
        return f"Of {self.draws:,} people drawn from the model {share} are as improbable, or more.{left}"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Fit(Tabled):
    """How well the model explains the evidence."""

    conflict: float
    """Natural log of the product of the P(e_i) over P(e): above 0 where observations are less probable
    together than apart."""
    decibans: float
    """The same in decibans."""
    chance: float
    """Bound on the share of patients of the model who have such a conflict or a larger one:
    exp(-conflict)."""
    well_explained: bool
    """Whether there is no conflict or one more cause would resolve it, and no observation stands out."""
    rule: str
    """What decided that, in one sentence."""
    clashes: tuple[Clash, ...]
    """Pairs that are less probable together than apart, the worst first."""
    against_the_rest: tuple[Clash, ...]
    """Each observation against all others, the worst first; below 0 where the others make it more
    probable."""
    resolved_by: tuple[Resolution, ...]
    """Causes with which the conflict would be none, the most probable first; empty where there is none."""
    surprise: Surprise | None
    """Against the prior predictive; None unless asked for."""

    @property
    def explained_badly(self) -> bool:
        """The plain flag: an observation may be wrong, or the cause may not be in this model."""
        return not self.well_explained

    def _title(self) -> str:
        figure = f"conflict {self.conflict:+.2f} ({spoken_decibans(self.decibans)})"
        if self.explained_badly:
            return f"The evidence is EXPLAINED BADLY: {figure}"
        return f"The observations do not notably contradict each other: {figure}"

    def _columns(self) -> list[Column]:
        shown = (*self.clashes, *self.against_the_rest)
        kinds = ["less probable together"] * len(self.clashes) + ["against all others"] * len(
            self.against_the_rest
        )
        return [
            ("observations", ["; ".join(each.labels) for each in shown], str),
            ("compared", kinds, str),
            ("conflict", [each.decibans for each in shown], spoken_decibans),
        ]

    def _records(self) -> Records:
        pairs = [(each, _Compared("pair")) for each in self.clashes]
        rest = [(each, _Compared("against_the_rest")) for each in self.against_the_rest]
        return Records((Clash, _Compared), [*pairs, *rest])

    def _notes(self) -> list[str]:
        said = [self.rule]
        if self.resolved_by:
            said.append(f"It would be resolved by: {', '.join(each.label for each in self.resolved_by)}.")
        if self.surprise is not None:
            said.append(self.surprise.spoken())
        return said
