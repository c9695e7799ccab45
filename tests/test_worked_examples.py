"""Examples that others have worked and published: the library gives their figures, to their last digit.

Each test says where its figures stand. Sample sizes, which the format asks for, are ours where they do not
matter; everything else is of the example.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import twitchdx as dx
from explaining import case_of
from twitchdx.explain.attribution import Bools, _sample, shapley_values
from twitchdx.explain.joint_sets import find_joint_sets
from twitchdx.numerics import Array

Described = Mapping[str, Mapping[str, Any]]

LEVELS = ("self_care", "routine", "soon", "urgent", "emergency")


def load(folder: Path, **sections: Described) -> dx.Model:
    """A model of some variables; its complaint is the first finding."""
    header = dict.fromkeys(("title", "description", "population", "window", "disclaimer"), "a worked example")
    threshold = {"value": 0.05, "low": 0.01, "high": 0.1, "grade": "judgement", "note": "not used"}
    complaint = next(iter(sections["findings"]))
    content: dict[str, Any] = {
        "model": header
        | {"format": 1, "name": "worked_example", "version": "1.0.0", "licence": "CC0-1.0"}
        | {"complaint": complaint, "step_threshold": threshold},
        "references": [{"id": "published", "type": "book", "title": "What the test names"}],
        "care_levels": {level: {"label": level, "action": "None.", "reason": "None."} for level in LEVELS},
    }
    for section, variables in sections.items():
        content[section] = {
            name: {
                "label": name,
                "definition": f"{name}.",
                **({} if section == "processes" else {"question": f"{name}?"}),
                **each,
            }
            for name, each in variables.items()
        }
    folder = folder / "worked_example"
    folder.mkdir()
    (folder / "model.yaml").write_text(json.dumps(content), encoding="utf-8")
    return dx.load_model(folder)


def number(value: float, **fields: str) -> dict[str, Any]:
    """A number of the example, which has no uncertainty there: the sample size is ours."""
    if value in (0.0, 1.0):
        return {"value": value, "grade": "definition", "note": "so the example says", **fields}
    return {"value": value, "n": 400, "grade": "textbook", "sources": ["published"], **fields}


def chance(value: float) -> dict[str, Any]:
    """A variable without parents."""
    return {"distribution": {"categorical": {"probabilities": {"present": number(value)}}}}


def table(*rows: tuple[Mapping[str, bool | str], float]) -> dict[str, Any]:
    """A variable with parents: states of these -> the probability that it is present."""
    return {
        "distribution": {
            "table": {
                "rows": [
                    {"when": stated(when), "probabilities": {"present": number(value)}}
                    for when, value in rows
                ]
            }
        }
    }


def stated(when: Mapping[str, bool | str]) -> dict[str, list[str]]:
    words = {True: "present", False: "absent"}
    return {name: [words[state] if isinstance(state, bool) else state] for name, state in when.items()}


def decibans(odds: float) -> float:
    return 10.0 * math.log10(odds)


def test_turing_weighs_a_death_in_bed(tmp_path: Path) -> None:
    """A. M. Turing, The applications of probability to cryptography (arXiv:1505.04714), the factor principle.

    One man in five dies of heart failure, and of these two in three die in their beds, of others one in four:
    a factor of 8/3, which makes odds of 2:3 from odds of 1:4. A summary of the paper ("Notes on probability,
    part 4: odds, the factor principle, decibanage") gives the factor as 4.26 decibans.
    """
    model = load(
        tmp_path,
        causes={"heart_failure": chance(1 / 5)},
        findings={"died_in_bed": table(({"heart_failure": True}, 2 / 3), ({"heart_failure": False}, 1 / 4))},
    )
    ledger = model.diagnose({"died_in_bed": True}).explain("heart_failure")
    assert ledger.prior_decibans == pytest.approx(decibans(1 / 4))
    assert ledger.posterior_decibans == pytest.approx(decibans(2 / 3))
    (entry,) = ledger.entries
    assert entry.decibans == pytest.approx(4.26, abs=0.005)
    assert entry.speaks == "for"


def widgets(folder: Path, tested: int, broken: float) -> dx.Model:
    """A machine whose widgets are bad: one in six, one in three if it is poor, 99 in 100 if it is broken."""
    bad = table(
        ({"broken": True}, 0.99),
        ({"broken": False, "poor": True}, 1 / 3),
        ({"broken": False, "poor": False}, 1 / 6),
    )
    poor = table(({"broken": False}, 1 / 11), ({"broken": True}, 0.0))
    return load(
        folder,
        causes={"broken": chance(broken), "poor": poor},
        findings={f"bad_{k}": bad for k in range(tested)},
    )


def test_jaynes_weighs_good_and_bad_widgets(tmp_path: Path) -> None:
    """E. T. Jaynes, Probability theory: the logic of science (2003), section 4.2.

    The evidence that a batch of widgets comes from the poor one of eleven machines is -10 dB to begin with; a
    bad widget adds +3 dB and a good one -1 dB, whatever was drawn before.
    """
    model = widgets(tmp_path, 8, 0.0)
    evidence = {f"bad_{k}": k < 5 for k in range(8)}
    ledger = model.diagnose(evidence).explain("poor")
    assert ledger.prior_decibans == pytest.approx(-10)
    for entry in ledger.entries:
        assert entry.decibans is not None
        assert round(entry.decibans) == (3 if evidence[entry.variable] else -1)
        assert entry.decibans == pytest.approx(entry.alone) == pytest.approx(entry.leave_one_out)
    assert ledger.posterior_decibans == pytest.approx(-10 + 5 * 3 - 3 * 1, abs=0.25)


def test_jaynes_revives_a_dead_hypothesis(tmp_path: Path) -> None:
    """E. T. Jaynes, Probability theory: the logic of science (2003), section 4.4 and figure 4.1.

    That a machine is broken has -60 dB. Ten bad widgets in a row raise that by 58 dB, eleven make it more
    probable than not, and for m > 5 of them the evidence is about -49.6 + 4.73 m dB. The evidence that the
    batch is a poor one rises only to 10 dB, at m = 7, and falls from there.
    """
    model = widgets(tmp_path, 11, 1e-6)

    def evidence(cause: str, bad: int) -> float:
        ledger = model.diagnose({f"bad_{k}": True for k in range(bad)}).explain(cause)
        prior, posterior = ledger.prior_decibans, ledger.posterior_decibans
        assert prior is not None
        assert posterior is not None
        # Widgets are alike: they share evenly what none of them says by itself.
        shares = [(posterior - prior) / bad] * bad
        assert [each.decibans for each in ledger.entries] == pytest.approx(shares)
        return posterior

    broken = {bad: evidence("broken", bad) for bad in (8, 9, 10, 11)}
    assert round(broken[10] + 60) == 58
    assert broken[10] < 0 < broken[11]
    for bad, found in broken.items():
        assert found == pytest.approx(-49.6 + 4.73 * bad, abs=0.2)
    poor = {bad: evidence("poor", bad) for bad in range(4, 11)}
    assert max(poor, key=lambda bad: poor[bad]) == 7
    assert poor[7] == pytest.approx(10, abs=0.05)


def test_shapley_values_of_the_glove_game() -> None:
    """Wikipedia, Shapley value, section "Glove game": 1/6, 1/6, 2/3.

    Players 1 and 2 have right-hand gloves, player 3 a left-hand one, and a pair is worth 1.
    """
    worth = np.array([float(bool(players & 0b100) and bool(players & 0b011)) for players in range(8)])
    assert shapley_values(worth).tolist() == pytest.approx([1 / 6, 1 / 6, 2 / 3])


# Aeroplanes of ten sizes: how many there are, what a runway for them costs, and the Shapley value of one.
AIRPORT = (
    (8, 1, 0.01),
    (12, 2, 0.020869565),
    (6, 3, 0.033369565),
    (14, 4, 0.046883079),
    (8, 5, 0.063549745),
    (9, 6, 0.082780515),
    (13, 7, 0.106036329),
    (10, 8, 0.139369662),
    (10, 9, 0.189369662),
    (10, 10, 0.289369662),
)


def test_sampled_shapley_values_of_the_airport_game() -> None:
    """J. Castro, D. Gómez, J. Tejada, Polynomial calculation of the Shapley value based on sampling (2009).

    Their airport game has a hundred players, and exact values with nine digits; the library pyDVL, among
    others, quotes them.
    """
    costs = np.concatenate([np.full(count, float(cost)) for count, cost, _ in AIRPORT])
    exact = np.concatenate([np.full(count, value) for count, _, value in AIRPORT])

    def runway(chosen: Bools) -> Array:
        longest: Array = np.where(chosen, costs, 0.0).max(axis=1)
        return longest

    found = _sample(runway, len(costs), 500, 0)
    assert found.contributions.sum() == pytest.approx(10)
    assert exact.sum() == pytest.approx(10, abs=1e-6)
    # Of a hundred standard normal numbers none is beyond five; the root of their mean square is about one.
    distance = (found.contributions - exact) / found.standard_errors
    assert np.abs(distance).max() < 5
    assert 0.7 < math.sqrt(float(np.mean(distance**2))) < 1.5


def circuit(folder: Path) -> dx.Model:
    """Gates that mostly work: x is i and j, y is not j, o is x or y."""
    x = [({"i": i, "j": j}, 0.95 if i and j else 0.05) for i in (False, True) for j in (False, True)]
    o = [({"x": x, "y": y}, 0.98 if x or y else 0.02) for x in (False, True) for y in (False, True)]
    return load(
        folder,
        causes={
            "i": chance(0.5),
            "j": chance(0.5),
            "x": table(*x),
            "y": table(({"j": False}, 0.99), ({"j": True}, 0.01)),
        },
        findings={"o": table(*o)},
    )


def test_most_probable_states_of_a_circuit(tmp_path: Path) -> None:
    """Lecture PGM4 on probabilistic graphical models (2022), examples 1 (MPE) and 2 (MAP, page 20).

    The network is the file `lecture_example2.BIFXML` of A. Sauter. Of the worlds with j and not o the most
    probable is that with nothing else, 0.2304225. With o the most probable states of i and j are that j is
    absent and i either, 0.242720.
    """
    model = circuit(tmp_path)
    diagnosis = model.diagnose({"j": True, "o": False})
    (best,) = diagnosis.joint_explanations(1).sets
    assert best.causes == ("j",)
    assert best.probability * math.exp(diagnosis.log_evidence) == pytest.approx(0.2304225, abs=1e-12)

    case = case_of(model, {"o": True})
    found = find_joint_sets(case, 2, among=["i", "j"]).sets
    assert {each.causes for each in found} == {(), ("i",)}
    mass = math.exp(model.diagnose({"o": True}).log_evidence)
    assert [each.probability * mass for each in found] == pytest.approx([0.242720] * 2, abs=1e-12)


def test_rain_explains_the_wet_grass_away(tmp_path: Path) -> None:
    """K. P. Murphy, the water sprinkler network: `sprinklerDGMdemo` of the toolbox PMTK.

    P(wet) = 0.6471, P(sprinkler, wet) = 0.2781, P(sprinkler | wet) = 0.4298, and with rain as well 0.1945.
    """
    model = load(
        tmp_path,
        risk_factors={"cloudy": chance(0.5)},
        causes={
            "sprinkler": table(({"cloudy": False}, 0.5), ({"cloudy": True}, 0.1)),
            "rain": table(({"cloudy": False}, 0.2), ({"cloudy": True}, 0.8)),
        },
        findings={
            "wet": table(
                ({"sprinkler": False, "rain": False}, 0.0),
                ({"sprinkler": False, "rain": True}, 0.9),
                ({"sprinkler": True, "rain": False}, 0.9),
                ({"sprinkler": True, "rain": True}, 0.99),
            )
        },
    )
    diagnosis = model.diagnose({"wet": True})
    wet = math.exp(diagnosis.log_evidence)
    assert wet == pytest.approx(0.6471, abs=5e-5)
    found = diagnosis.what_if({"rain": True})
    (sprinkler,) = [each for each in found.causes if each.cause == "sprinkler"]
    assert sprinkler.probability_before * wet == pytest.approx(0.2781, abs=5e-5)
    assert sprinkler.probability_before == pytest.approx(0.4298, abs=5e-5)
    assert sprinkler.probability_after == pytest.approx(0.1945, abs=5e-5)


def test_a_noisy_or_of_fevers(tmp_path: Path) -> None:
    """S. Russell and P. Norvig, Artificial intelligence: a modern approach, 4th edition, figure 13.5.

    P(fever) from P(no fever) of 0.6 with a cold, 0.2 with flu and 0.1 with malaria alone.
    """
    inhibited = {"cold": 0.6, "flu": 0.2, "malaria": 0.1}
    links = {name: {"present": number(1 - each, form="link")} for name, each in inhibited.items()}
    model = load(
        tmp_path,
        causes=dict.fromkeys(inhibited, chance(0.1)),
        findings={"fever": {"distribution": {"noisy_or": {"leak": number(0.0), "links": links}}}},
    )
    published = {
        (False, False, False): 0.0,
        (False, False, True): 0.9,
        (False, True, False): 0.8,
        (False, True, True): 0.98,
        (True, False, False): 0.4,
        (True, False, True): 0.94,
        (True, True, False): 0.88,
        (True, True, True): 0.988,
    }
    for states, fever in published.items():
        evidence = dict(zip(inhibited, states, strict=True))
        assert model.diagnose(evidence).distribution("fever")["present"] == pytest.approx(fever, abs=1e-12)


def test_a_drug_that_is_given_is_not_a_drug_that_is_taken(tmp_path: Path) -> None:
    """J. Pearl, M. Glymour and N. P. Jewell, Causal inference in statistics: a primer (2016), section 3.2.

    Of 87 + 270 men and 263 + 80 women 87 and 263 took the drug; 93 % of these men and 73 % of these women
    recovered, and 87 % and 69 % of the others. P(recovery | do(drug)) = 0.832, and without it 0.7818. It is
    the table of the treatment of kidney stones by Charig and others, where 78 % of those with one treatment
    and 83 % of those with another were cured (Confounding and Simpson's paradox, BMJ 1994).
    """
    model = load(
        tmp_path,
        risk_factors={"male": chance((87 + 270) / 700)},
        causes={"drug": table(({"male": True}, 87 / (87 + 270)), ({"male": False}, 263 / (263 + 80)))},
        findings={
            "recovery": table(
                ({"male": True, "drug": True}, 0.93),
                ({"male": False, "drug": True}, 0.73),
                ({"male": True, "drug": False}, 0.87),
                ({"male": False, "drug": False}, 0.69),
            )
        },
    )
    assert model.do({"drug": True}).persists_after == pytest.approx(0.832, abs=1e-9)
    assert model.do({"drug": False}).persists_after == pytest.approx(0.7818, abs=1e-9)
    seen = [model.diagnose({"drug": drug}).distribution("recovery")["present"] for drug in (True, False)]
    assert seen == pytest.approx([0.78, 0.83], abs=0.005)


ALARM = "causes.alarm.distribution.table.rows.{}.probabilities.{}"


def fire_alarm(folder: Path) -> dx.Model:
    """An alarm that rings or does not work, and what comes of it, all called causes: these can be traced."""
    rows: Sequence[tuple[dict[str, bool | str], float, float]] = (
        ({"fire": True, "tampering": True}, 0.6, 0.2),
        ({"fire": False, "tampering": True}, 0.65, 0.2),
        ({"fire": True, "tampering": False}, 0.92, 0.07),
        ({"fire": False, "tampering": False}, 0.0001, 0.65),
    )
    alarm = [
        {"when": stated(when), "probabilities": {"ringing": number(ringing), "broken": number(broken)}}
        for when, ringing, broken in rows
    ]
    return load(
        folder,
        causes={
            "fire": chance(0.01),
            "tampering": chance(0.02),
            "alarm": {
                "states": {"absent": "silent", "broken": "broken", "ringing": "ringing"},
                "distribution": {"table": {"rows": alarm}},
            },
            "leaving": table(
                ({"alarm": "ringing"}, 0.88), ({"alarm": "broken"}, 0.73), ({"alarm": False}, 0.001)
            ),
            "report": table(({"leaving": True}, 0.75), ({"leaving": False}, 0.01)),
        },
        findings={"read": table(({"report": True}, 1.0), ({"report": False}, 0.0))},
    )


def test_what_would_make_a_report_of_fire_more_probable(tmp_path: Path) -> None:
    """M. Leonelli, R. Ramanathan and R. L. Wilkerson, `bnmonitor`, README: network `fire_alarm`.

    P(report) = 0.3678447. `sensquery` says which single probability would make it 0.4.
    """
    model = fire_alarm(tmp_path)
    found = model.diagnose({}).sensitivity(["report"]).tornadoes[0]
    assert found.probability == pytest.approx(0.3678447, abs=5e-8)
    functions = {each.path.removeprefix("causes."): each for each in found.functions}
    for path, value, suggested in (
        ("leaving.distribution.table.rows.1.probabilities.present", 0.73, 0.7983961),
        ("report.distribution.table.rows.0.probabilities.present", 0.75, 0.8164951),
        ("tampering.distribution.categorical.probabilities.present", 0.02, 0.2018769),
        ("fire.distribution.categorical.probabilities.present", 0.01, 0.1252059),
    ):
        each = functions[path]
        assert each.value == value
        assert each.ratio is not None
        assert each.ratio.at(suggested) == pytest.approx(0.4, abs=1e-7)


@pytest.mark.parametrize(
    ("ringing", "broken", "report"),
    [
        pytest.param(0.83636364, 0.06363636, 0.3672779, id="proportional"),
        pytest.param(0.45, 0.45, 0.3668576, id="uniform"),
        pytest.param(0.756701, 0.143299, 0.3671913, id="order preserving"),
    ],
)
def test_what_a_silent_alarm_would_do_to_a_report(
    tmp_path: Path, ringing: float, broken: float, report: float
) -> None:
    """The same: the alarm is silent in one fire in ten, not in a hundred; its other states share the rest."""
    changes = {
        ALARM.format(2, state): {"value": value, "low": value, "high": value, "n": None}
        for state, value in (("ringing", ringing), ("broken", broken))
    }
    changed = fire_alarm(tmp_path).with_parameters(changes)
    assert changed.diagnose({}).posterior["report"] == pytest.approx(report, abs=5e-8)


def test_the_share_of_smokers_from_which_bronchitis_is_more_probable_than_not() -> None:
    """HUGIN, help page on the parameter sensitivity wizard, network Asia.

    The most probable state of bronchitis changes where the prior of smoking is above approximately 0.7, and
    the sensitivity function is a straight line.
    """
    found = dx.load_model("chest_clinic").diagnose({}).sensitivity(["bronchitis"]).tornadoes[0]
    (smoking,) = [each.ratio for each in found.functions if each.path.startswith("risk_factors.smoking")]
    assert smoking is not None
    assert (smoking.c, smoking.d) == pytest.approx((0.0, 1.0))
    assert round((0.5 - smoking.b) / smoking.a, 1) == 0.7
