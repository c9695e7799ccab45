"""What a diagnosis and a model can be asked: the façade says what the plain functions say, and shows it."""

from __future__ import annotations

import html
import inspect
import json
import math
from pathlib import Path

import pytest

import twitchdx as dx
from models import write_model
from twitchdx.diagnosis import Diagnosis
from twitchdx.engines import Condition, ExactEngine
from twitchdx.errors import OptionError
from twitchdx.explain.attribution import PAIRS
from twitchdx.explain.fit import DRAWS
from twitchdx.explain.joint_sets import BUDGET
from twitchdx.uncertainty.intervals import measure_uncertainty

EVIDENCE = {"squeak": "loud", "wobble": True, "rust_meter": 7}
CASES = {"loud": {"squeak": "loud"}, "wobbling": {"wobble": True}}
LINK = "causes.wear.distribution.noisy_or.links.age.old"


@pytest.fixture(scope="module")
def hinge(tmp_path_factory: pytest.TempPathFactory) -> dx.Model:
    return dx.load_model(write_model(tmp_path_factory.mktemp("models") / "squeaking_hinge"))


@pytest.fixture(scope="module")
def answer(hinge: dx.Model) -> Diagnosis:
    return hinge.diagnose(EVIDENCE)


# How sure


def test_every_probability_and_responsibility_lies_in_its_interval(answer: Diagnosis) -> None:
    for each in answer.differential:
        assert each.interval is not None
        assert each.responsibility is not None
        assert each.responsibility_interval is not None
        assert each.interval[0] < each.probability < each.interval[1]
        low, high = each.responsibility_interval
        assert 0.0 <= low <= each.responsibility <= high <= 1.0
        assert answer.intervals[each.cause] == each.interval


def test_intervals_of_responsibilities_are_those_of_drawn_models(answer: Diagnosis) -> None:
    drawn = answer.sample(600, seed=5, responsibilities=True)
    assert answer.uncertainty is not None
    assert answer.uncertainty.responsibility is not None
    for each in answer.differential:
        assert each.responsibility is not None
        assert each.responsibility_interval is not None
        assert drawn.mean(each.cause, "responsibility") == pytest.approx(each.responsibility, rel=0.2)
        if each.responsibility == 0.0:  # no chain to the squeak
            assert (
                drawn.interval(each.cause, of="responsibility") == each.responsibility_interval == (0.0, 0.0)
            )
            continue
        ends = (each.responsibility_interval, drawn.interval(each.cause, of="responsibility"))
        found, expected = ([math.log(end / (1.0 - end)) for end in pair] for pair in ends)
        assert found == pytest.approx(expected, abs=0.2 * (found[1] - found[0]))
    for by in ("responsibility", "probability"):
        chance = answer.ranks_above("rust", "wear", by)
        assert chance == pytest.approx(drawn.chance_above("rust", "wear", by), abs=0.08)
    assert answer.ranks_above("rust", "wear") == answer.ranks_above("rust", "wear", "responsibility")


def test_what_was_not_asked_for_is_refused(answer: Diagnosis) -> None:
    with pytest.raises(OptionError, match="responsibilities=True"):
        answer.sample(5).mean("rust", "responsibility")
    with pytest.raises(OptionError, match="by"):
        answer.ranks_above("rust", "wear", by="explains")  # type: ignore[arg-type]


def test_the_interval_is_that_of_drawn_models(answer: Diagnosis) -> None:
    drawn = answer.sample(1500, seed=3)
    for cause, interval in answer.intervals.items():
        assert interval is not None
        found, expected = (
            [math.log(end / (1.0 - end)) for end in ends] for ends in (interval, drawn.interval(cause))
        )
        # To first order, and by sampling.
        assert found == pytest.approx(expected, abs=0.15 * (found[1] - found[0]))


