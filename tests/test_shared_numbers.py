"""One number in several places: written once, counted once, moved everywhere at once."""

# ruff: noqa: E501 - lines of a model

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

import twitchdx as dx
from models import place_of, spoiled, write_model
from twitchdx.answering import query
from twitchdx.catalogue import count_grades, list_parameters
from twitchdx.cli import main
from twitchdx.engines import ExactEngine
from twitchdx.errors import ModelError
from twitchdx.influence import measure_influence
from twitchdx.spec import ModelSpec, places_of_shared
from twitchdx.uncertainty.beliefs import believe
from twitchdx.whatif import Subject, trace_number, with_parameters
from twitchdx.whatif.parameters import dotted
from twitchdx.whatif.screening import uncertain_numbers

WEAR = "            present: {present: {value: 0.5, low: 0.4, high: 0.6, form: link, grade: cohort, sources: [hinge2001]}}\n"
MILD = "            mild: {present: {value: 0.3, low: 0.2, high: 0.4, form: link, grade: cohort, sources: [hinge2001]}}\n"
ENTRY = "shared:\n  rubbing: {value: 0.4, low: 0.2, high: 0.7, form: link, grade: judgement, note: much the same for both}\n"
TWICE = (
    ("risk_factors:\n", f"{ENTRY}risk_factors:\n"),
    (WEAR, "            present: {present: {shared: rubbing}}\n"),
    (MILD, "            mild: {present: {shared: rubbing}}\n"),
)


def load(folder: Path, *changes: tuple[str, str]) -> dx.Model:
    return dx.load_model(write_model(folder / "squeaking_hinge", spoiled(*changes)))


def test_it_says_the_same_as_the_number_written_out(tmp_path: Path) -> None:
    number = "{value: 0.4, low: 0.2, high: 0.7, form: link, grade: judgement, note: much the same for both}"
    shared = load(tmp_path / "shared", *TWICE)
    written = load(
        tmp_path / "written",
        (WEAR, f"            present: {{present: {number}}}\n"),
        (MILD, f"            mild: {{present: {number}}}\n"),
    )
    evidence = {"squeak": "loud", "rust_meter": 7}
    assert shared.diagnose(evidence).posterior == written.diagnose(evidence).posterior


def test_it_counts_once_and_is_listed_wherever_it_stands(tmp_path: Path) -> None:
    before = load(tmp_path / "before").parameters()
    after = load(tmp_path / "after", *TWICE).parameters()
    assert [each.path for each in after] == [each.path for each in before]
    assert [each.path.split(".")[-3] for each in after if each.shared == "rubbing"] == ["rust", "wear"]
    assert count_grades(after)["judgement"] == count_grades(before)["judgement"] + 1
    assert count_grades(after)["cohort"] == count_grades(before)["cohort"] - 2


