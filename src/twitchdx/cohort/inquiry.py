"""What is asked of every patient of a cohort, and the answer for some of them at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twitchdx.care import explained_situations, get_care, levels_of_care, unexplained_situations
from twitchdx.engines import Engine, Rows
from twitchdx.explain import Responsibilities, responsibilities
from twitchdx.network import Network
from twitchdx.numerics import Array
from twitchdx.spec import ModelSpec, Variable

Flags = NDArray[np.bool_]

#: Place of a level that was not found.
NO_LEVEL = -1


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """The answers for some patients.

    Attributes
    ----------
    numbers : mapping of str to float64 array, shape (B,)
        Column -> values; NaN where there is none.
    levels : int8 array, shape (B,)
        Place of the level of care in `LEVELS`; -1 where there is none.
    impossible, wide : bool array, shape (B,)
        Who has no answer, since the evidence is impossible, or needs too large tables.
    """

    numbers: Mapping[str, Array]
    levels: NDArray[np.int8]
    impossible: Flags
    wide: Flags


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Inquiry:
    """What is asked of every patient.

    Attributes
    ----------
    network : Network
        The compiled network.
    spec : ModelSpec or None
        What the files of the model say; None for a network file.
    specs : mapping of str to Variable
        The variables of the model.
    engine : Engine
        Computes the posteriors.
    complaint : str or None
        The finding to explain.
    responsibility : bool
        Whether responsibilities are wanted.
    distributions : tuple of str
        Variables of which the probability of each state is wanted.
    prefix : str
        Stands before the name of a cause in the name of the column of its posterior.
    """

    network: Network
    spec: ModelSpec | None
    specs: Mapping[str, Variable]
    engine: Engine
    complaint: str | None
    responsibility: bool = False
    distributions: tuple[str, ...] = ()
    prefix: str = ""

    @property
    def causes(self) -> tuple[str, ...]:
        """The causes, in the order of the model."""
        return tuple(self.spec.causes) if self.spec is not None else ()

    @property
    def columns(self) -> list[str]:
        """The columns of the result, some of which may have the same name."""
        asked = self.responsibility and self.complaint is not None
        return [
            *(f"{self.prefix}{cause}" for cause in self.causes),
            *(f"{name}={state}" for name in self.distributions for state in self.specs[name].states),
            "log_evidence",
            *(["triage"] if self.spec is not None else []),
            *(responsibility_columns(self.causes) if asked else []),
            "error",
        ]

    def answer(self, rows: Rows) -> Found:
        """The answers for some patients, each the same whoever the others are."""
        answers = self.engine.answer_many(self.network, rows, self.causes)
        wide: Flags = answers.cells > 0.0
        impossible: Flags = np.isneginf(answers.log_evidence) & ~wide
        # The sum of the other states, not 1 - P(absent), keeps the digits of a rare cause.
        probability = {
            cause: np.ascontiguousarray(answers.marginals[cause][:, 1:]).sum(axis=1) for cause in self.causes
        }
        numbers = {f"{self.prefix}{cause}": values for cause, values in probability.items()}
        told, untold = self._distributions(rows)
        numbers |= told
        wide |= untold & ~impossible
        numbers["log_evidence"] = answers.log_evidence.copy()
        if self.spec is None:
            return _found(numbers, np.full(len(wide), NO_LEVEL, dtype=np.int8), impossible, wide)
        rules = self.spec.triage_rules.values()
        situations = unexplained_situations(rows, probability, self.complaint)
        levels, greatest = levels_of_care(rules, situations, self.specs)
        # They cost the most: computed only where wanted, or where the level of care hangs on them.
        asked = ~(impossible | wide) & (self.responsibility | (levels < greatest))
        explained = None
        if self.complaint is not None and asked.any():
            chosen = Rows(rows.variables, rows.codes[asked], rows.likelihoods)
            explained = responsibilities(self.network, self.complaint, self.causes, chosen, self.engine)
            situations = explained_situations(situations, asked, explained)
            levels[asked], _ = levels_of_care(rules, situations, self.specs)
            wide[asked] = explained.cells > 0.0
        sound = ~(impossible | wide)
        beyond = get_care(self.spec, self.network).beyond_rules(
            self.engine,
            Rows(rows.variables, rows.codes[sound], rows.likelihoods),
            answers.log_evidence[sound],
            {cause: answers.marginals[cause][sound] for cause in self.causes},
            levels[sound],
        )
        levels[sound] = beyond.level
        wide[sound] = beyond.wide
        if self.responsibility and self.complaint is not None:
            numbers |= _responsibility_columns(self.causes, asked, explained)
        return _found(numbers, levels, impossible, wide)

    def _distributions(self, rows: Rows) -> tuple[dict[str, Array], Flags]:
        """Columns of distributions, and who has none since one of them is too wide.

        They are asked for by themselves, so that they change no bit of the rest; and each by itself where
        together they tie too much.
        """
        if not self.distributions:
            return {}, np.zeros(len(rows.codes), dtype=np.bool_)
        answers = self.engine.answer_many(self.network, rows, self.distributions)
        wide: Flags = answers.cells > 0.0
        some = Rows(rows.variables, rows.codes[wide], rows.likelihoods)
        untold = np.zeros(len(some.codes), dtype=np.bool_)
        numbers = {}
        for name in self.distributions:
            marginals = answers.marginals[name].copy()
            if len(some.codes):
                alone = self.engine.answer_many(self.network, some, (name,))
                marginals[wide] = alone.marginals[name]
                untold |= alone.cells > 0.0
            for state, values in zip(self.specs[name].states, marginals.T, strict=True):
                numbers[f"{name}={state}"] = values.copy()
        wide[wide] = untold
        return numbers, wide


def responsibility_columns(causes: Iterable[str]) -> list[str]:
    """Names of the columns of responsibilities."""
    return [*(f"responsibility_{cause}" for cause in causes), "unexplained"]


def _responsibility_columns(
    causes: Sequence[str], asked: Flags, explained: Responsibilities | None
) -> dict[str, Array]:
    """Columns of responsibilities for all patients, NaN for whom they are not known."""
    columns = {name: np.full(len(asked), np.nan) for name in responsibility_columns(causes)}
    if explained is not None:
        known = np.flatnonzero(asked)[explained.known]
        values = [*(explained.of[cause] for cause in causes), explained.unexplained]
        for column, each in zip(columns.values(), values, strict=True):
            column[known] = each[explained.known]
    return columns


def _found(numbers: dict[str, Array], levels: NDArray[np.int8], impossible: Flags, wide: Flags) -> Found:
    """The same with nothing said of who has no answer."""
    refused = impossible | wide
    if refused.any():
        levels[refused] = NO_LEVEL
        for values in numbers.values():
            values[refused] = np.nan
    return Found(numbers, levels, impossible, wide)
