"""Oracles that cannot be wrong in an interesting way.

`Enumeration` goes through every world of a small network, one by one; `ExactWorlds` does so in integers, and
`TwoLayers.quickscore` sums over the findings instead of the causes, in 150 digits.

A world says the state of every variable and, where mechanisms are asked for, which variables *reach* it: in a
noisy-MAX each producer, and the leak, makes a contribution, each inhibitor lets the outcome pass or
not, and the variable takes the greatest contribution. A variable reaches X when its contribution equals the
grade above the first that X takes, or when it reaches a producer of which that is true.

Nothing here is shared with the library but the classes that hold the numbers.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import product

import numpy as np

from twitchdx.network import Network, Node, NoisyMax, Table

Likelihoods = Mapping[str, Sequence[float]]
NOBODY: frozenset[str] = frozenset()


class Enumeration:
    """All worlds of a network with their probabilities.

    Parameters
    ----------
    network : Network
        A small one: the number of worlds is the product of the numbers of states.
    mechanisms : bool
        Whether worlds tell who reaches whom.
    """

    def __init__(self, network: Network, *, mechanisms: bool = False) -> None:
        self.network = network
        self.order = _parents_first(network)
        self.mechanisms = mechanisms
        self.worlds = self._all_worlds()

    def _all_worlds(self) -> list[tuple[float, dict[str, int], dict[str, frozenset[str]]]]:
        worlds: dict[tuple[tuple[int, frozenset[str]], ...], float] = {(): 1.0}
        for name in self.order:
            parents = [self.order.index(parent) for parent in self.network[name].parents]
            known: dict[tuple[int, ...], dict[tuple[int, frozenset[str]], float]] = {}
            longer: defaultdict[tuple[tuple[int, frozenset[str]], ...], float] = defaultdict(float)
            for world, probability in worlds.items():
                states = tuple(world[parent][0] for parent in parents)
                if states not in known:
                    known[states] = self._outcomes(name, states)
                for (grade, winners), share in known[states].items():
                    reached = winners.union(*(world[self.order.index(winner)][1] for winner in winners))
                    longer[(*world, (grade, reached))] += probability * share
            worlds = dict(longer)
        return [
            (
                probability,
                dict(zip(self.order, (state for state, _ in world), strict=True)),
                dict(zip(self.order, (reached for _, reached in world), strict=True)),
            )
            for world, probability in worlds.items()
        ]

    def _outcomes(self, name: str, states: tuple[int, ...]) -> dict[tuple[int, frozenset[str]], float]:
        """(grade, producers whose contribution is that grade) -> probability, given the parents' states."""
        mechanism = self.network[name].mechanism
        if isinstance(mechanism, Table):
            row = mechanism.values[states]
            return {(grade, NOBODY): float(p) for grade, p in enumerate(row) if p > 0.0}
        found: defaultdict[tuple[int, frozenset[str]], float] = defaultdict(float)
        state_of = dict(zip(mechanism.parents, states, strict=True))
        for probability, contributions, opened in _contributions(mechanism, state_of):
            grade = max(contributions.values()) if opened else 0
            winners = NOBODY
            if self.mechanisms and grade > 0:
                winners = frozenset(k for k, c in contributions.items() if c == grade and k != "the leak")
            found[grade, winners] += probability
        return dict(found)

    def mass(self, likelihoods: Likelihoods) -> float:
        """P(evidence)."""
        return math.fsum(weight for weight, *_ in self._weighted(likelihoods))

    def marginal(self, name: str, likelihoods: Likelihoods) -> list[float]:
        """P(variable | evidence)."""
        masses: list[list[float]] = [[] for _ in self.network[name].states]
        for weight, states, _ in self._weighted(likelihoods):
            masses[states[name]].append(weight)
        total = self.mass(likelihoods)
        return [math.fsum(each) / total for each in masses]

    def responsibility(self, complaint: str, cause: str, likelihoods: Likelihoods) -> float:
        """P(cause reaches the complaint | evidence)."""
        reached = (w for w, _, reach in self._weighted(likelihoods) if cause in reach[complaint])
        return math.fsum(reached) / self.mass(likelihoods)

    def unexplained(self, complaint: str, causes: Iterable[str], likelihoods: Likelihoods) -> float:
        """P(complaint present, and no cause reaches it | evidence)."""
        named = frozenset(causes)
        left = (
            weight
            for weight, states, reach in self._weighted(likelihoods)
            if states[complaint] > 0 and not named & reach[complaint]
        )
        return math.fsum(left) / self.mass(likelihoods)

    def _weighted(
        self, likelihoods: Likelihoods
    ) -> Iterable[tuple[float, dict[str, int], dict[str, frozenset[str]]]]:
        for probability, states, reached in self.worlds:
            weight = probability
            for name, vector in likelihoods.items():
                weight *= float(vector[states[name]])
            if weight > 0.0:
                yield weight, states, reached