def test_simulated_truths_are_covered_which_tests_the_arithmetic_only(answer: Diagnosis) -> None:
    # The truth is drawn from what the model believes, so this says nothing of whether that is right.
    drawn = answer.sample(2000, seed=5)
    for cause, interval in answer.intervals.items():
        assert interval is not None
        truths = drawn.probability[:, drawn.causes.index(cause)]
        covered = float(drawn.weights @ ((truths >= interval[0]) & (truths <= interval[1])))
        assert covered == pytest.approx(0.95, abs=0.03)


def test_one_of_two_causes_ranks_above_the_other(answer: Diagnosis) -> None:
    first, second = (each.cause for each in answer.differential[:2])
    forth, back = answer.ranks_above(first, second), answer.ranks_above(second, first)
    assert forth is not None
    assert back is not None
    assert forth > 0.5
    assert forth + back == pytest.approx(1.0)
    with pytest.raises(dx.UnknownNameError, match="Did you mean 'rust'"):
        answer.ranks_above("rost", "wear")


def test_intervals_change_nothing_else(hinge: dx.Model, answer: Diagnosis) -> None:
    again = hinge.diagnose(EVIDENCE)
    assert again.plain == answer.plain
    assert all(each.interval is None for each in again.plain.differential)
    assert [each.probability for each in again.plain.differential] == [
        each.probability for each in answer.differential
    ]
    assert again == answer
    assert again.to_json() == answer.to_json()


def test_an_engine_without_slopes_gives_no_interval_and_fakes_none(hinge: dx.Model) -> None:
    answer = hinge.diagnose(EVIDENCE, engine="pgmpy")
    assert answer.uncertainty is None
    assert set(answer.intervals.values()) == {None}
    assert answer.ranks_above("rust", "wear") is None
    assert all(each.responsibility_interval is None for each in answer.differential)
    assert "95 % interval" not in repr(answer)
    assert "In brackets" not in answer._repr_html_()
    assert answer.sample(3).effective_draws >= 1.0


def test_what_is_no_number_of_draws_is_refused(answer: Diagnosis) -> None:
    with pytest.raises(dx.OptionError) as caught:
        answer.sample(0, seed=-1)
    assert [each.where.path for each in caught.value.issues] == ["draws", "seed"]


def test_the_interval_stands_beside_the_probability(answer: Diagnosis) -> None:
    from twitchdx.tables import spoken_interval

    for each in answer.differential:
        assert each.interval is not None
        assert spoken_interval(each.interval) in repr(answer)
        assert f"({spoken_interval(each.interval)})" in html.unescape(answer._repr_html_())


def test_a_network_file_has_neither_intervals_nor_explanations(tmp_path: Path, hinge: dx.Model) -> None:
    from twitchdx.network import network_text

    path = tmp_path / "hinge.bif"
    path.write_text(network_text(hinge.network, ".bif"), encoding="utf-8")
    answer = dx.diagnose({"wobble": "present"}, path)
    assert dict(answer.intervals) == {}
    assert answer.uncertainty is None
    for ask in (
        lambda: answer.explain("rust"),
        answer.fit,
        answer.sensitivity,
        answer.sample,
        answer.in_words,
    ):
        with pytest.raises(dx.ModelError, match="network file"):
            ask()


# Why


def test_a_ledger_sums_from_the_prior_to_the_posterior(answer: Diagnosis) -> None:
    ledger = answer.explain("rust")
    assert ledger.prior_decibans is not None
    total = ledger.prior_decibans + math.fsum(each.decibans or 0.0 for each in ledger.entries)
    assert total == pytest.approx(ledger.posterior_decibans)
    assert ledger.posterior == pytest.approx(answer.posterior["rust"])
    assert {each.variable for each in ledger.entries} == set(EVIDENCE)


