"""What each shipped model should reproduce, one test a published figure and one a vignette."""

from __future__ import annotations

import functools

import pytest

import twitchdx as dx
from twitchdx.loading import find_model
from twitchdx.validation import Validation, check_figure, check_vignette, read_validation

SHIPPED = dx.available_models()


@functools.cache
def validation(model: str) -> Validation:
    return read_validation(find_model(model))


FIGURES = [(model, name) for model in SHIPPED for name in validation(model).figures]
VIGNETTES = [(model, name) for model in SHIPPED for name in validation(model).vignettes]


@pytest.mark.parametrize(("model", "name"), FIGURES, ids=[".".join(each) for each in FIGURES])
def test_a_published_figure_is_reproduced_or_the_miss_is_explained(model: str, name: str) -> None:
    figure = validation(model).figures[name]
    found = check_figure(dx.load_model(model).network, name, figure)
    assert found.verdict != "missed" or figure.explained, (
        f"{figure.label}: {found.implied:.4g} is {found.beyond:.2f} times beyond "
        f"{figure.published.low:.4g} to {figure.published.high:.4g}"
    )


@pytest.mark.parametrize(("model", "name"), VIGNETTES, ids=[".".join(each) for each in VIGNETTES])
def test_a_vignette_is_answered_as_expected(model: str, name: str) -> None:
    vignette = validation(model).vignettes[name]
    found = check_vignette(dx.load_model(model), name, vignette)
    assert [f"expected {each.expected}, found: {each.found}" for each in found.unmet] == []


@pytest.mark.parametrize("model", SHIPPED)
def test_a_shipped_model_says_what_it_should_reproduce(model: str) -> None:
    assert len(validation(model).figures) >= 5
    assert len(validation(model).vignettes) >= 5
