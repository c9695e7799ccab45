"""What a model says and what the compiled network then does, checked by enumerating the network."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import twitchdx as dx
from models import spoiled, write_model
from oracle import Enumeration
from twitchdx.errors import ModelError, Where
from twitchdx.network import Network, compile_network
from twitchdx.spec import (
    CareLevel,
    Categorical,
    Deterministic,
    DeterministicRow,
    Distribution,
    Estimate,
    Finding,
    Form,
    Header,
    LogLinear,
    ModelSpec,
    NoisyMax,
    NoisyOr,
    Table,
    TableRow,
    Variable,
)


def number(value: float, form: Form | None = None, **more: Estimate) -> Estimate:
    return Estimate(value=value, grade="judgement", form=form, low=value, high=value, note="a test", **more)


def variable(states: str = "absent present", **kind: object) -> Variable:
    return Variable(
        label="v",
        definition="v",
        question="v?",
        states={state: state for state in states.split()},
        distribution=Distribution(**kind),  # type: ignore[arg-type]
    )


def root(p: float) -> Variable:
    return variable(categorical=Categorical(probabilities={"present": number(p)}))


def compiled(**causes: Variable) -> Network:
    """A network whose variables are all causes: the compiler does not look at roles."""
    header = Header(
        format=1,
        name="m",
        version="1",
        title="m",
        description="m",
        population="m",
        window="m",
        complaint="x",
        licence="m",
        disclaimer="m",
        step_threshold=number(0.1),
    )
    care = {"self_care": CareLevel(label="l", action="a", reason="r")}
    spec = ModelSpec(model=header, care_levels=care, causes=causes)  # type: ignore[arg-type]
    return compile_network(spec, lambda path: Where(".".join(map(str, path))))


def present(network: Network, name: str, likelihoods: dict | None = None) -> float:
    return Enumeration(network).marginal(name, likelihoods or {})[1]


ON, OFF = [0.0, 1.0], [1.0, 0.0]
p = st.floats(0.01, 0.6)


def test_a_categorical_root_gives_the_rest_to_the_state_left_out() -> None:
    kind = Categorical(probabilities={"a": number(0.2), "c": number(0.3)})
    assert Enumeration(compiled(x=variable("a b c", categorical=kind))).marginal("x", {}) == pytest.approx(
        [0.2, 0.5, 0.3]
    )


def test_an_incidence_becomes_a_probability_everywhere_it_may_stand() -> None:
    rare = number(2e-5, "incidence", duration=number(1.5, "quantity"))
    network = compiled(
        a=variable(categorical=Categorical(probabilities={"present": rare})),
        b=variable(log_linear=LogLinear(marginal={"present": rare}, modifiers={})),
        c=variable(table=Table(rows=(TableRow(probabilities={"present": rare}),))),
    )
    for name in "abc":
        assert present(network, name) == pytest.approx(3e-5, rel=1e-12, abs=0.0)


def test_a_table_row_covers_the_combinations_it_names() -> None:
    rows = (
        TableRow(when={"a": ("present",), "b": ("present",)}, state="present"),
        TableRow(when={"a": ("present",), "b": ("absent",)}, probabilities={"present": number(0.5)}),
        TableRow(when={"a": ("absent",)}, probabilities={"absent": number(0.9)}),
    )
    network = compiled(x=variable(table=Table(rows=rows)), a=root(0.3), b=root(0.4))
    for a, b, expected in ((ON, ON, 1.0), (ON, OFF, 0.5), (OFF, ON, 0.1), (OFF, OFF, 0.1)):
        assert present(network, "x", {"a": a, "b": b}) == pytest.approx(expected, rel=1e-12, abs=0.0)


def test_the_first_row_that_matches_decides() -> None:
    rows = (
        DeterministicRow(when={"a": ("present",), "b": ("present",)}, state="both"),
        DeterministicRow(when={"a": ("present",)}, state="one"),
        DeterministicRow(when={"b": ("present",)}, state="one"),
    )
    x = variable("neither one both", deterministic=Deterministic(rows=rows, otherwise="neither"))
    network = compiled(a=root(0.3), b=root(0.4), x=x)
    assert Enumeration(network).marginal("x", {}) == pytest.approx([0.42, 0.46, 0.12], rel=1e-12, abs=0.0)


@given(p, p, p, st.floats(0.0, 0.5))
def test_a_link_is_what_the_cause_does_alone(prior: float, other: float, link: float, leak: float) -> None:
    links = {"a": {"present": number(link, "link")}, "b": {"present": number(0.5, "link")}}
    network = compiled(
        a=root(prior), b=root(other), x=variable(noisy_or=NoisyOr(leak=number(leak), links=links))
    )
    alone = present(network, "x", {"a": ON, "b": OFF})
    assert alone == pytest.approx(1.0 - (1.0 - link) * (1.0 - leak), rel=1e-12, abs=0.0)
    assert present(network, "x", {"a": OFF, "b": OFF}) == pytest.approx(leak, rel=1e-12, abs=1e-300)


@given(p, p, st.floats(0.0, 0.3), st.floats(0.35, 1.0))
def test_a_sensitivity_comes_out_as_published(
    prior: float, other: float, leak: float, sensitivity: float
) -> None:
    links = {"a": {"present": number(sensitivity, "sensitivity")}, "b": {"present": number(0.5, "link")}}
    network = compiled(
        a=root(prior), b=root(other), x=variable(noisy_or=NoisyOr(leak=number(leak), links=links))
    )
    assert present(network, "x", {"a": ON, "b": OFF}) == pytest.approx(sensitivity, rel=1e-12, abs=0.0)


@given(p, p, st.floats(0.6, 1.0), st.floats(0.3, 0.9), st.booleans())
def test_a_solved_leak_gives_the_prevalence_with_inhibitors_and_correlated_parents(
    prior: float,
    link: float,
    sensitivity: float,
    multiplier: float,
    both: bool,
) -> None:
    # b depends on a, so that the product of the parents' marginals would give another leak.
    b = variable(noisy_or=NoisyOr(leak=number(0.1), links={"a": {"present": number(0.8, "link")}}))
    inhibitors = {"c": {"present": number(multiplier)}} | ({"a": {"present": number(0.9)}} if both else {})
    links = {"a": {"present": number(sensitivity, "sensitivity")}, "b": {"present": number(link, "link")}}
    # The smallest prevalence that leaves room for a leak: what the causes alone produce is below this.
    leak = 0.2
    solved = compiled(
        a=root(prior),
        b=b,
        c=root(0.3),
        x=variable(noisy_or=NoisyOr(leak=number(leak), links=links, inhibitors=inhibitors)),
    )
    prevalence = present(solved, "x")
    again = compiled(
        a=root(prior),
        b=b,
        c=root(0.3),
        x=variable(
            noisy_or=NoisyOr(leak=number(prevalence, "prevalence"), links=links, inhibitors=inhibitors)
        ),
    )
    assert present(again, "x") == pytest.approx(prevalence, rel=1e-9, abs=0.0)
    assert again["x"].mechanism.leak[0] == pytest.approx(leak, rel=1e-8, abs=0.0)
    # The sensitivity includes the solved leak: P(x | a, b absent, c absent).
    expected = sensitivity * (0.9 if both else 1.0)
    assert present(again, "x", {"a": ON, "b": OFF, "c": OFF}) == pytest.approx(expected, rel=1e-9, abs=0.0)


@pytest.mark.parametrize("prevalence", [0.5, 0.9, 0.999, 1.0 - 1e-9])
def test_a_solved_leak_gives_the_prevalence_beside_many_sensitivities(prevalence: float) -> None:
    # Sensitivities above the prevalence, which any leak below it leaves possible.
    roots = {f"p{k}": root(0.01 * (k + 1)) for k in range(9)}
    links = {name: {"present": number(1.0, "sensitivity")} for name in roots}
    network = compiled(
        **roots, x=variable(noisy_or=NoisyOr(leak=number(prevalence, "prevalence"), links=links))
    )
    silent = math.prod(1.0 - 0.01 * (k + 1) for k in range(9))
    assert network["x"].mechanism.leak[0] == pytest.approx(1.0 - (1.0 - prevalence) / silent, rel=1e-9)
    assert present(network, "x") == pytest.approx(prevalence, rel=1e-12)


def test_a_certain_finding_leaves_no_room_for_a_sensitivity() -> None:
    links = {"a": {"present": number(0.9, "sensitivity")}}
    with pytest.raises(ModelError) as caught:
        compiled(a=root(0.2), x=variable(noisy_or=NoisyOr(leak=number(1.0, "prevalence"), links=links)))
    assert [issue.where.path.split(".")[-2:] for issue in caught.value.issues] == [["a", "present"]]


@pytest.mark.parametrize(
    ("prior", "sensitivity", "prevalence"),
    [(0.02, 0.5, 0.4), (0.02, 0.95, 0.4), (0.02, 0.95, 0.8), (0.02, 0.95, 0.94), (0.3, 0.999, 0.94)],
)
def test_a_solved_leak_and_the_sensitivities_hold_together(
    prior: float, sensitivity: float, prevalence: float
) -> None:
    names = [f"p{k}" for k in range(7)]
    links = {name: {"present": number(sensitivity, "sensitivity")} for name in names}
    leak = number(prevalence, "prevalence")
    network = compiled(
        **{name: root(prior) for name in names}, x=variable(noisy_or=NoisyOr(leak=leak, links=links))
    )
    assert present(network, "x") == pytest.approx(prevalence, rel=1e-9)
    alone = dict.fromkeys(names, OFF) | {names[0]: ON}
    assert present(network, "x", alone) == pytest.approx(sensitivity, rel=1e-9)


def test_a_solved_leak_of_each_grade_gives_the_prevalence_of_each_grade() -> None:
    links = {"a": {"present": {"some": number(0.7, "sensitivity"), "much": number(0.4, "link")}}}
    leak = {"some": number(0.3, "prevalence"), "much": number(0.08, "prevalence")}
    network = compiled(a=root(0.1), x=variable("none some much", noisy_max=NoisyMax(leak=leak, links=links)))
    marginal = Enumeration(network).marginal("x", {})
    assert marginal == pytest.approx([0.7, 0.22, 0.08], rel=1e-9, abs=0.0)
    # P(at least some | a) = 0.7; P(much | a) = 1 - 0.6 (1 - leak), with 1 - 0.96 (1 - leak) = 0.08.
    given_a = Enumeration(network).marginal("x", {"a": ON})
    assert 1.0 - given_a[0] == pytest.approx(0.7, rel=1e-9, abs=0.0)
    assert given_a[2] == pytest.approx(1.0 - 0.6 * 0.92 / 0.96, rel=1e-9, abs=0.0)


@given(st.floats(0.05, 0.6), st.floats(1.0, 4.0), st.floats(0.05, 0.2))
def test_links_from_a_relative_risk_reproduce_it(share: float, ratio: float, prevalence: float) -> None:
    links = {"a": {"present": number(ratio, "relative_risk")}}
    network = compiled(
        a=root(share), x=variable(noisy_or=NoisyOr(leak=number(prevalence, "prevalence"), links=links))
    )
    assert present(network, "x") == pytest.approx(prevalence, rel=1e-9, abs=0.0)
    risk = present(network, "x", {"a": ON}) / present(network, "x", {"a": OFF})
    assert risk == pytest.approx(ratio, rel=1e-8, abs=0.0)


@given(st.floats(0.05, 0.6), st.floats(1.0, 9.0), st.floats(0.05, 0.5))
def test_links_from_an_odds_ratio_reproduce_it(share: float, ratio: float, prevalence: float) -> None:
    links = {"a": {"present": number(ratio, "odds_ratio")}}
    network = compiled(
        a=root(share), x=variable(noisy_or=NoisyOr(leak=number(prevalence, "prevalence"), links=links))
    )
    assert present(network, "x") == pytest.approx(prevalence, rel=1e-9, abs=0.0)
    on, off = present(network, "x", {"a": ON}), present(network, "x", {"a": OFF})
    assert on / (1 - on) / (off / (1 - off)) == pytest.approx(ratio, rel=1e-8, abs=0.0)


@pytest.mark.parametrize("form", ["odds_ratio", "relative_risk"])
@given(st.floats(1e-6, 0.05), st.floats(0.2, 4.0), st.floats(0.2, 4.0))
def test_log_linear_gives_marginals_and_ratios_with_correlated_modifiers(
    form: Form, prevalence: float, first: float, second: float
) -> None:
    b = variable(noisy_or=NoisyOr(leak=number(0.1), links={"a": {"present": number(0.8, "link")}}))
    kind = LogLinear(
        marginal={"mild": number(prevalence, "prevalence"), "severe": number(prevalence / 4.0, "prevalence")},
        modifiers={"a": {"present": number(first, form)}, "b": {"absent": number(second, form)}},
    )
    network = compiled(a=root(0.3), b=b, x=variable("absent mild severe", log_linear=kind))
    oracle = Enumeration(network)
    assert oracle.marginal("x", {})[1:] == pytest.approx([prevalence, prevalence / 4.0], rel=1e-9, abs=0.0)
    base = oracle.marginal("x", {"a": OFF, "b": ON})
    for a, b_state, ratio in ((ON, ON, first), (OFF, OFF, second), (ON, OFF, first * second)):
        row = oracle.marginal("x", {"a": a, "b": b_state})
        for grade in (1, 2):
            if form == "odds_ratio":
                found = row[grade] / row[0] / (base[grade] / base[0])
            else:
                found = row[grade] / base[grade]
            assert found == pytest.approx(ratio, rel=1e-9, abs=0.0)


def test_an_inhibitor_multiplies_the_outcome_down_and_grades_share_it() -> None:
    leak = {"some": number(0.6), "much": number(0.2)}
    kind = NoisyMax(leak=leak, links={}, inhibitors={"a": {"present": number(0.5)}})
    network = compiled(a=root(0.3), x=variable("none some much", noisy_max=kind))
    assert Enumeration(network).marginal("x", {"a": OFF}) == pytest.approx(
        [0.4, 0.4, 0.2], rel=1e-12, abs=0.0
    )
    assert Enumeration(network).marginal("x", {"a": ON}) == pytest.approx([0.7, 0.2, 0.1], rel=1e-12, abs=0.0)


def test_a_prevalence_is_for_the_whole_population_inhibited_or_not() -> None:
    # E[I] = 1 - 0.5 * 0.3 = 0.85; P = 0.85 leak = 0.34 gives leak = 0.4.
    kind = NoisyOr(leak=number(0.34, "prevalence"), links={}, inhibitors={"a": {"present": number(0.5)}})
    network = compiled(a=root(0.3), x=variable(noisy_or=kind))
    assert network["x"].mechanism.leak[0] == pytest.approx(0.4, rel=1e-12, abs=0.0)


def test_numbers_that_cannot_be_converted_are_all_reported() -> None:
    links = {"a": {"present": number(0.05, "sensitivity")}, "b": {"present": number(0.5, "relative_risk")}}
    with pytest.raises(ModelError) as caught:
        compiled(
            a=root(0.3),
            b=root(0.3),
            x=variable(noisy_or=NoisyOr(leak=number(0.2, "prevalence"), links=links)),
            y=variable(
                noisy_or=NoisyOr(leak=number(0.1), links={"a": {"present": number(2.0, "odds_ratio")}})
            ),
        )
    places = [issue.where.path for issue in caught.value.issues]
    assert {issue.code for issue in caught.value.issues} == {"cannot-convert"}
    assert "causes.x.distribution.noisy_or.links.b.present" in places
    assert "causes.y.distribution.noisy_or.links.a.present" in places
    assert all(issue.fix for issue in caught.value.issues)


def test_a_grade_that_is_more_probable_than_the_one_below_is_reported() -> None:
    links = {"a": {"present": {"some": number(0.2, "link"), "much": number(0.3, "link")}}}
    x = variable("none some much", noisy_max=NoisyMax(leak={}, links=links))
    with pytest.raises(ModelError) as caught:
        compiled(a=root(0.3), x=x)
    assert caught.value.issues[0].where.path == "causes.x.distribution.noisy_max.links.a.present"


def test_an_impossible_number_in_a_model_folder_has_a_file_and_a_line(tmp_path: Path) -> None:
    old = "soft: {value: 0.9, low: 0.8, high: 0.95, form: sensitivity"
    texts = spoiled((old, "soft: {value: 0.1, low: 0.05, high: 0.95, form: sensitivity"))
    with pytest.raises(dx.ModelError) as caught:
        dx.load_model(write_model(tmp_path, texts))
    issue = caught.value.issues[0]
    assert issue.code == "cannot-convert"
    assert issue.where.file == "b_variables.yaml"
    lines = texts["b_variables.yaml"].splitlines()
    assert "value: 0.1, low: 0.05, high: 0.95" in lines[(issue.where.line or 0) - 1]


def test_the_tiny_model_does_what_its_file_says(tmp_path: Path) -> None:
    network = dx.load_model(write_model(tmp_path))._assembled.network
    oracle = Enumeration(network)
    assert oracle.marginal("rust", {})[1:] == pytest.approx([0.1, 0.04], rel=1e-9, abs=0.0)
    assert 1.0 - oracle.marginal("squeak", {})[0] == pytest.approx(0.3, rel=1e-9, abs=0.0)
    assert oracle.marginal("wobble", {})[1] == pytest.approx(0.1, rel=1e-9, abs=0.0)
    dry = {"friction": ON, "loose_screw": OFF, "season": [1.0, 0.0]}
    assert 1.0 - oracle.marginal("squeak", dry)[0] == pytest.approx(0.9, rel=1e-9, abs=0.0)
    assert oracle.marginal("squeak", dry)[2] == pytest.approx(0.4, rel=1e-9, abs=0.0)
    assert not network["squeak"].mechanism.leak.flags.writeable


def test_findings_and_variables_compile_alike() -> None:
    plain = root(0.3)
    finding = Finding(label="f", definition="f", distribution=plain.distribution, observed_by="examination")
    assert present(compiled(x=plain), "x") == present(compiled(x=finding), "x")
