"""The chest clinic answers as the tables of Lauritzen and Spiegelhalter (1988) do, world by world."""

from __future__ import annotations

import gzip
import importlib.util
import json
from collections.abc import Mapping
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import twitchdx as dx
from twitchdx.engines import ENGINES
from twitchdx.loading import find_model

# The tables as the paper prints them: P(yes | parents), the parents in the order given.
TABLES: Mapping[str, tuple[tuple[str, ...], Mapping[tuple[bool, ...], float]]] = {
    "visit_to_asia": ((), {(): 0.01}),
    "smoking": ((), {(): 0.5}),
    "tuberculosis": (("visit_to_asia",), {(True,): 0.05, (False,): 0.01}),
    "lung_cancer": (("smoking",), {(True,): 0.1, (False,): 0.01}),
    "bronchitis": (("smoking",), {(True,): 0.6, (False,): 0.3}),
    "tuberculosis_or_cancer": (
        ("tuberculosis", "lung_cancer"),
        {(True, True): 1.0, (True, False): 1.0, (False, True): 1.0, (False, False): 0.0},
    ),
    "chest_xray": (("tuberculosis_or_cancer",), {(True,): 0.98, (False,): 0.05}),
    "dyspnoea": (
        ("tuberculosis_or_cancer", "bronchitis"),
        {(True, True): 0.9, (True, False): 0.7, (False, True): 0.8, (False, False): 0.1},
    ),
}
# How the copy that ships with pgmpy calls them.
ELSEWHERE = {
    "visit_to_asia": "asia", "smoking": "smoke", "tuberculosis": "tub", "lung_cancer": "lung",
    "bronchitis": "bronc", "tuberculosis_or_cancer": "either", "chest_xray": "xray", "dyspnoea": "dysp",
}  # fmt: skip


def probability(wanted: Mapping[str, bool]) -> float:
    """P(all of these), by adding up the worlds."""
    total = 0.0
    for states in product((False, True), repeat=len(TABLES)):
        world = dict(zip(TABLES, states, strict=True))
        if all(world[name] == state for name, state in wanted.items()):
            weight = 1.0
            for name, (parents, rows) in TABLES.items():
                yes = rows[tuple(world[parent] for parent in parents)]
                weight *= yes if world[name] else 1.0 - yes
            total += weight
    return total


def evidence(wanted: Mapping[str, bool]) -> dict[str, str | bool]:
    words = {True: "abnormal", False: "normal"}
    return {name: words[state] if name == "chest_xray" else state for name, state in wanted.items()}


observations = st.dictionaries(st.sampled_from(list(TABLES)), st.booleans(), max_size=5).filter(
    lambda wanted: probability(wanted) > 0.0
)


@given(observations, st.sampled_from(list(ENGINES)))
def test_every_probability_is_that_of_the_tables(wanted: dict[str, bool], engine: str) -> None:
    answer = dx.diagnose(evidence(wanted), "chest_clinic", engine=engine)
    whole = probability(wanted)
    for name in TABLES:
        expected = 0.0 if wanted.get(name) is False else probability({**wanted, name: True}) / whole
        found = list(answer.distribution(name).values())[1]
        assert found == pytest.approx(expected, rel=1e-12, abs=1e-15)


def test_it_is_the_network_that_another_library_ships(tmp_path: Path) -> None:
    spec = importlib.util.find_spec("pgmpy")
    assert spec is not None
    assert spec.origin is not None
    packed = Path(spec.origin).parent / "utils" / "example_models" / "asia.bif.gz"
    (tmp_path / "asia.bif").write_bytes(gzip.decompress(packed.read_bytes()))
    theirs = dx.load_model(tmp_path / "asia.bif")
    for wanted in ({}, {"visit_to_asia": True, "dyspnoea": True}, {"smoking": False, "chest_xray": True}):
        ours = dx.diagnose(evidence(wanted), "chest_clinic")
        other = theirs.diagnose({ELSEWHERE[name]: "yes" if yes else "no" for name, yes in wanted.items()})
        for name in TABLES:
            assert list(ours.distribution(name).values())[1] == pytest.approx(
                other.distribution(ELSEWHERE[name])["yes"], rel=1e-12
            )


def test_what_tuberculosis_and_cancer_contribute_is_followed_through_the_logical_or() -> None:
    # With one cause certain and the others excluded, it explains all that the leak does not:
    # the link over the whole, (0.7 - 0.1) / 0.9 / 0.7.
    for cause in ("tuberculosis", "lung_cancer"):
        others = {"bronchitis": False, "tuberculosis": False, "lung_cancer": False}
        answer = dx.diagnose({**others, cause: True, "dyspnoea": True}, "chest_clinic")
        found = {each.cause: each.responsibility for each in answer.differential}
        assert found[cause] == pytest.approx((0.7 - 0.1) / 0.9 / 0.7)
        assert answer.unexplained == pytest.approx(1 - (0.7 - 0.1) / 0.9 / 0.7)


def test_the_case_of_the_paper_has_the_answer_of_the_paper() -> None:
    path = find_model("chest_clinic") / "cases" / "back_from_asia.json"
    answer = dx.diagnose(json.loads(path.read_text(encoding="utf-8"))["evidence"], "chest_clinic")
    asked = {"visit_to_asia": True, "dyspnoea": True}
    for cause, found in answer.posterior.items():
        assert found == pytest.approx(probability({**asked, cause: True}) / probability(asked), rel=1e-12)
