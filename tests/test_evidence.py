"""What a person may say about a patient, and what is answered to what cannot be understood."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twitchdx.errors import EvidenceError
from twitchdx.evidence import parse_evidence, parse_pairs
from twitchdx.spec import Band, Distribution, Measurement, PlausibleRange, UnitConversion, Variable


def variable(label: str = "v", **more: object) -> Variable:
    return Variable(label=label, definition="d", distribution=Distribution(), **more)  # type: ignore[arg-type]


POTASSIUM = Measurement(
    unit="mmol/L",
    bands={
        "normal": Band(at_least=3.5, below=5.2),
        "low": Band(at_least=2.5, below=3.5),
        "very_low": Band(below=2.5),
        "high": Band(at_least=5.2),
    },
    plausible=PlausibleRange(at_least=1, below=12, message="Check the value and its unit."),
    units={
        "mg/dL": UnitConversion(factor=0.2558, note="39.1 g/mol"),
        "µmol/L": UnitConversion(factor=0.001, note="n"),
    },
    note="a test",
)
AGE = Measurement(
    unit="years",
    bands={"young": Band(below=40), "old": Band(at_least=40)},
    plausible=PlausibleRange(at_least=18, below=120, message="This model describes adults only."),
    note="a test",
)
VARIABLES = {
    "cramps": variable("Muscle cramps", aliases=("charley horse",)),
    "squeak": variable(
        "Squeak", states={"none": "no squeak", "soft": "a soft squeak", "loud": "a loud squeak"}
    ),
    "potassium": variable(
        "Serum potassium", states={s: s for s in ("normal", "low", "very_low", "high")}, measurement=POTASSIUM
    ),
    "age": variable("Age", states={"young": "under forty", "old": "forty or more"}, measurement=AGE),
    "hypokalaemia": variable(
        "Low potassium", states={"absent": "a", "mild": "m", "severe": "s"}, aliases=("hypokalemia",)
    ),
    "haemoglobin": variable("Blood pigment", aliases=("hemoglobin",)),
}


def state(name: str, value: object) -> str | None:
    evidence = parse_evidence({name: value}, VARIABLES)
    assert list(evidence) == [name]
    observation = evidence[name]
    states = tuple(VARIABLES[name].states)
    if observation.state is not None:
        assert observation.likelihood == tuple(float(each == observation.state) for each in states)
    return observation.state


def issues(given: object) -> list[tuple[str, str]]:
    """(where, code) of every problem; each says what was found and how to mend it."""
    with pytest.raises(EvidenceError) as caught:
        parse_evidence(given, VARIABLES)
    for issue in caught.value.issues:
        assert issue.message
        assert issue.fix
        assert issue.severity == "error"
        assert str(issue) in str(caught.value)
    return [(issue.where.path, issue.code) for issue in caught.value.issues]


def fix(given: dict) -> str:
    with pytest.raises(EvidenceError) as caught:
        parse_evidence(given, VARIABLES)
    return caught.value.issues[0].fix


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("cramps", True, "present"),
        ("cramps", False, "absent"),
        ("cramps", np.True_, "present"),
        ("cramps", np.False_, "absent"),
        ("cramps", "present", "present"),
        ("cramps", " absent ", "absent"),
        ("squeak", "loud", "loud"),
        ("squeak", "none", "none"),
        ("squeak", np.str_("soft"), "soft"),
        ("potassium", "very_low", "very_low"),
        # A bare number has the model's unit; bands include their lower end and exclude the upper.
        ("potassium", 4, "normal"),
        ("potassium", 3.5, "normal"),
        ("potassium", 3.4999, "low"),
        ("potassium", 2.5, "low"),
        ("potassium", 2.4999, "very_low"),
        ("potassium", 5.2, "high"),
        ("potassium", 1, "very_low"),
        ("potassium", 11.999, "high"),
        ("potassium", np.float64(3.1), "low"),
        ("potassium", np.float32(3.1), "low"),
        ("potassium", np.int64(4), "normal"),
        ("potassium", Fraction(31, 10), "low"),
        ("potassium", "3.1", "low"),
        ("potassium", "3.1 mmol/L", "low"),
        ("potassium", "3.1mmol/L", "low"),
        ("potassium", "3.1 mmol/l", "low"),
        ("potassium", " 3.1  mmol / L ", "low"),
        ("potassium", "+3.1e0 MMOL/L", "low"),
        ("potassium", ".31e1 mmol/L", "low"),
        # 12.12 mg/dL * 0.2558 = 3.1003 mmol/L; 14 mg/dL = 3.58.
        ("potassium", "12.12 mg/dL", "low"),
        ("potassium", "14 mg/dl", "normal"),
        ("potassium", "3100 µmol/L", "low"),
        ("potassium", "3100 \u03bcmol/L", "low"),
        ("potassium", "3100 umol/l", "low"),
        ("age", 39, "young"),
        ("age", 40, "old"),
        ("age", "40 years", "old"),
        ("age", "39.9 year", "young"),
        ("age", 18, "young"),
        ("age", 119.9, "old"),
    ],
)
def test_what_is_understood(name: str, value: object, expected: str) -> None:
    assert state(name, value) == expected


@given(st.floats(1.0, 12.0, exclude_max=True))
def test_every_plausible_number_falls_in_its_band(value: float) -> None:
    expected = "very_low" if value < 2.5 else "low" if value < 3.5 else "normal" if value < 5.2 else "high"
    assert state("potassium", value) == expected
    assert state("potassium", f"{value!r} mmol/L") == expected


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("squeak", True, "not-a-truth-value"),
        ("potassium", False, "not-a-truth-value"),
        ("squeak", "lowd", "unknown-state"),
        ("squeak", "Loud", "unknown-state"),
        ("squeak", "", "unknown-state"),
        ("cramps", "yes", "unknown-state"),
        ("cramps", 1, "not-measured"),
        ("squeak", 2.0, "not-measured"),
        ("cramps", "1", "not-measured"),
        ("potassium", math.nan, "not-finite"),
        ("potassium", math.inf, "not-finite"),
        ("potassium", np.float64("nan"), "not-finite"),
        ("potassium", "1e999 mmol/L", "not-finite"),
        ("potassium", 3100, "implausible"),
        ("potassium", 12, "implausible"),
        ("potassium", 0.999, "implausible"),
        ("potassium", -4, "implausible"),
        ("potassium", "3 mg/dL", "implausible"),
        ("age", 17, "implausible"),
        ("age", 120, "implausible"),
        ("potassium", "4 stone", "unknown-unit"),
        ("potassium", "4 mmol/L/L", "unknown-unit"),
        ("potassium", "4 years", "unknown-unit"),
        ("potassium", "nan mmol/L", "unknown-state"),
        ("potassium", "about 4", "unknown-state"),
        ("cramps", [], "wrong-type"),
        ("cramps", ["absent", "present"], "wrong-type"),
        ("cramps", object(), "wrong-type"),
        ("cramps", b"present", "wrong-type"),
        ("cramps", 1j, "wrong-type"),
        ("cramps", {}, "incomplete-likelihood"),
        ("cramps", {"present": 1.0}, "incomplete-likelihood"),
        ("cramps", {"absent": 0, "present": 0}, "contradictory-soft-evidence"),
        ("cramps", {"absent": 1, "present": -1}, "not-a-likelihood"),
        ("cramps", {"absent": 1, "present": math.nan}, "not-a-likelihood"),
        ("cramps", {"absent": 1, "present": math.inf}, "not-a-likelihood"),
        ("cramps", {"absent": 1, "present": "1"}, "not-a-likelihood"),
        ("cramps", {"absent": True, "present": False}, "not-a-likelihood"),
        ("cramps", {"absent": 1, "prsent": 1}, "unknown-state"),
        ("cramps", [("absent", 1), ("absent", 1)], "contradictory-duplicate"),
        ("cramps", [{"absent": 1, "present": 0}, {"absent": 0, "present": 1}], "contradictory-soft-evidence"),
        ("cramps", [{"absent": 1, "present": 1}, {"absent": 1}], "incomplete-likelihood"),
    ],
)
def test_what_is_refused(name: str, value: object, code: str) -> None:
    assert issues({name: value}) == [(name, code)]


def test_not_observed_is_not_evidence() -> None:
    assert dict(parse_evidence({"cramps": None, "age": None}, VARIABLES)) == {}
    assert dict(parse_evidence({}, VARIABLES)) == {}


def test_evidence_stands_in_the_order_of_the_model() -> None:
    given = {"potassium": 4, "squeak": "loud", "cramps": True}
    assert list(parse_evidence(given, VARIABLES)) == ["cramps", "squeak", "potassium"]


def test_soft_evidence_is_a_likelihood_scaled_to_one() -> None:
    for value in (
        {"absent": 0.1, "present": 0.4},
        [("absent", 0.1), ("present", 0.4)],
        (("present", 4), ["absent", 1]),
    ):
        observation = parse_evidence({"cramps": value}, VARIABLES)["cramps"]
        assert observation.state is None
        assert observation.likelihood == (0.25, 1.0)


def test_several_soft_findings_on_one_variable_multiply() -> None:
    pieces = [{"none": 1, "soft": 0.5, "loud": 0.2}, {"none": 0.1, "soft": 1, "loud": 0.5}]
    # (0.1, 0.5, 0.1) scaled to maximum 1
    observation = parse_evidence({"squeak": pieces}, VARIABLES)["squeak"]
    assert observation.likelihood == pytest.approx((0.2, 1.0, 0.2), rel=1e-12, abs=0.0)
    again = parse_evidence({"squeak": list(reversed(pieces))}, VARIABLES)["squeak"]
    assert again.likelihood == pytest.approx(observation.likelihood, rel=1e-12, abs=0.0)


def test_a_thousand_weak_soft_findings_do_not_underflow() -> None:
    pieces = [{"absent": 1e-3, "present": 2e-3}] * 1000
    likelihood = parse_evidence({"cramps": pieces}, VARIABLES)["cramps"].likelihood
    assert likelihood[1] == 1.0
    assert likelihood[0] == pytest.approx(0.5**1000, rel=1e-9, abs=0.0)


def test_a_likelihood_that_leaves_one_state_is_certain() -> None:
    observation = parse_evidence({"cramps": {"absent": 0, "present": 0.2}}, VARIABLES)["cramps"]
    assert (observation.state, observation.likelihood) == ("present", (0.0, 1.0))


@pytest.mark.parametrize("given", [None, 3, "cramps", ["cramps"], [("cramps", True)], {"cramps"}])
def test_evidence_that_is_no_mapping(given: object) -> None:
    assert issues(given) == [("evidence", "not-a-mapping")]


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("crams", "cramps"),
        ("Cramps", "cramps"),
        ("muscle cramps", "cramps"),
        ("charley-horse", "cramps"),
        ("hypokalemia", "hypokalaemia"),
        ("hemoglobin", "haemoglobin"),
        ("serum_potassium", "potassium"),
        ("Low potassium", "hypokalaemia"),
    ],
)
def test_an_unknown_variable_gets_the_nearest_name(wrong: str, right: str) -> None:
    assert issues({wrong: True}) == [(wrong, "unknown-variable")]
    assert f"'{right}'" in fix({wrong: True})


@pytest.mark.parametrize("name", [3, None, ("cramps",), 2.5, "\x00", "x" * 1000])
def test_a_name_that_is_none(name: object) -> None:
    with pytest.raises(EvidenceError) as caught:
        parse_evidence({name: True}, VARIABLES)
    assert caught.value.issues[0].code == "unknown-variable"
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    ("value", "right"),
    [
        ("lowd", "loud"),
        ("LOUD", "loud"),
        ("a loud sqeak", "loud"),
        ({"none": 1, "soft": 1, "laud": 1}, "loud"),
    ],
)
def test_an_unknown_state_gets_the_nearest_one(value: object, right: str) -> None:
    assert f"Did you mean '{right}'?" in fix({"squeak": value})


def test_an_implausible_number_gets_a_hint_at_the_unit() -> None:
    assert '"3100 µmol/L"' in fix({"potassium": 3100})
    # 2 mg/dL is 0.5 mmol/L, which nobody survives; 2 mmol/L would be plausible.
    assert '"2 mmol/L"' in fix({"potassium": "2 mg/dL"})
    with pytest.raises(EvidenceError, match="adults only"):
        parse_evidence({"age": 12}, VARIABLES)


def test_all_problems_are_reported_at_once_in_the_order_of_the_input() -> None:
    given = {"nonsense": 1, "squeak": "lowd", "cramps": True, "age": 17, "potassium": "4 stone", 5: 5}
    assert issues(given) == [
        ("nonsense", "unknown-variable"),
        ("squeak", "unknown-state"),
        ("age", "implausible"),
        ("potassium", "unknown-unit"),
        ("5", "unknown-variable"),
    ]


def test_what_is_said_twice_must_agree() -> None:
    agreed = parse_pairs([("cramps", True), ("cramps", "present"), ("age", 30), ("age", "young")], VARIABLES)
    assert dict(agreed.states) == {"cramps": "present", "age": "young"}
    for second in (False, {"absent": 0.5, "present": 1}):
        with pytest.raises(EvidenceError) as caught:
            parse_pairs([("cramps", True), ("cramps", second), ("squeak", "lowd")], VARIABLES)
        assert [issue.code for issue in caught.value.issues] == ["contradictory-duplicate", "unknown-state"]
    soft = {"absent": 0.5, "present": 1}
    with pytest.raises(EvidenceError, match="several independent pieces"):
        parse_pairs([("cramps", soft), ("cramps", soft)], VARIABLES)


def test_evidence_cannot_be_changed() -> None:
    evidence = parse_evidence({"cramps": True, "age": 30}, VARIABLES)
    with pytest.raises(TypeError):
        evidence["cramps"] = evidence["age"]  # type: ignore[index]
    with pytest.raises(ValueError, match="read-only"):
        evidence.likelihoods["cramps"][0] = 1.0
    assert dict(evidence.without(["age"]).states) == {"cramps": "present"}
    assert len(evidence) == 2


@pytest.mark.parametrize("value", [Decimal("3.1"), np.array(3.1), np.array([3.1])])
def test_other_kinds_of_number_are_understood_or_refused_but_never_misread(value: object) -> None:
    try:
        found = state("potassium", value)
    except EvidenceError as error:
        found = error.issues[0].code
    assert found in ("low", "wrong-type")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.binary(max_size=4),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=6,
    ),
    st.sampled_from(list(VARIABLES)),
)
def test_whatever_is_given_it_is_understood_or_refused(value: object, name: str) -> None:
    try:
        evidence = parse_evidence({name: value}, VARIABLES)
    except EvidenceError:
        return
    for observation in evidence.values():
        assert max(observation.likelihood) == 1.0
        assert min(observation.likelihood) >= 0.0


def test_a_bare_number_shows_the_unit_that_it_was_taken_to_have() -> None:
    found = parse_evidence({"potassium": 4.1, "age": "34"}, VARIABLES)
    assert (found["potassium"].given, found["age"].given) == ("4.1 mmol/L", "34 years")
    assert parse_evidence({"potassium": "4.1 mmol/L"}, VARIABLES)["potassium"].given == "4.1 mmol/L"


def test_a_decimal_is_a_number() -> None:
    assert parse_evidence({"potassium": Decimal("4.1")}, VARIABLES) == parse_evidence(
        {"potassium": 4.1}, VARIABLES
    )


def test_a_decimal_comma_is_told() -> None:
    with pytest.raises(EvidenceError, match=r'Write a decimal point: "4\.1 mmol/L"'):
        parse_evidence({"potassium": "4,1 mmol/L"}, VARIABLES)


def test_nan_is_told_to_be_left_out() -> None:
    with pytest.raises(EvidenceError, match="leave the variable out or give None"):
        parse_evidence({"cramps": float("nan")}, VARIABLES)


def test_two_numbers_of_one_band_do_not_agree() -> None:
    with pytest.raises(EvidenceError, match="given twice"):
        parse_pairs([("age", 40), ("age", 41)], VARIABLES)
    assert parse_pairs([("age", 40), ("age", "40.0 years")], VARIABLES)["age"].state is not None


@pytest.mark.parametrize("pairs", [None, 3, "ab", [1, 2], [("age", 3, 4)]])
def test_what_is_no_pair_is_one_clear_error(pairs: object) -> None:
    with pytest.raises(EvidenceError) as caught:
        parse_pairs(pairs, VARIABLES)
    assert {issue.code for issue in caught.value.issues} == {"not-a-pair"}
