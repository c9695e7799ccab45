"""`twitchdx validate`: what a model makes of published figures and of short cases."""

from __future__ import annotations

import argparse
from pathlib import Path

from twitchdx.api import load_model
from twitchdx.cli.output import print_wrapped
from twitchdx.loading import available_models, find_model
from twitchdx.validation import (
    FigureResult,
    ValidationReport,
    VignetteResult,
    read_validation,
    validate_model,
)

_FAILED = 1


def validate(arguments: argparse.Namespace) -> int:
    """Print a row for every figure and every vignette, and what failed."""
    folder = model_folder(arguments.folder)
    validation = read_validation(folder)
    model = load_model(folder)
    report = validate_model(model, validation)
    if report.figures:
        _print_figures(report)
    if report.vignettes:
        _print_vignettes(report)
    summary = f"{_count(len(report.figures), 'figure')}, {_count(len(report.vignettes), 'vignette')}"
    outcome = f"{len(report.failures)} failed" if report.failures else "none failed"
    print_wrapped(f"{model.name} {model.version}: {summary}, {outcome}")
    return _FAILED if report.failures else 0


def model_folder(given: str) -> Path:
    """The folder of a shipped model by its name, else what lies at a path."""
    return find_model(given) if given in available_models() else Path(given)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def _print_figures(report: ValidationReport) -> None:
    print_wrapped("Published figures that set no number, and what the whole network implies.")
    print(f"  {'verdict':<9}  {'implied':>9}  published")
    for each in report.figures:
        print_wrapped(each.figure.label, _row(each), " " * 10)
        if each.verdict == "missed":
            why = each.figure.explained or "nothing explains the miss"
            print_wrapped(f"{why} [{each.name}]", " " * 10)
    print()


def _row(result: FigureResult) -> str:
    published = result.figure.published
    said = f"{published.value:.4g} ({published.low:.4g} to {published.high:.4g})"
    return f"  {result.verdict:<9}  {result.implied:>9.4g}  {said:<26}  "


def _print_vignettes(report: ValidationReport) -> None:
    print_wrapped("Vignettes, and whether the answer says what it should.")
    for each in report.vignettes:
        print_wrapped(each.vignette.title, f"  {'failed' if each.failed else 'passed'}  ")
        _print_unmet(each)
    print()


def _print_unmet(result: VignetteResult) -> None:
    for each in result.unmet:
        print_wrapped(f"expected {each.expected}; found: {each.found} [{result.name}]", " " * 10)
