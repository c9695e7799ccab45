"""What `import twitchdx` offers, and what of it can be relied on."""

from __future__ import annotations

import dataclasses
import html
import json
import math
import os
import pickle
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import networkx as nx
import pytest

import twitchdx as dx
from models import TEXTS, spoiled, write_model
from oracle import Enumeration
from twitchdx.engines import ENGINES
from twitchdx.network import Network, Node, NoisyMax, Table, network_text
from twitchdx.numerics import read_only

SQUEAK = {"squeak": "loud", "age": "30 months", "rust_meter": {"normal": 0.3, "raised": 0.9}, "wobble": False}


@pytest.fixture
def hinge(tmp_path: Path) -> dx.Model:
    return dx.load_model(write_model(tmp_path / "squeaking_hinge"))


def test_the_public_names_are_these() -> None:
    expected = """
    Diagnosis EngineError EvidenceError ImpossibleEvidenceError Interview Issue Model ModelError
    ModelNotFoundError OptionError TwitchdxError UnknownNameError __version__ available_models diagnose
    load_model
    """.split()
    assert set(dx.__all__) == set(expected)
    for name in dx.__all__:
        assert getattr(dx, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'diagnoze'"):
        dx.diagnoze  # noqa: B018


def test_errors_are_one_family_and_of_the_kinds_that_python_has() -> None:
    for error in (dx.EngineError, dx.EvidenceError, dx.ModelError, dx.UnknownNameError):
        assert issubclass(error, dx.TwitchdxError)
    assert issubclass(dx.ImpossibleEvidenceError, dx.EvidenceError)
    assert issubclass(dx.EvidenceError, ValueError)
    assert issubclass(dx.ModelError, ValueError)
    assert issubclass(dx.ModelNotFoundError, LookupError)
    assert issubclass(dx.UnknownNameError, KeyError)


def test_an_unknown_engine_is_refused_with_the_engines_that_there_are(hinge: dx.Model) -> None:
    for name in ("exact", "pgmpi", "", None):
        if name in ENGINES:
            continue
        with pytest.raises(dx.EngineError) as caught:
            hinge.diagnose(SQUEAK, engine=name)  # type: ignore[arg-type]
        assert all(engine in caught.value.issues[0].fix for engine in ENGINES)


def test_unknown_names_are_refused_with_the_nearest(hinge: dx.Model) -> None:
    with pytest.raises(dx.UnknownNameError, match="'wobble'"):
        hinge.diagnose(SQUEAK, complaint="wobbel")
    with pytest.raises(dx.UnknownNameError, match="finding"):
        hinge.diagnose(SQUEAK, complaint="rust")
    with pytest.raises(dx.UnknownNameError, match="'friction'"):
        hinge.diagnose(SQUEAK).distribution("frictoin")
    with pytest.raises(dx.ModelNotFoundError, match="knee_twitching"):
        dx.diagnose({}, model="knee_twiching")
    with pytest.raises(dx.EvidenceError, match="Did you mean 'squeak'"):
        hinge.diagnose({"squaek": "loud"})


def test_a_model_can_be_named_given_by_path_or_given(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "squeaking_hinge")
    model = dx.load_model(folder)
    assert dx.load_model(str(folder)) is model
    answers = [dx.diagnose(SQUEAK, model=each).to_json() for each in (folder, str(folder), model)]
    assert len(set(answers)) == 1
    # A changed file is a changed model.
    write_model(folder, spoiled(("value: 0.07", "value: 0.08")))
    os.utime(folder / "b_variables.yaml", ns=(1, 1))
    assert dx.load_model(folder).digest != model.digest


def test_a_model_shows_what_it_is_made_of(hinge: dx.Model) -> None:
    assert tuple(hinge.variables) == (
        *(
            "season",
            "age",
            "rust",
            "wear",
            "loose_screw",
            "friction",
            "squeak",
            "wobble",
            "annoyed_owner",
            "rust_meter",
        ),
    )
    roles = {
        role: tuple(getattr(hinge, role))
        for role in ("risk_factors", "causes", "processes", "findings", "tests")
    }
    assert roles == {
        "risk_factors": ("season", "age"),
        "causes": ("rust", "wear", "loose_screw"),
        "processes": ("friction",),
        "findings": ("squeak", "wobble", "annoyed_owner"),
        "tests": ("rust_meter",),
    }
    assert (hinge.name, hinge.version, hinge.complaint) == ("squeaking_hinge", "0.1.0", "squeak")
    assert re.fullmatch(r"[0-9a-f]{64}", hinge.digest)
    assert hinge.variables["squeak"].parents == ("friction", "loose_screw", "season")
    assert hinge.references["hinge2001"].title == "On hinges"
    by_path = {each.path: each for each in hinge.parameters()}
    link = by_path["causes.wear.distribution.noisy_or.links.age.old"]
    assert (link.value, link.low, link.high, link.form, link.grade) == (0.3, 0.2, 0.4, "link", "cohort")
    assert link.sources == ("hinge2001",)
    # One parameter for every `value:` of the files, durations included.
    assert len(by_path) == len(hinge.parameters()) == sum(text.count("value:") for text in TEXTS.values())
    with pytest.raises(TypeError):
        hinge.causes["rust"] = hinge.causes["wear"]  # type: ignore[index]


def test_the_graph_has_roles_labels_and_the_arrows_of_the_model(hinge: dx.Model) -> None:
    graph = hinge.to_networkx()
    assert nx.is_directed_acyclic_graph(graph)
    assert set(graph) == set(hinge.variables)
    assert graph.nodes["rust"]["role"] == "cause"
    assert graph.nodes["squeak"]["label"] == "Squeak"
    assert set(graph.predecessors("friction")) == {"rust", "wear"}


def test_pgmpy_gets_the_whole_model(hinge: dx.Model) -> None:
    model = hinge.to_pgmpy()
    assert model.check_model()
    assert set(hinge.variables) <= set(model.nodes())
    assert all("__" in name for name in set(model.nodes()) - set(hinge.variables))


def test_an_answer_agrees_with_enumeration(hinge: dx.Model) -> None:
    answer = hinge.diagnose(SQUEAK)
    network = hinge._assembled.network
    oracle = Enumeration(network, mechanisms=True)
    evidence = {"squeak": [0, 0, 1], "age": [1, 0], "rust_meter": [1 / 3, 1], "wobble": [1, 0]}
    assert answer.log_evidence == pytest.approx(math.log(oracle.mass(evidence)), rel=1e-9)
    assert tuple(answer.posterior) == ("rust", "wear", "loose_screw")
    for each in answer.differential:
        expected = oracle.marginal(each.cause, evidence)
        assert list(each.states.values()) == pytest.approx(expected, rel=1e-9)
        assert each.probability == answer.posterior[each.cause] == pytest.approx(sum(expected[1:]), rel=1e-9)
        assert each.prior == pytest.approx(sum(oracle.marginal(each.cause, {})[1:]), rel=1e-9)
        assert each.responsibility == pytest.approx(
            oracle.responsibility("squeak", each.cause, evidence), rel=1e-9
        )
        # The rule on rust asks for a routine visit, that on wear for care soon.
        assert each.watched == (each.cause == "wear")
    assert answer.unexplained == pytest.approx(oracle.unexplained("squeak", hinge.causes, evidence), rel=1e-9)
    for name in hinge.variables:
        found = answer.distribution(name)
        assert tuple(found) == hinge.variables[name].states
        assert list(found.values()) == pytest.approx(oracle.marginal(name, evidence), rel=1e-9, abs=1e-15)


def test_another_finding_can_be_explained(hinge: dx.Model) -> None:
    evidence = {"squeak": "loud", "wobble": True}
    answer = hinge.diagnose(evidence, complaint="wobble")
    oracle = Enumeration(hinge._assembled.network, mechanisms=True)
    vectors = {"squeak": [0, 0, 1], "wobble": [0, 1]}
    for each in answer.differential:
        assert each.responsibility == pytest.approx(
            oracle.responsibility("wobble", each.cause, vectors), rel=1e-9
        )
    assert {e.cause: e.probability for e in answer.differential} == {
        e.cause: e.probability for e in hinge.diagnose(evidence).differential
    }


def test_empty_evidence_gives_the_priors(hinge: dx.Model) -> None:
    for answer in (hinge.diagnose({}), hinge.diagnose({"squeak": None})):
        assert answer.log_evidence == 0.0
        for each in answer.differential:
            assert each.probability == each.prior
            assert each.responsibility is None
        assert answer.unexplained is None


def test_results_are_frozen(hinge: dx.Model) -> None:
    answer = hinge.diagnose(SQUEAK)
    with pytest.raises(dataclasses.FrozenInstanceError):
        answer.record = None  # type: ignore[misc, assignment]
    with pytest.raises(dataclasses.FrozenInstanceError):
        answer.differential[0].probability = 0.5  # type: ignore[misc]
    with pytest.raises((AttributeError, TypeError)):
        answer.posterior["rust"] = 0.5  # type: ignore[index]
    with pytest.raises((AttributeError, TypeError)):
        hinge.name = "other"  # type: ignore[misc]


def test_json_keeps_every_digit(hinge: dx.Model) -> None:
    answer = hinge.diagnose(SQUEAK)
    plain = json.loads(answer.to_json(indent=2))
    assert plain == answer.to_dict() == json.loads(json.dumps(answer.to_dict()))
    assert plain["log_evidence"] == answer.log_evidence
    assert {each["cause"]: each["probability"] for each in plain["differential"]} == dict(answer.posterior)
    assert plain["schema_version"] == "1.3"
    assert (plain["model"]["name"], plain["model"]["digest"]) == (hinge.name, hinge.digest)


_AGAIN = """
import sys, json
import twitchdx as dx
print(dx.diagnose(json.loads(sys.argv[2]), model=sys.argv[1]).to_json())
"""


def test_the_same_input_gives_the_same_bits_in_every_process(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "squeaking_hinge")
    expected = dx.diagnose(SQUEAK, model=folder).to_json()
    assert dx.diagnose(dict(reversed(SQUEAK.items())), model=folder).to_json() == expected
    for seed in ("0", "1", "4711"):
        done = subprocess.run(
            [sys.executable, "-c", _AGAIN, str(folder), json.dumps(SQUEAK)],
            capture_output=True,
            encoding="utf-8",
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )
        assert done.stdout.strip() == expected


def test_models_and_answers_can_be_pickled(hinge: dx.Model) -> None:
    answer = hinge.diagnose(SQUEAK)
    again = pickle.loads(pickle.dumps(answer))
    assert again.to_json() == answer.to_json()
    assert again.distribution("friction") == answer.distribution("friction")
    model = pickle.loads(pickle.dumps(hinge))
    assert model.digest == hinge.digest
    assert model.diagnose(SQUEAK).to_json() == answer.to_json()


def test_errors_can_be_pickled(hinge: dx.Model) -> None:
    with pytest.raises(dx.ImpossibleEvidenceError) as caught:
        hinge.diagnose({"squeak": "loud", "annoyed_owner": False})
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value)
    assert again.conflict == caught.value.conflict == {"squeak": "loud", "annoyed_owner": "absent"}
    assert again.issues == caught.value.issues


