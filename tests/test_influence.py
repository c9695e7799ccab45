"""What one number of a model moves: against models small enough to be worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import twitchdx as dx
from models import spoiled, write_model
from twitchdx.errors import Where
from twitchdx.influence import Influence, better_than_judgement, measure_influence
from twitchdx.network import Network, NoisyMax, compile_network, recompile
from twitchdx.spec import replace_estimates, walk_estimates

PRIOR = "causes.loose_screw.distribution.categorical.probabilities.present"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> dx.Model:
    return dx.load_model(write_model(tmp_path_factory.mktemp("models") / "squeaking_hinge"))


def of(found: tuple[Influence, ...], path: str) -> Influence:
    (one,) = [each for each in found if each.path == path]
    return one


def doubled(probability: float) -> float:
    odds = 2 * probability / (1 - probability)
    return odds / (1 + odds)


def halved(probability: float) -> float:
    odds = probability / (1 - probability) / 2
    return odds / (1 + odds)


def test_without_evidence_a_prior_moves_its_cause_by_itself(model: dx.Model) -> None:
    screw = of(measure_influence(model, {"nobody": {}}), PRIOR)
    assert screw.shift == pytest.approx(max(doubled(0.07) - 0.07, 0.07 - halved(0.07)))
    assert screw.swing == pytest.approx(max(0.1 - 0.07, 0.07 - 0.05))
    assert (screw.cause, screw.patient) == ("loose_screw", "nobody")


def test_the_influence_over_patients_is_the_mean_of_their_own(model: dx.Model) -> None:
    patients = {"quiet": {"squeak": "none"}, "loud": {"squeak": "loud", "wobble": True}}
    both = of(measure_influence(model, patients), PRIOR)
    alone = [of(measure_influence(model, {name: each}), PRIOR) for name, each in patients.items()]
    assert both.shift == pytest.approx(np.mean([each.shift for each in alone]))
    assert both.swing == pytest.approx(np.mean([each.swing for each in alone]))
    assert both.patient == max(zip(alone, patients, strict=True), key=lambda pair: pair[0].swing)[1]


def test_a_cause_that_is_known_is_moved_by_no_number(model: dx.Model) -> None:
    known = {"rust": "absent", "wear": True, "loose_screw": False}
    assert all(each.shift == each.swing == 0.0 for each in measure_influence(model, {"known": known}))


def test_a_number_without_evidence_below_it_moves_nothing(model: dx.Model) -> None:
    found = measure_influence(model, {"creaking": {"squeak": "loud"}})
    meter = [each for each in found if each.path.startswith("tests.rust_meter")]
    assert meter
    assert all(each.shift == each.swing == 0.0 for each in meter)


def test_soft_evidence_counts_as_what_it_is(model: dx.Model) -> None:
    def shift(wobble: object) -> float:
        return of(measure_influence(model, {"one": {"wobble": wobble}}), PRIOR).shift

    assert shift({"absent": 0.0, "present": 1.0}) == pytest.approx(shift("present"))
    assert shift({"absent": 0.5, "present": 0.5}) == pytest.approx(shift(None))
    assert shift({"absent": 0.2, "present": 1.0}) != pytest.approx(shift("present"))


def test_every_number_of_the_network_is_measured_and_no_other(model: dx.Model) -> None:
    spec = model.spec
    assert spec is not None
    paths = {".".join(map(str, path)) for path, _ in walk_estimates(spec) if "distribution" in path}
    found = measure_influence(model, {"nobody": {}})
    assert {each.path for each in found} == paths
    assert len(found) == len(paths)
    assert [each.swing for each in found] == sorted((each.swing for each in found), reverse=True)


def test_engines_agree_on_the_influence(model: dx.Model) -> None:
    patients = {"loud": {"squeak": "loud"}, "wobbly": {"wobble": True, "season": "damp"}}
    exact = {each.path: each for each in measure_influence(model, patients)}
    for each in measure_influence(model, patients, engine="pgmpy"):
        assert each.shift == pytest.approx(exact[each.path].shift, rel=1e-9, abs=1e-14)


def test_a_change_that_the_other_numbers_do_not_allow_is_made_smaller(tmp_path: Path) -> None:
    # Doubled odds of a soft squeak with friction would leave no room below the published prevalence.
    texts = spoiled(("soft: {value: 0.3, low: 0.2", "soft: {value: 0.22, low: 0.2"))
    tight = dx.load_model(write_model(tmp_path / "squeaking_hinge", texts))
    link = "findings.squeak.distribution.noisy_max.links.friction.present.soft"
    assert of(measure_influence(tight, {"soft": {"squeak": "soft"}}), link).shift > 0.0


def test_shares_are_counted_plainly_and_by_what_they_move() -> None:
    def number(grade: str, shift: float) -> Influence:
        return Influence(
            path="p",
            grade=grade,
            value=0.5,
            low=None,
            high=None,
            note="",
            shift=shift,
            swing=0.0,
            cause="c",
            patient="p",
        )

    found = (number("judgement", 0.3), number("cohort", 0.1), number("seed", 0.0), number("judgement", 0.0))
    assert better_than_judgement(found) == pytest.approx((0.5, 0.25))
    assert better_than_judgement(()) == (0.0, 0.0)
    assert better_than_judgement((number("cohort", 0.0),)) == (1.0, 0.0)


def arrays(network: Network) -> dict[str, list[np.ndarray]]:
    return {
        name: [*node.mechanism.reach, node.mechanism.leak, *node.mechanism.passes]
        if isinstance(node.mechanism, NoisyMax)
        else [node.mechanism.values]
        for name, node in network.items()
    }


def test_a_model_compiled_anew_from_a_change_is_the_model_compiled_from_the_start(model: dx.Model) -> None:
    spec = model.spec
    assert spec is not None
    for path, estimate in walk_estimates(spec):
        if "distribution" not in path or estimate.value in (0.0, 1.0):
            continue
        changed = replace_estimates(spec, {path: replace(estimate, value=estimate.value * 0.99)})
        partly, wholly = (
            recompile(changed, spec, model.network),
            compile_network(changed, lambda _: Where("")),
        )
        assert list(partly) == list(wholly)
        for name, expected in arrays(wholly).items():
            for found, each in zip(arrays(partly)[name], expected, strict=True):
                np.testing.assert_array_equal(found, each, err_msg=f"{path} {name}")


def test_only_the_estimate_at_the_path_is_another(model: dx.Model) -> None:
    spec = model.spec
    assert spec is not None
    for path, estimate in walk_estimates(spec):
        other = replace(estimate, note="another")
        before, after = (
            dict(walk_estimates(spec)),
            dict(walk_estimates(replace_estimates(spec, {path: other}))),
        )
        assert [at for at in before if before[at] != after[at]] in ([path], [path[:-1], path])
        assert after[path] == other