def test_check_gives_the_share_counted_once_and_counted_at_every_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    numbers = load(tmp_path, *TWICE).parameters()
    places = [each for each in numbers if each.grade != "definition"]
    guesses = [each for each in places if each.grade == "judgement"]
    assert [each.shared for each in guesses].count("rubbing") == 2
    once = 1 - (len(guesses) - 1) / (len(places) - 1)
    everywhere = 1 - len(guesses) / len(places)
    assert main(["check", str(tmp_path / "squeaking_hinge")]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert f"{100 * once:.0f} % rest on something better than judgement" in said
    assert f"counted at every place, {100 * everywhere:.0f} %." in said


def test_its_influence_is_that_of_all_its_places_together(tmp_path: Path) -> None:
    patients = {"loud": {"squeak": "loud"}}
    shared = load(tmp_path / "shared", *TWICE)
    (found,) = [each for each in measure_influence(shared, patients) if each.path == "shared.rubbing"]

    def with_link(value: float) -> dx.Model:
        entry = ENTRY.replace("value: 0.4", f"value: {value}")
        return load(tmp_path / str(value), (TWICE[0][0], f"{entry}risk_factors:\n"), *TWICE[1:])

    here = shared.diagnose(patients["loud"]).posterior
    ends = [with_link(value).diagnose(patients["loud"]).posterior for value in (0.2, 0.7)]
    largest = max(abs(end[cause] - here[cause]) for end in ends for cause in here)
    assert found.swing == pytest.approx(largest)


def test_it_survives_being_written_and_read_again(tmp_path: Path) -> None:
    from twitchdx.loading import parse_spec, spec_data

    spec = load(tmp_path, *TWICE).spec
    assert spec is not None
    again = parse_spec(spec_data(spec), lambda _: pytest.fail("nothing is wrong"))
    assert again.spec == spec


@pytest.mark.parametrize(
    ("code", "changes", "marker"),
    [
        (
            "unknown-shared",
            ((WEAR, "            present: {present: {shared: rubing}}\n"), *TWICE[::2]),
            "{shared: rubing}",
        ),
        ("unused-shared", TWICE[:1], "  rubbing:"),
        ("form-missing", ((TWICE[0][0], TWICE[0][1].replace("form: link, ", "")), *TWICE[1:]), "  rubbing:"),
        (
            "shared-chain",
            (
                (
                    "risk_factors:\n",
                    f"{ENTRY}  other: {{value: 0.4, grade: seed, form: link, sources: [manual], n: 3, shared: rubbing}}\nrisk_factors:\n",
                ),
                *TWICE[1:],
            ),
            "  other:",
        ),
    ],
)
def test_a_mistake_in_it_is_reported_with_its_place(
    tmp_path: Path, code: str, changes: tuple[tuple[str, str], ...], marker: str
) -> None:
    texts = spoiled(*changes)
    with pytest.raises(dx.ModelError) as caught:
        dx.load_model(write_model(tmp_path / "squeaking_hinge", texts))
    found = [issue for issue in caught.value.issues if issue.code == code]
    assert place_of(texts, marker) in [(issue.where.file, issue.where.line) for issue in found]
    assert all(issue.fix for issue in found)
    if code == "unknown-shared":
        assert "rubbing" in found[0].fix


def rubbing_places(spec: ModelSpec) -> list[int]:
    places = places_of_shared(spec)["rubbing"]
    paths = believe(spec).paths
    return [paths.index(path) for path in places if path in paths]


def test_it_is_one_deviate_in_what_is_believed(tmp_path: Path) -> None:
    spec = load(tmp_path, *TWICE).spec
    assert spec is not None
    beliefs = believe(spec)
    one, other = rubbing_places(spec)
    drawn = beliefs.draw(200, 1)
    np.testing.assert_array_equal(drawn[:, one], drawn[:, other])
    assert drawn[:, one].std() > 0.0
    effects = np.zeros([1, len(beliefs.paths)])
    effects[0, [one, other]] = 0.3, 0.4
    # Together 0.7 of its slope, not the root of 0.3^2 + 0.4^2.
    moved = beliefs.moves.apply(effects)
    assert math.sqrt((moved**2).sum()) == pytest.approx(0.7 * beliefs.slopes[one])


def test_its_uncertainty_reaches_the_posterior_by_all_its_places(tmp_path: Path) -> None:
    model = load(tmp_path / "shared", *TWICE)
    assert model.spec is not None
    causes = tuple(model.causes)
    answer = model.diagnose({"squeak": "loud"}).uncertainty
    assert answer is not None
    beliefs = believe(model.spec)
    (first, _) = rubbing_places(model.spec)

    def log_odds(value: float) -> list[float]:
        entry = ENTRY.replace("value: 0.4", f"value: {value}")
        moved = load(tmp_path / str(value), (TWICE[0][0], f"{entry}risk_factors:\n"), *TWICE[1:])
        posterior = moved.diagnose({"squeak": "loud"}).posterior
        return [math.log(posterior[cause] / (1.0 - posterior[cause])) for cause in causes]

    slope = (np.array(log_odds(0.40001)) - np.array(log_odds(0.39999))) / 0.00002
    found = answer.probability.effects[:, first]
    assert found == pytest.approx(slope * beliefs.slopes[first], rel=1e-4, abs=1e-8)


def test_it_is_changed_in_all_of_its_places_by_whichever_name(tmp_path: Path) -> None:
    model = load(tmp_path, *TWICE)
    paths = [each.path for each in model.parameters() if each.shared == "rubbing"]
    digests = set()
    for path in (*paths, "shared.rubbing"):
        changed = with_parameters(model._assembled, {path: 0.5})
        assert changed.spec is not None
        values = {each.value for each in list_parameters(changed.spec) if each.shared == "rubbing"}
        assert values == {0.5}
        digests.add(changed.digest)
    assert len(digests) == 1
    with pytest.raises(ModelError) as caught:
        with_parameters(model._assembled, dict.fromkeys(paths, 0.5))
    assert [each.code for each in caught.value.issues] == ["changed-twice"]


def test_a_what_if_of_its_value_moves_all_of_its_places(tmp_path: Path) -> None:
    model = load(tmp_path, *TWICE)
    answer = model.diagnose({"squeak": "loud"})
    subject = Subject(model._assembled, answer.evidence, ExactEngine(), "squeak")
    (path,) = [each.path for each in uncertain_numbers(subject) if each.estimate.shared]
    function = trace_number(subject, dotted(path), "rust")
    high = with_parameters(model._assembled, {dotted(path): 0.7})
    expected = query(high.network, answer.evidence, ("rust",), ExactEngine()).marginals["rust"][1:].sum()
    assert function.at_high == pytest.approx(float(expected), rel=1e-10)


def test_a_shared_number_is_drawn_once_and_stops_only_where_its_neighbours_bound_it() -> None:
    spec = dx.load_model("knee_twitching").spec
    assert spec is not None
    beliefs = believe(spec)
    drawn = beliefs.draw(1000, 6)
    places = [(first, place) for place, first in enumerate(beliefs.first.tolist()) if first != place]
    assert len(places) > 100
    assert (drawn[:, [a for a, _ in places]] == drawn[:, [b for _, b in places]]).mean() > 0.99
