"""A model against all that it should reproduce."""

from __future__ import annotations

from dataclasses import replace

from twitchdx.errors import ImpossibleEvidenceError, Issue, ModelError, Where
from twitchdx.model import Model
from twitchdx.validation.figures import check_figure
from twitchdx.validation.reading import Validation
from twitchdx.validation.results import FigureResult, ValidationReport
from twitchdx.validation.vignettes import check_vignette


def validate_model(model: Model, validation: Validation) -> ValidationReport:
    """Hold a model against its published figures and its vignettes.

    Parameters
    ----------
    model : Model
        The model, loaded.
    validation : Validation
        From `read_validation`.

    Returns
    -------
    ValidationReport
        One row a figure and one a vignette, in the order of the files.

    Raises
    ------
    ModelError
        The condition of some figure has probability 0 in the model; the error lists all of them.
    """
    figures: list[FigureResult] = []
    issues: list[Issue] = []
    for name, figure in validation.figures.items():
        try:
            figures.append(check_figure(model.network, name, figure))
        except ImpossibleEvidenceError as error:
            issues += [replace(issue, where=Where(f"figures.{name}")) for issue in error.issues]
    if issues:
        raise ModelError("Some figures cannot be computed.", issues)
    vignettes = [check_vignette(model, name, each) for name, each in validation.vignettes.items()]
    return ValidationReport(figures=tuple(figures), vignettes=tuple(vignettes))
