"""A sound model is read without pydantic, and as pydantic reads it; what is doubtful is left to pydantic."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from random import Random
from typing import Any

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

import twitchdx as dx
from models import HEADER, STEPS, VARIABLES
from twitchdx.loading import find_model, parse_spec, read_folder, read_yaml, spec_data
from twitchdx.loading.plain import Misfit, build, plain_data
from twitchdx.loading.sharing import fill_in_shared
from twitchdx.loading.strict_yaml import Data
from twitchdx.spec import ModelSpec

JUDGE = pydantic.TypeAdapter(ModelSpec)


def filled_in(name: str) -> dict[str, Data]:
    """A shipped model as its spec is built from it: shared numbers where they are named."""
    source = read_folder(find_model(name))
    data, issues = fill_in_shared(source.data, source.where)
    assert not issues
    return data


MODELS = {
    "hinge": read_yaml((HEADER + VARIABLES + STEPS).encode(), "model.yaml").data,
    **{name: filled_in(name) for name in dx.available_models()},
}
# Keys of the format stand here as they are called in Python.
PLAIN = {
    name: json.loads(json.dumps(data).replace('"container-title":', '"container_title":'))
    for name, data in MODELS.items()
}


def judged(data: Any) -> ModelSpec:
    return JUDGE.validate_json(json.dumps(data), strict=True)


def places(data: Any) -> Iterator[tuple[Any, Any]]:
    """Every collection of some data with each of its keys or indices."""
    keys = list(data) if isinstance(data, dict) else range(len(data)) if isinstance(data, list) else ()
    for key in keys:
        yield data, key
        yield from places(data[key])


@pytest.mark.parametrize("name", PLAIN)
def test_a_sound_model_is_read_as_pydantic_reads_it(name: str) -> None:
    # The text tells 1 from 1.0 and a list from a tuple, which are equal.
    assert repr(build(ModelSpec, PLAIN[name])) == repr(judged(PLAIN[name]))


@pytest.mark.parametrize("name", PLAIN)
def test_a_spec_is_written_as_pydantic_writes_it(name: str) -> None:
    spec = judged(PLAIN[name])
    written = JUDGE.dump_python(spec, mode="json", exclude_defaults=True)
    assert json.dumps(plain_data(spec)) == json.dumps(written)


@pytest.mark.parametrize("name", MODELS)
def test_what_is_written_is_read_as_the_same_spec(name: str) -> None:
    spec = build(ModelSpec, PLAIN[name])
    document = read_yaml(json.dumps(spec_data(spec), ensure_ascii=False).encode(), "model.yaml")
    assert isinstance(document.data, dict)
    again = parse_spec(document.data, lambda path: pytest.fail(f"an issue at {path}"))
    assert repr(again.spec) == repr(spec)


strange = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from([0.5, -0.0, 2**60, 10**400, "", "present", "cohort", "link", "soon"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=4,
)


@given(st.randoms(use_true_random=False), st.sampled_from(["replace", "remove", "add"]), strange)
def test_what_is_taken_is_what_pydantic_takes(random: Random, change: str, value: Any) -> None:
    data = json.loads(json.dumps(PLAIN["hinge"]))
    holder, key = random.choice(list(places(data)))
    if change == "remove":
        del holder[key]
    elif change == "add" and isinstance(holder, dict):
        holder["sources"] = value
    else:
        holder[key] = value
    try:
        built = build(ModelSpec, data)
    except Misfit:
        return  # for pydantic to judge
    assert repr(built) == repr(judged(data))


def test_a_sound_model_is_loaded_without_pydantic() -> None:
    code = "import sys, twitchdx; twitchdx.load_model('knee_twitching'); print('pydantic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    assert done.stdout.strip() == "False"
