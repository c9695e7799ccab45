"""What a person can be asked by a model, and what of it is asked together."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from twitchdx.network import Network
from twitchdx.spec import LEVELS, Finding, Level, ModelSpec, Variable
from twitchdx.steps import observed_by

# Who one is: a risk factor that acts on at least this share of all causes is asked for at the beginning.
_FAR_REACHING = 0.25
# And of these the first few: age and sex, as a rule.
_MOST_BASIS = 2
# So many variables of a checklist are weighed together at most: four have 16 joint answers.
_TOGETHER = 4
_TRUTH = {"absent", "present"}


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that can be asked as one question.

    Attributes
    ----------
    variables : tuple of str
        One variable, or those of a checklist.
    reason : str
        Why, in the words of the model; empty where it has none.
    """

    variables: tuple[str, ...]
    reason: str


class Repertoire:
    """Everything that a person can be asked, whoever it is.

    What is seen on examination, measured by a test, or is itself a cause is not asked of a person.

    Parameters
    ----------
    spec : ModelSpec
        What the files of the model say.
    network : Network
        Its network.

    Attributes
    ----------
    variables : dict of str to Variable
        The variables, in the order of the model.
    basis : tuple of str
        What everybody is asked at the beginning: the complaint, and who one is.
    """

    def __init__(self, spec: ModelSpec, network: Network) -> None:
        self.variables: dict[str, Variable] = {
            name: each
            for name, (role, each) in spec.variables().items()
            if role == "risk_factor" or (isinstance(each, Finding) and each.observed_by == "report")
        }
        self.basis = tuple(name for name in _basis(spec, network) if name in self.variables)
        # Sorted, so that the order of the files decides nothing.
        steps = [(name, step) for name, step in sorted(spec.steps.items()) if step.kind == "question"]
        self._checklists = [
            Offer(tuple(name for name in step.asks if self._can_be_listed(name)), step.reason)
            for _, step in steps
        ]
        self._reasons: dict[str, str] = {}
        # The step with the fewest questions says best why one of them is asked.
        for _, step in sorted(steps, key=lambda each: len(each[1].asks)):
            for name in step.asks:
                self._reasons.setdefault(name, step.reason)

        self._red_flags = [
            (rule.level, frozenset(observed_by(rule.when)))
            for rule in spec.triage_rules.values()
            if rule.red_flag
        ]

    def offers(self, open_: Collection[str]) -> list[Offer]:
        """What can be asked as one question, of variables that are open.

        Checklists come from the steps of the model that ask for several things; everything else is asked by
        itself. A variable may be in several checklists.
        """
        lists = [
            Offer(tuple(name for name in each.variables if name in open_), each.reason)
            for each in self._checklists
        ]
        lists = [each for each in lists if len(each.variables) > 1]
        listed = {name for each in lists for name in each.variables}
        singles = [
            Offer((name,), self._reasons.get(name, ""))
            for name in self.variables
            if name in open_ and name not in listed
        ]
        return [*lists, *singles]

    def accomplices(self, offer: Offer, level: Level) -> tuple[str, ...]:
        """The variables of a checklist that may raise the level of care together where none does alone.

        Some red flag of a higher level looks at several of them.
        """
        found: set[str] = set()
        for of_rule, named in self._red_flags:
            together = named.intersection(offer.variables)
            if LEVELS.index(of_rule) > LEVELS.index(level) and len(together) > 1:
                found |= together
        return tuple(name for name in offer.variables if name in found)[:_TOGETHER]

    def red_flagged(self, open_: Collection[str], level: Level) -> list[Offer]:
        """What red flags of a higher level look at: the highest level first, then where the most meet."""
        above = [
            (LEVELS.index(of_rule), named)
            for of_rule, named in self._red_flags
            if LEVELS.index(of_rule) > LEVELS.index(level)
        ]
        found = []
        for offer in self.offers(open_):
            levels = [place for place, named in above if not named.isdisjoint(offer.variables)]
            if levels:
                found.append((-max(levels), -levels.count(max(levels)), offer.variables, offer))
        return [offer for *_, offer in sorted(found, key=lambda each: each[:3])]

    def _can_be_listed(self, name: str) -> bool:
        """Whether it is something that one simply has or has not."""
        if name not in self.variables or name in self.basis:
            return False
        return set(self.variables[name].states) == _TRUTH


def _basis(spec: ModelSpec, network: Network) -> Iterator[str]:
    """The complaint, and the risk factors that act on the most causes."""
    if spec.model.complaint:
        yield spec.model.complaint
    reach = {
        name: sum(child in spec.causes for child in network.children[name]) for name in spec.risk_factors
    }
    wide = [name for name in reach if reach[name] >= max(_FAR_REACHING * len(spec.causes), 1)]
    # Of equals, the one on which the other depends comes first.
    yield from sorted(wide, key=lambda name: (-reach[name], len(network.ancestors([name])), name))[
        :_MOST_BASIS
    ]