def test_the_weakest_number_has_a_place_in_the_model(hinge: dx.Model, answer: Diagnosis) -> None:
    weakest = answer.explain("rust").weakest
    assert weakest is not None
    (number,) = [each for each in hinge.parameters() if each.path == weakest.number.path]
    assert (number.value, number.grade, number.sources) == (
        weakest.number.value,
        weakest.number.grade,
        weakest.number.sources,
    )
    # It is the one whose standard deviation moves the log-odds most, as the interval has it.
    assert hinge.spec is not None
    engine = ExactEngine()
    known = measure_uncertainty(hinge.spec, hinge.network, engine)
    present = [(Condition("rust", tuple(range(1, hinge.network.cardinality("rust")))),)]
    slopes = engine.differentiate(hinge.network, answer.evidence.likelihoods, present).by_number
    effects = abs(known.jacobian.by_estimate(slopes[1:] - slopes[:1])[0] * known.beliefs.slopes)
    assert ".".join(map(str, known.beliefs.paths[int(effects.argmax())])) == weakest.number.path


def test_a_contrast_is_the_difference_of_two_causes(answer: Diagnosis) -> None:
    contrast = answer.contrast("rust", "wear")
    ratio = answer.posterior["rust"] / answer.posterior["wear"]
    assert contrast.posterior_decibans == pytest.approx(10.0 * math.log10(ratio))


def test_options_left_out_are_those_of_the_functions_behind() -> None:
    for method, option, default in (
        (Diagnosis.explain, "pairs", PAIRS),
        (Diagnosis.contrast, "pairs", PAIRS),
        (Diagnosis.fit, "draws", DRAWS),
        (Diagnosis.joint_explanations, "budget", BUDGET),
    ):
        assert inspect.signature(method).parameters[option].default == default


def test_a_contrast_says_what_the_causes_explain(answer: Diagnosis) -> None:
    found = answer.contrast("rust", "wear")
    explains = {each.cause: each.responsibility for each in answer.differential}
    assert (found.responsibility, found.other_responsibility) == (explains["rust"], explains["wear"])
    assert "What explains the complaint" in str(found)


def test_joint_explanations_are_disjoint_and_add_up(answer: Diagnosis) -> None:
    every = answer.joint_explanations(count=8)
    assert len(every.sets) == len({each.causes for each in every.sets}) == 8
    assert every.covered == pytest.approx(1.0)
    with_rust = math.fsum(each.probability for each in every.sets if "rust" in each.causes)
    assert with_rust == pytest.approx(answer.posterior["rust"])
    assert answer.joint_explanations(2).sets == every.sets[:2]


def test_the_fit_has_a_plain_flag(hinge: dx.Model, answer: Diagnosis) -> None:
    fit = answer.fit()
    assert fit.explained_badly is not fit.well_explained
    alone = math.fsum(hinge.diagnose({name: value}).log_evidence for name, value in EVIDENCE.items())
    assert fit.conflict == pytest.approx(alone - answer.log_evidence)
    assert fit.surprise is None
    assert answer.fit(surprise=True).surprise is not None


def test_an_answer_says_that_the_evidence_is_explained_badly(answer: Diagnosis) -> None:
    # Strong at home and weak on examination, twitching all the time and never seen to.
    odd = {
        "age": 25,
        "muscle_twitching": "continuous",
        "visible_fasciculation": False,
        "muscle_weakness": False,
        "examined_weakness": True,
    }
    found = dx.diagnose(odd, "knee_twitching")
    assert found.record.explained_badly is True
    assert (found.fit().explained_badly, found.fit().rule) == (True, found.record.fit)
    sentence = "This model explains what was observed badly, and may not contain the cause."
    assert sentence in " ".join(repr(found).split())
    card = found._repr_html_()
    assert sentence in html.unescape(card[card.index("</pre>") :])
    assert answer.record.explained_badly is False
    assert sentence not in " ".join(repr(answer).split())
    assert json.loads(found.to_json())["explained_badly"] is True