# Network files


@pytest.fixture
def small() -> Network:
    noisy = NoisyMax(
        ("cause", "other"),
        (read_only([[0.0, 0.0], [0.5, 0.25]]), read_only([[0.0, 0.0], [0.125, 0.0]])),
        read_only([0.0625, 0.0]),
        ("other",),
        (read_only([1.0, 0.5]),),
    )
    truth = ("absent", "present")
    return Network(
        [
            Node("cause", truth, Table((), read_only([0.75, 0.25]))),
            Node("other", truth, Table((), read_only([0.5, 0.5]))),
            Node("finding", ("none", "some", "much"), noisy),
        ]
    )


@pytest.mark.parametrize("suffix", [".bif", ".xmlbif"])
def test_a_network_file_is_a_model_of_plain_variables(tmp_path: Path, small: Network, suffix: str) -> None:
    path = tmp_path / f"small{suffix}"
    path.write_text(network_text(small, suffix), encoding="utf-8")
    model = dx.load_model(path)
    assert set(model.variables) == set(small)
    assert model.name == "small"
    for mapping in (
        model.causes,
        model.findings,
        model.risk_factors,
        model.processes,
        model.tests,
        model.references,
    ):
        assert dict(mapping) == {}
    assert model.parameters() == ()
    answer = model.diagnose({"finding": "some", "other": {"absent": 1.0, "present": 0.5}})
    oracle, evidence = Enumeration(small), {"finding": [0, 1, 0], "other": [1.0, 0.5]}
    assert math.exp(answer.log_evidence) == pytest.approx(oracle.mass(evidence), rel=1e-9)
    for name in small:
        assert list(answer.distribution(name).values()) == pytest.approx(
            oracle.marginal(name, evidence), rel=1e-9
        )
    assert dict(answer.posterior) == {}
    assert answer.differential == ()
    assert (answer.triage, answer.next_steps, answer.unexplained) == (None, (), None)
    assert "small" in repr(answer)
    json.loads(answer.to_json())


