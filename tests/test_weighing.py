"""Bounds of what can go wrong, and levels compared by them, against every world of random small networks."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import twitchdx as dx
from deciding import deciding_model
from oracle import Enumeration
from strategies import as_rows, possible_evidence, small_networks
from twitchdx.engines import ENGINES
from twitchdx.network import Network
from twitchdx.numerics import Array
from twitchdx.spec import LEVELS, Estimate, ModelSpec, Outcome
from twitchdx.steps import Choice, Slack, Weighing, compare_levels

#: Hazards a day: none, slow, so quick that it is nearly certain.
HAZARDS = st.sampled_from((0.0, 1e-5, 0.003, 0.05, 0.4, 5.0))
#: Outcomes -> whether they count once, their loss, cause -> hazard of each state, cause -> end of it.
Harms = list[tuple[bool, float, dict[str, list[float]], dict[str, list[float]]]]


def number(value: float, form: str = "quantity") -> Estimate:
    return Estimate(value=value, form=form, grade="definition", note="made up")  # type: ignore[arg-type]


@dataclass(frozen=True)
class Case:
    """Levels of care before a random network, with the evidence of some patients."""

    network: Network
    delays: list[float]
    burdens: list[float]
    harms: Harms
    patients: list[dict[str, Array]]

    def weighing(self, spec: ModelSpec) -> Weighing:
        """The levels as the library weighs them, in place of those of another model."""
        assert spec.decision is not None
        care = {
            level: replace(
                spec.care_levels[level], delay_days=number(delay), burden=number(burden), cost=None
            )
            for level, delay, burden in zip(LEVELS, self.delays, self.burdens, strict=True)
        }
        outcomes = {f"o{place}": self._outcome(*each) for place, each in enumerate(self.harms)}
        changed = replace(spec, care_levels=care, decision=replace(spec.decision, outcomes=outcomes))
        return Weighing(changed, self.network)

    def _outcome(
        self, once: bool, loss: float, hazards: dict[str, list[float]], ends: dict[str, list[float]]
    ) -> Outcome:
        def by_state(form: str, given: Mapping[str, list[float]]) -> dict[str, dict[str, Estimate]]:
            return {
                cause: {s: number(v, form) for s, v in zip(self.network[cause].states, values, strict=True)}
                for cause, values in given.items()
            }

        return Outcome(
            label="An outcome",
            definition="What is made up.",
            loss=number(loss),
            counts="once" if once else "each",
            hazards=by_state("rate", hazards),
            over_after_days=by_state("quantity", ends),
        )

    @functools.cached_property
    def worlds(self) -> list[tuple[float, dict[str, int]]]:
        return [(p, states) for p, states, _ in Enumeration(self.network).worlds]

    def marginals(self) -> dict[str, Array]:
        """P(variable | evidence) of every patient, from the worlds."""
        enumeration = Enumeration(self.network)
        return {
            name: np.array([enumeration.marginal(name, evidence) for evidence in self.patients])
            for name in self.network
        }

    def exact(self) -> np.ndarray:
        """What comes about, shape (B, O, L): world by world, outcome by outcome, level by level."""
        found = np.zeros([len(self.patients), len(self.harms), len(self.delays)])
        for row, evidence in enumerate(self.patients):
            total = 0.0
            for chance, states in self.worlds:
                weight = chance * np.prod([vector[states[name]] for name, vector in evidence.items()])
                total += weight
                if weight > 0.0:
                    found[row] += weight * self._struck(states)
            found[row] /= total
        return found

    def _struck(self, states: Mapping[str, int]) -> np.ndarray:
        struck = np.zeros([len(self.harms), len(self.delays)])
        for outcome, (once, _, hazards, ends) in enumerate(self.harms):
            for level, delay in enumerate(self.delays):
                spared, many = 1.0, 0.0
                for cause, rates in hazards.items():
                    at = states[cause]
                    q = np.exp(-rates[at] * min(delay, ends[cause][at] if cause in ends else np.inf))
                    spared, many = spared * q, many + 1.0 - q
                struck[outcome, level] = 1.0 - spared if once else many
        return struck

    def utilities(self) -> np.ndarray:
        """Expected utilities, shape (B, L)."""
        lost = np.einsum("o,bol->bl", [loss for _, loss, *_ in self.harms], self.exact())
        return -np.array(self.burdens) - lost


@st.composite
def cases(draw: st.DrawFn) -> Case:
    network = draw(small_networks(max_nodes=5))
    harms: Harms = []
    for _ in range(draw(st.integers(1, 3))):
        causes = draw(st.lists(st.sampled_from(list(network)), min_size=1, max_size=4, unique=True))
        hazards, ends = {}, {}
        for cause in causes:
            size = network.cardinality(cause)
            hazards[cause] = draw(st.lists(HAZARDS, min_size=size, max_size=size))
            if draw(st.booleans()):
                ends[cause] = draw(st.lists(st.sampled_from((0.5, 3.0, 20.0)), min_size=size, max_size=size))
        harms.append((draw(st.booleans()), draw(st.sampled_from((0.5, 7.0, 300.0))), hazards, ends))
    delays = sorted(draw(st.lists(st.floats(0.01, 40.0), min_size=5, max_size=5)), reverse=True)
    burdens = sorted(draw(st.lists(st.floats(0.0, 20.0), min_size=5, max_size=5)))
    patients = draw(st.lists(possible_evidence(network), min_size=1, max_size=3))
    return Case(network, delays, burdens, harms, patients)


@pytest.fixture(scope="module")
def hinge(tmp_path_factory: pytest.TempPathFactory) -> dx.Model:
    return deciding_model(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def spec(hinge: dx.Model) -> ModelSpec:
    return hinge.diagnose({})._subject().spec


@given(cases())
def test_the_bounds_hold_what_comes_about(spec: ModelSpec, case: Case) -> None:
    weighing = case.weighing(spec)
    low, high = weighing.bounds(case.marginals())
    exact = case.exact()
    assert (low <= exact + 1e-12).all()
    assert (exact <= high + 1e-12).all()
    for place, (once, _, hazards, _) in enumerate(case.harms):
        if not once or len(hazards) == 1:
            assert (low[:, place] == high[:, place]).all()
            assert low[:, place] == pytest.approx(exact[:, place], rel=1e-9, abs=1e-12)
    assert weighing.utilities(exact) == pytest.approx(case.utilities(), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", ["exact", "pgmpy"])
@given(case=cases(), data=st.data())
def test_what_is_measured_is_exact_and_the_rest_is_the_lower_bound(
    spec: ModelSpec, name: str, case: Case, data: st.DataObject
) -> None:
    weighing, rows = case.weighing(spec), as_rows(case.network, case.patients)
    answers = ENGINES[name].answer_many(case.network, rows, tuple(case.network))
    bounds = weighing.bounds(answers.marginals)
    one = st.lists(st.booleans(), min_size=5, max_size=5)
    wanted = np.array([data.draw(one) for _ in case.patients])
    chances, wide = weighing.measure(ENGINES[name], rows, answers.log_evidence, bounds, wanted)
    assert not wide.any()
    exact = case.exact()
    for row, level in zip(*np.nonzero(wanted), strict=True):
        assert chances[row, :, level] == pytest.approx(exact[row, :, level], rel=1e-9, abs=1e-12)
    for row, level in zip(*np.nonzero(~wanted), strict=True):
        assert chances[row, :, level].tolist() == bounds[0][row, :, level].tolist()


@given(case=cases(), data=st.data())
def test_levels_compared_by_bounds_are_compared_as_if_all_was_measured(
    spec: ModelSpec, case: Case, data: st.DataObject
) -> None:
    engine, weighing, rows = ENGINES["exact"], case.weighing(spec), as_rows(case.network, case.patients)
    answers = engine.answer_many(case.network, rows, tuple(case.network))
    measure = functools.partial(weighing.measure, engine, rows, answers.log_evidence)
    floor = np.array([data.draw(st.integers(0, 4)) for _ in case.patients])
    least = data.draw(st.integers(0, 4))
    choice = Choice(np.arange(5) >= least, data.draw(st.integers(least, 4)))
    found = compare_levels(weighing, answers.marginals, floor, measure, choice)

    exact = case.utilities()
    ordered = np.sort(exact, axis=1)
    # Of two levels that are worth the same, rounding may prefer either.
    assume((ordered[:, -1] - ordered[:, -2] > 1e-9).all())
    best = exact.argmax(axis=1)
    above = best > floor
    assert found.best[above].tolist() == best[above].tolist()
    assert (found.best[~above] <= floor[~above]).all()
    gain = exact[:, least:].max(axis=1) - exact[:, choice.reference]
    assert found.gain == pytest.approx(gain, rel=1e-9, abs=1e-9)

    # Of rows with a weight, only what is negligible is left out.
    weights = np.array([data.draw(st.sampled_from((0.0, 1e-9, 1e-3, 1.0))) for _ in case.patients])
    weighed = compare_levels(weighing, answers.marginals, floor, measure, choice, Slack(weights))
    assert weights @ weighed.gain == pytest.approx(weights @ gain, abs=2e-6)
    assert (weighed.gain >= 0.0).all()


def test_what_the_bounds_settle_is_not_measured(hinge: dx.Model, spec: ModelSpec) -> None:
    network = hinge.network
    weighing = Weighing(spec, network)
    told = {"rust": "absent", "wear": "absent", "loose_screw": "absent"}
    marginals = {c: np.eye(network.cardinality(c))[[network[c].states.index(s)]] for c, s in told.items()}
    asked = []

    def measure(bounds: tuple[Array, Array], wanted: np.ndarray) -> tuple[Array, np.ndarray]:
        asked.append(wanted)
        return bounds[0], np.zeros(1, dtype=np.bool_)

    found = compare_levels(weighing, marginals, np.array([0]), measure)
    assert found.best.tolist() == [0]
    # Nor where the rules ask for the highest level already, whatever may come about.
    open_ = {c: np.full([1, network.cardinality(c)], 1.0 / network.cardinality(c)) for c in told}
    compare_levels(weighing, open_, np.array([4]), measure)
    assert not np.any(asked)