def _contributions(
    mechanism: NoisyMax, state_of: Mapping[str, int]
) -> Iterable[tuple[float, dict[str, int], bool]]:
    """Every combination of contributions and of what the inhibitors do: probability, grades, passed."""
    sources = ["the leak", *mechanism.producers]
    rows = [
        mechanism.leak,
        *(r[state_of[k]] for k, r in zip(mechanism.producers, mechanism.reach, strict=True)),
    ]
    passes = [float(p[state_of[j]]) for j, p in zip(mechanism.inhibitors, mechanism.passes, strict=True)]
    chances = [{grade: _exactly(row, grade) for grade in range(len(row) + 1)} for row in rows]
    for chosen in product(*([grade for grade, chance in each.items() if chance > 0.0] for each in chances)):
        chance = math.prod(each[grade] for each, grade in zip(chances, chosen, strict=True))
        for opened in product((False, True), repeat=len(passes)):
            gate = math.prod(p if o else 1.0 - p for p, o in zip(passes, opened, strict=True))
            if gate > 0.0:
                yield chance * gate, dict(zip(sources, chosen, strict=True)), all(opened)


def _exactly(at_least: np.ndarray, grade: int) -> float:
    """P(contribution = grade) from P(contribution >= g) for g = 1, 2, ..."""
    cumulative = [1.0, *(float(each) for each in at_least), 0.0]
    return cumulative[grade] - cumulative[grade + 1]


def _parents_first(network: Network) -> list[str]:
    order: list[str] = []
    while len(order) < len(network):
        order.extend(n for n in network if n not in order and all(p in order for p in network[n].parents))
    return order


class ExactWorlds:
    """The sum over all worlds in integers: the posterior of the float64 inputs, without any rounding.

    Every float64 is an integer over a power of two, so each table is brought to one denominator, and the
    joint distribution is an array of integers with an axis for each variable.

    Parameters
    ----------
    network : Network
        Few of its variables are unobserved: the array has a cell for each combination of their states.
    likelihoods : mapping
        The evidence.
    """

    def __init__(self, network: Network, likelihoods: Likelihoods) -> None:
        self.axes = {name: axis for axis, name in enumerate(_parents_first(network))}
        self.states = {
            name: [s for s in range(network.cardinality(name)) if likelihoods.get(name, _ALWAYS)[s] > 0.0]
            for name in self.axes
        }
        self.cardinality = {name: network.cardinality(name) for name in self.axes}
        self.joint = np.ones([1] * len(self.axes), dtype=object)
        self.denominator = 1
        for name in self.axes:
            node = network[name]
            self._multiply(*exact_table(network, name), (*node.parents, name))
            if name in likelihoods:
                self._multiply(*_integers(np.asarray(likelihoods[name])), (name,))
        self.total = int(self.joint.sum())

    def _multiply(self, values: np.ndarray, denominator: int, scope: Sequence[str]) -> None:
        kept = values[np.ix_(*(self.states[name] for name in scope))]
        order = sorted(range(len(scope)), key=lambda axis: self.axes[scope[axis]])
        shape = [1] * len(self.axes)
        for name in scope:
            shape[self.axes[name]] = len(self.states[name])
        self.joint = self.joint * kept.transpose(order).reshape(shape)
        self.denominator *= denominator

    @property
    def mass(self) -> Fraction:
        """P(evidence)."""
        return Fraction(self.total, self.denominator)

    def marginal(self, name: str) -> list[Fraction]:
        """P(variable | evidence)."""
        others = tuple(axis for axis in range(len(self.axes)) if axis != self.axes[name])
        masses = dict(zip(self.states[name], self.joint.sum(axis=others), strict=True))
        return [Fraction(masses.get(state, 0), self.total) for state in range(self.cardinality[name])]


class _Always:
    def __getitem__(self, state: int) -> float:
        return 1.0


_ALWAYS = _Always()


def exact_table(network: Network, name: str) -> tuple[np.ndarray, int]:
    """P(X | parents) as integers, the parents' axes first, and their common denominator."""
    mechanism = network[name].mechanism
    if isinstance(mechanism, Table):
        return _integers(mechanism.values)
    assert isinstance(mechanism, NoisyMax)
    parents = mechanism.parents

    def along(rows: np.ndarray, parent: str) -> np.ndarray:
        shape = [1] * len(parents) + [rows.shape[1]]
        shape[parents.index(parent)] = len(rows)
        return rows.reshape(shape)

    leak, denominator = _integers(mechanism.leak)
    below = (denominator - leak).reshape([1] * len(parents) + [-1])
    for parent, reach in zip(mechanism.producers, mechanism.reach, strict=True):
        values, own = _integers(reach)
        below, denominator = below * along(own - values, parent), denominator * own
    at_least = denominator - below
    for parent, passes in zip(mechanism.inhibitors, mechanism.passes, strict=True):
        values, own = _integers(passes[:, None])
        at_least, denominator = at_least * along(values, parent), denominator * own
    sizes = [network.cardinality(parent) for parent in parents]
    at_least = np.broadcast_to(at_least, [*sizes, at_least.shape[-1]])
    ends = np.zeros([*sizes, 1], dtype=object)
    cumulative = np.concatenate([ends + denominator, at_least, ends], axis=-1)
    return cumulative[..., :-1] - cumulative[..., 1:], denominator


