"""`twitchdx check`: what is wrong with a model folder, and how well its numbers stand."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from twitchdx.assembly import assemble_folder
from twitchdx.card import gather_patients
from twitchdx.catalogue import count_grades, list_parameters
from twitchdx.checks import answered_facts
from twitchdx.cli.output import print_text, print_wrapped
from twitchdx.errors import Issue, ModelError, ModelNotFoundError
from twitchdx.influence import better_than_judgement, measure_influence
from twitchdx.loading import find_model
from twitchdx.model import Model
from twitchdx.network import Implied, Network, implied_figures
from twitchdx.spec import Grade, ModelSpec
from twitchdx.validation import read_validation, validate_model

_SHOWN_FIGURES = 15
_SHOWN_HOLES = 25
_WRONG_MODEL = 1


def check(arguments: argparse.Namespace) -> int:
    """Print every problem of a model; then facts, grades and implied figures of one without errors."""
    path = Path(arguments.folder)
    folder = path if path.exists() else find_model(arguments.folder)
    try:
        model = assemble_folder(folder)
    except ModelNotFoundError:
        raise
    except ModelError as error:
        _print_issues(error.issues, folder)
        print(_count(error.issues))
        return _WRONG_MODEL
    _print_issues(model.warnings, folder)
    if model.spec is not None:
        _print_facts(model.spec)
        _print_grades(model.spec)
        if arguments.influence:
            _print_influence(Model(model), folder)
        _print_figures(model.spec, model.network, every=arguments.all)
    print(f"{model.name} {model.version}: {_count(model.warnings)}")
    return 0


def _print_issues(issues: Iterable[Issue], folder: Path) -> None:
    for issue in issues:
        # Issues name files relative to the model; with its folder an editor can jump there.
        file = str(folder / issue.where.file) if issue.where.file else ""
        print_text(f"{replace(issue, where=replace(issue.where, file=file))}\n")


def _count(issues: Iterable[Issue]) -> str:
    counts = Counter(issue.severity for issue in issues)
    return ", ".join(
        f"{counts[severity]} {severity}{'s' * (counts[severity] != 1)}" for severity in ("error", "warning")
    )


def _print_facts(spec: ModelSpec) -> None:
    answered = sum(fact in spec.facts for fact in answered_facts(spec))
    print(f"{answered} of {len(spec.facts)} facts answered")


def _print_grades(spec: ModelSpec) -> None:
    parameters = list_parameters(spec)
    grades = count_grades(parameters)
    total = grades.total()
    shares = (f"{grade} {100 * n / total:.0f} % ({n})" for grade, n in grades.most_common())
    places = f" in {len(parameters)} places" if len(parameters) > total else ""
    print_wrapped(", ".join(shares), f"{total} numbers{places}: ", "  ")
    if total > grades["definition"]:
        everywhere = Counter(each.grade for each in parameters)
        also = f"; counted at every place, {_sound_share(everywhere):.0f} %" if places else ""
        said = f"Without definitions, {_sound_share(grades):.0f} % rest on something better than judgement"
        print_wrapped(f"{said}{also}.")


def _sound_share(grades: Counter[Grade]) -> float:
    """Percent that rest on something better than judgement, definitions aside."""
    counted = grades.total() - grades["definition"]
    return 100 * (counted - grades["judgement"]) / counted


def _print_influence(model: Model, folder: Path) -> None:
    validation = read_validation(folder)
    patients = gather_patients(validation, validate_model(model, validation))
    found = measure_influence(model, patients)
    plain, weighted = better_than_judgement(found)
    print()
    print_wrapped(
        f"Of the {len(found)} numbers behind the probabilities {100 * plain:.0f} % rest on something better "
        f"than judgement; weighted by how far each moves the answers to {len(patients)} vignettes and cases "
        f"when its odds are doubled or halved, {100 * weighted:.0f} %."
    )
    holes = [each for each in found if each.grade == "judgement" and each.swing > 0.0]
    if holes:
        print_wrapped(
            "The judgements whose stated intervals move an answer most: mean over these patients of the "
            "largest change of a probability, in percentage points."
        )
    for each in holes[:_SHOWN_HOLES]:
        print_wrapped(each.path, f"  {100 * each.swing:>5.2f}  ", " " * 9)


def _print_figures(spec: ModelSpec, network: Network, *, every: bool) -> None:
    figures = implied_figures(spec, network)
    shown = figures if every else figures[:_SHOWN_FIGURES]
    if not shown:
        return
    print()
    print_wrapped("Published figures and what the whole network implies, the largest difference first.")
    print_wrapped(
        "A sensitivity comes out somewhat higher where other causes of the model add to it; one that is far "
        "off deserves a look."
    )
    print(f"  {'published':>9}  {'implied':>9}  ratio")
    for figure in shown:
        print_wrapped(figure.meaning, _row(figure), " " * 10)
    if len(shown) < len(figures):
        print(f"  and {len(figures) - len(shown)} more that differ less (--all lists them)")
    print()


def _row(figure: Implied) -> str:
    ratio = f"{figure.implied / figure.published:.2f}" if figure.published > 0.0 else "-"
    return f"  {figure.published:>9.4g}  {figure.implied:>9.4g}  {ratio:>5}  "
