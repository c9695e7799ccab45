"""What optional actions are worth: benefit for each cause times its probability, less harm, burden and cost.

    EU(action) = sum over causes k of benefit_k P(k present | evidence) + benefit_always
                 - harm - burden - cost / rate of money

Optional actions are separable: each is worth doing where this is positive, whatever else is done (Pauker and
Kassirer's threshold, with the harm on everybody and the benefit on those who have the cause).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from twitchdx.numerics import Array, read_only
from twitchdx.spec import ModelSpec, Step
from twitchdx.steps.outcomes import in_units


def states_benefit(step: Step) -> bool:
    """Whether a step is an optional action: whether it says what it is worth."""
    return bool(step.benefit) or step.benefit_always is not None


class Actions:
    """The optional actions of a model, A of them, ready for many patients.

    Parameters
    ----------
    spec : ModelSpec
        The model.

    Attributes
    ----------
    names : tuple of str
        Ids of the steps, in the order of the file.
    """

    def __init__(self, spec: ModelSpec) -> None:
        chosen = {name: step for name, step in spec.steps.items() if states_benefit(step)}
        self.names = tuple(chosen) if spec.decision is not None else ()
        self._causes = tuple(spec.causes)
        benefit = np.zeros([len(self.names), len(self._causes)])
        fixed = np.zeros(len(self.names))
        for row, name in enumerate(self.names):
            step = chosen[name]
            assert spec.decision is not None
            for cause, each in step.benefit.items():
                benefit[row, self._causes.index(cause)] = each.value
            always = 0.0 if step.benefit_always is None else step.benefit_always.value
            harm = 0.0 if step.harm is None else step.harm.value
            fixed[row] = always - harm - in_units(spec.decision, step.burden, step.cost)
        self._benefit, self._fixed = read_only(benefit), read_only(fixed)

    def utilities(self, present: Mapping[str, Array]) -> Array:
        """Expected utility of every action, shape (B, A).

        Parameters
        ----------
        present : mapping of str to float64 array, shape (B,)
            Cause -> P(cause not absent | evidence).
        """
        stacked = np.stack([present[cause] for cause in self._causes], axis=1)
        # Sums in the order of the causes, so that a row has the bits that it has alone.
        gains = np.zeros([len(stacked), len(self.names)])
        for column in range(len(self._causes)):
            gains += stacked[:, [column]] * self._benefit[:, column]
        found: Array = gains + self._fixed
        return found