def _integers(values: np.ndarray) -> tuple[np.ndarray, int]:
    """Floats as integers over one power of two."""
    ratios = [float(each).as_integer_ratio() for each in values.ravel()]
    denominator = max(below for _, below in ratios)
    found = np.empty(len(ratios), dtype=object)
    found[:] = [above * (denominator // below) for above, below in ratios]
    return found.reshape(values.shape), denominator


# At most 2^16 terms up to 1 are added with alternating signs, each rounded at its 150th digit.
_DIGITS = 150
_ROUNDING = Decimal(10) ** -130
_TRUSTED = Decimal(10) ** -100


@dataclass(frozen=True, slots=True)
class TwoLayers:
    """Independent causes, and noisy-OR findings that have all of them as parents.

    Attributes
    ----------
    priors : tuple of float
        P(cause present), below 1.
    links : tuple of tuple of float
        For each cause its link to each finding; 0 for none.
    leaks : tuple of float
        The leak of each finding.
    """

    priors: tuple[float, ...]
    links: tuple[tuple[float, ...], ...]
    leaks: tuple[float, ...]

    def network(self) -> Network:
        """The same as a network: causes c0, c1, ... and findings f0, f1, ..."""
        binary = ("absent", "present")
        nodes = [
            Node(f"c{k}", binary, Table((), np.array([1.0 - prior, prior])))
            for k, prior in enumerate(self.priors)
        ]
        for f, leak in enumerate(self.leaks):
            parents = [k for k, row in enumerate(self.links) if row[f] > 0.0]
            reach = tuple(np.array([[0.0], [self.links[k][f]]]) for k in parents)
            noisy = NoisyMax(tuple(f"c{k}" for k in parents), reach, np.array([leak]))
            nodes.append(Node(f"f{f}", binary, noisy))
        return Network(nodes)

    def quickscore(
        self, present: Sequence[int], absent: Sequence[int]
    ) -> tuple[Decimal, list[tuple[Decimal, Decimal]]]:
        """P(evidence), and P(cause | evidence) of each cause, by inclusion and exclusion in 150 digits.

        P(evidence) = sum over subsets S of the present findings of
        (-1)^|S| prod_f (1 - leak_f) prod_k (1 - p_k + p_k prod_f (1 - w_kf)), f in S and the absent findings.

        References
        ----------
        Heckerman (1989), A tractable inference algorithm for diagnosing multiple diseases.
        """
        with localcontext(prec=_DIGITS):
            signed = self._over_subsets([Decimal(leak) for leak in self.leaks], present, absent, sign=-1)
            terms = []
            for prior, row in zip(self.priors, self.links, strict=True):
                # As the network has them: 1 - p is rounded.
                silent = self._over_subsets([Decimal(link) for link in row], present, absent, sign=1)
                terms.append((Decimal(1.0 - prior), Decimal(prior) * silent))
            if not terms:
                return _trusted(signed.sum()), []
            joints = [
                (off * rest.sum(), (on * rest).sum())
                for rest, (off, on) in zip(
                    _all_but_one([off + on for off, on in terms], signed), terms, strict=True
                )
            ]
            joints = [(_trusted(off), _trusted(on)) for off, on in joints]
            mass = sum(joints[0], start=Decimal(0))
            return mass, [(off / mass, on / mass) for off, on in joints] if mass else []

    @staticmethod
    def _over_subsets(
        chances: Sequence[Decimal], present: Sequence[int], absent: Sequence[int], sign: int
    ) -> np.ndarray:
        """prod_f sign (1 - chance_f) over f in S, times prod_f (1 - chance_f) over the absent, for each S."""
        constant = Decimal(1)
        for finding in absent:
            constant *= 1 - chances[finding]
        products = np.array([constant], dtype=object)
        for finding in present:
            products = np.concatenate([products, products * (sign * (1 - chances[finding]))])
        return products


def _trusted(mass: Decimal) -> Decimal:
    """A sum of alternating terms: 0, or far above what rounding can have left of the terms."""
    if abs(mass) < _ROUNDING:
        return Decimal(0)
    assert mass > _TRUSTED
    return mass


def _all_but_one(terms: Sequence[np.ndarray], outside: np.ndarray) -> Iterator[np.ndarray]:
    """For each term the product of `outside` and all the others."""
    if len(terms) == 1:
        yield outside
        return
    middle = len(terms) // 2
    for own, others in ((terms[:middle], terms[middle:]), (terms[middle:], terms[:middle])):
        product = outside
        for other in others:
            product = product * other
        yield from _all_but_one(own, product)


def log_of(mass: Fraction | Decimal) -> float:
    """Natural log of a number that may be too small for a float; -inf for 0."""
    if mass == 0:
        return -math.inf
    if isinstance(mass, Decimal):
        return float(mass.ln())
    shift = mass.denominator.bit_length() - mass.numerator.bit_length()
    near_one = (mass.numerator << max(shift, 0)) / (mass.denominator << max(-shift, 0))
    return math.log(near_one) - shift * math.log(2.0)