def test_an_engine_without_slopes_gives_no_intervals_and_nothing_in_their_place(hinge: dx.Model) -> None:
    found = hinge.diagnose(EVIDENCE, engine="pgmpy")
    assert found.uncertainty is None
    assert set(found.intervals.values()) == {None}
    assert found.ranks_above("rust", "wear") is None
    assert (found.unexplained_interval, found.record.explained_badly) == (None, None)
    assert {each.chance_at_least for each in found.care_thresholds.thresholds} == {None}
    assert found.do({"rust": "absent"}).interval_after is None


def test_the_bounds_of_triage_are_a_table(answer: Diagnosis) -> None:
    table = answer.care_thresholds
    assert answer.triage is not None
    assert table.level == answer.triage.level
    assert {(each.rule, each.cause, each.bound) for each in table.thresholds} >= {
        ("likely_rust", "rust", 0.5)
    }
    chances = [abs((each.chance_at_least or 0.0) - 0.5) for each in table.thresholds]
    assert chances == sorted(chances)
    assert len(table.to_dict()["thresholds"]) == len(table.thresholds)
    assert "bound" in table._repr_html_()


def test_words_are_about_the_first_cause_unless_another_is_named(answer: Diagnosis) -> None:
    first = answer.differential[0]
    words = answer.in_words()
    assert words.cause == first.cause
    assert words.patient.startswith(first.label)
    assert answer.in_words("wear").cause == "wear"


def test_a_name_that_is_no_cause_leads_to_the_one_that_is_meant(answer: Diagnosis) -> None:
    drawn = answer.sample(5)
    for ask in (answer.explain, answer.in_words, answer.sensitivity, drawn.mean, drawn.interval):
        with pytest.raises(dx.UnknownNameError, match=r"Did you mean 'loose_screw' \(A loose screw\)\?"):
            ask("a loose SCREW")
        with pytest.raises(dx.UnknownNameError, match=r"Did you mean 'rust'\?"):
            ask("rost")
    with pytest.raises(dx.UnknownNameError, match=r"'squeak' \(Squeak\) is a finding, not a cause"):
        answer.explain("squeak")
    with pytest.raises(dx.UnknownNameError, match=r"'season' \(.*\) is a risk factor, not a cause"):
        answer.contrast("rust", "season")
    with pytest.raises(dx.UnknownNameError) as caught:
        drawn.chance_above("rost", "ware")
    assert [each.where.path for each in caught.value.issues] == ["rost", "ware"]


# What if


def test_a_what_if_is_two_diagnoses(hinge: dx.Model, answer: Diagnosis) -> None:
    found = answer.what_if({"wobble": None, "squeak": "soft"})
    assert found.before == answer.plain
    assert found.after == hinge.diagnose({"squeak": "soft", "rust_meter": 7}).plain


def test_a_changed_model_is_another_model(hinge: dx.Model) -> None:
    changed = hinge.with_parameters({LINK: 0.35})
    assert isinstance(changed, dx.Model)
    assert changed.digest != hinge.digest
    assert hinge.with_parameters({}) == hinge
    assert {each.path: each.value for each in changed.parameters()}[LINK] == 0.35
    comparison = hinge.compare(changed, CASES, more_than=0.0)
    assert [each.path for each in comparison.numbers] == [LINK]
    assert [each.name for each in comparison.changed] == ["loud", "wobbling"]
    assert not hinge.compare(hinge, CASES, more_than=0.0).changed


def test_an_intervention_of_a_model_is_that_of_its_diagnosis(hinge: dx.Model, answer: Diagnosis) -> None:
    assert hinge.do({"rust": "absent"}, EVIDENCE) == answer.do({"rust": "absent"})
    assert hinge.do({"rust": "absent"}).may_change == ("friction", "squeak")


def test_a_sensitivity_certifies_every_part_of_the_answer(answer: Diagnosis) -> None:
    found = answer.sensitivity(["rust"])
    assert [each.cause for each in found.tornadoes] == ["rust"]
    assert answer.sensitivity("rust") == found
    assert [each.criterion for each in found.robustness] == ["explaining", "probable", "level"]
