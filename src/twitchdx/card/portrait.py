"""All that a card is written from: the model, what it reproduces, and how much each number moves it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from twitchdx.api import load_model
from twitchdx.influence import Influence, measure_influence
from twitchdx.model import Model
from twitchdx.spec import ModelSpec
from twitchdx.validation import Validation, ValidationReport, read_validation, validate_model


@dataclass(frozen=True, slots=True, eq=False)
class Portrait:
    """A model, and what was measured on it.

    Attributes
    ----------
    model : Model
        The model.
    spec : ModelSpec
        What its files say.
    validation : Validation
        What it should reproduce.
    report : ValidationReport
        What it makes of that.
    influences : tuple of Influence
        How much each number moves the answers for `patients`.
    patients : mapping of str to mapping
        Name -> evidence: of every vignette, and of every case that no vignette takes.
    """

    model: Model
    spec: ModelSpec
    validation: Validation
    report: ValidationReport
    influences: tuple[Influence, ...]
    patients: Mapping[str, Mapping[str, Any]]


def draw_portrait(folder: str | os.PathLike[str]) -> Portrait:
    """Read a model and its validation, and measure it: about a minute for a large model.

    Raises
    ------
    ModelError
        As in `read_validation` and `validate_model`.
    """
    validation = read_validation(folder)
    model = load_model(folder)
    assert model.spec is not None  # what has no roles is refused with its validation
    report = validate_model(model, validation)
    patients = gather_patients(validation, report)
    influences = measure_influence(model, patients)
    return Portrait(model, model.spec, validation, report, influences, patients)


def gather_patients(validation: Validation, report: ValidationReport) -> dict[str, Mapping[str, Any]]:
    """The evidence of every vignette that can be true, and of every case that no vignette takes."""
    possible = [each for each in report.vignettes if each.level is not None]
    patients: dict[str, Mapping[str, Any]] = {each.name: each.vignette.evidence or {} for each in possible}
    taken = {each.case for each in validation.vignettes.values()}
    for name, case in validation.cases.items():
        if name not in taken:
            patients[name if name not in patients else f"cases/{name}"] = case.evidence
    return patients
