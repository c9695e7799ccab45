"""What was observed of one patient."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from twitchdx.numerics import Array, read_only


@dataclass(frozen=True, slots=True)
class Observation:
    """What was observed of one variable.

    Attributes
    ----------
    variable : str
        Its name.
    given : str
        What was given, as text.
    state : str or None
        The state that is certain; None for soft evidence.
    likelihood : tuple of float
        P(what was observed | state) up to a factor, scaled to maximum 1, in the order of the states.
    """

    variable: str
    given: str
    state: str | None
    likelihood: tuple[float, ...]


class Evidence(Mapping[str, Observation]):
    """The observations of one patient, in the order of the model's variables."""

    __slots__ = ("_observations",)

    def __init__(self, observations: Mapping[str, Observation]) -> None:
        self._observations = dict(observations)

    def __getitem__(self, name: str) -> Observation:
        return self._observations[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._observations)

    def __len__(self) -> int:
        return len(self._observations)

    def __repr__(self) -> str:
        return f"Evidence({ ({name: each.given for name, each in self._observations.items()}) })"

    @property
    def likelihoods(self) -> Mapping[str, Array]:
        """Variable -> likelihood vector, as engines take it."""
        return MappingProxyType(
            {name: read_only(each.likelihood) for name, each in self._observations.items()}
        )

    @property
    def states(self) -> Mapping[str, str]:
        """Variable -> state, of the variables whose state is certain."""
        return MappingProxyType(
            {name: each.state for name, each in self._observations.items() if each.state is not None}
        )

    def without(self, names: Iterable[str]) -> Evidence:
        """The same evidence with some observations withdrawn."""
        left_out = set(names)
        return Evidence({name: each for name, each in self._observations.items() if name not in left_out})