@pytest.mark.parametrize("suffix", [".bif", ".xmlbif", ".xdsl", ".net", ".uai"])
@pytest.mark.parametrize("content", [b"", b"nonsense", b"\xff\x00\xfe", b"<BIF>", b"network x {"])
def test_an_unreadable_network_file_is_an_error(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"broken{suffix}"
    path.write_bytes(content)
    with pytest.raises(dx.ModelError) as caught:
        dx.load_model(path)
    assert [issue.code for issue in caught.value.issues] == ["network-file"]
    assert caught.value.issues[0].fix
    assert str(path) in str(caught.value)


# Text and HTML

SCRIPT = "<script>alert(1)</script><img src=x onerror='alert(2)'>&amp;"


@pytest.fixture
def hostile(tmp_path: Path) -> dx.Model:
    """The tiny model with markup in every text."""
    texts = {}
    spoken = "label|definition|question|title|description|population|disclaimer|reason|action"
    for name, text in TEXTS.items():
        lines = []
        for line in text.splitlines():
            found = re.fullmatch(rf"(\s*(?:{spoken}): )(.*)", line)
            lines.append(f"{found[1]}{json.dumps(found[2] + SCRIPT)}" if found else line)
        # The flow-style entries: the levels of care, and the label of a state.
        inline = r"(label|action|reason): ([A-Z][\w ]+\.?)(?=[,}])"
        marked = re.sub(inline, lambda m: f"{m[1]}: {json.dumps(m[2] + SCRIPT)}", "\n".join(lines))
        texts[name] = marked.replace("loud: a loud squeak", f"loud: {json.dumps(SCRIPT)}")
    return dx.load_model(write_model(tmp_path / "hostile", texts))


def test_no_text_of_a_model_becomes_markup(hostile: dx.Model) -> None:
    for evidence in (
        {"squeak": "loud", "wobble": True},
        {"squeak": {"none": 0.1, "soft": 0.2, "loud": 1}},
        {},
    ):
        answer = hostile.diagnose(evidence)
        markup = answer._repr_html_()
        # The text is there, escaped, in a good number of places, and nowhere as it stands.
        assert markup.count("&lt;script&gt;") > 10
        assert "<script" not in markup
        assert "<img" not in markup


def test_the_card_says_the_same_numbers_as_the_text(hinge: dx.Model) -> None:
    answer = hinge.diagnose(SQUEAK)
    card = answer._repr_html_()
    card = card[card.index("</pre>") :]
    words = html.unescape(re.sub(r"<[^>]+>", " ", card))
    text = " ".join(repr(answer).split())
    share = r"(?:> )?\d+(?:\.\d+)? %|1 in [\d,]+"
    in_text = [each for each in re.findall(share, text) if each != "100 %"]
    in_card = [each for each in re.findall(share, words) if each != "100 %"]
    assert len(in_text) >= 9
    assert sorted(in_text) == sorted(in_card)
    for each in (*answer.differential, *hinge.tests.values()):
        assert each.label in text
        assert each.label in words
    assert answer.triage is not None
    assert answer.triage.label in text
    assert answer.triage.label in words


def test_every_answer_carries_the_disclaimer_once_and_whom_the_priors_describe(hinge: dx.Model) -> None:
    answer = hinge.diagnose(SQUEAK)
    card = answer._repr_html_()
    for shown in (repr(answer), card[card.index("</pre>") :]):
        assert shown.count("This is no advice from a carpenter.") == 1
        assert "Doors of one house" in shown
        assert hinge.digest[:12] in shown


def test_the_same_answer_is_the_same_card(hinge: dx.Model) -> None:
    assert hinge.diagnose(SQUEAK)._repr_html_() == hinge.diagnose(SQUEAK)._repr_html_()


def test_an_exported_model_has_the_same_digest(hinge: dx.Model, tmp_path: Path) -> None:
    from twitchdx.loading import spec_data

    (tmp_path / "model.yaml").write_text(json.dumps(spec_data(hinge.spec)), encoding="utf-8")
    again = dx.load_model(tmp_path)
    assert (again.digest, again) == (hinge.digest, hinge)
    assert again is not hinge


def test_what_was_pickled_is_equal(hinge: dx.Model) -> None:
    answer = hinge.diagnose({"squeak": "loud"})
    assert pickle.loads(pickle.dumps(answer)) == answer
    assert pickle.loads(pickle.dumps(hinge)) == hinge


def test_threads_that_load_at_once_share_one_model(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "squeaking_hinge")
    with ThreadPoolExecutor(8) as pool:
        models = list(pool.map(lambda _: dx.load_model(folder), range(8)))
    assert len({id(model) for model in models}) == 1
