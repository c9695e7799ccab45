"""The validation files of a model: read strictly, and every problem at once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from twitchdx.api import load_model
from twitchdx.errors import EvidenceError, Issue, ModelError, Where
from twitchdx.loading import Case, parse_case, parse_validation, read_folder
from twitchdx.loading.case import MAX_CASE_BYTES
from twitchdx.spec import Figure, ModelSpec, Reference, ValidationSpec, Vignette
from twitchdx.validation.checking import check_validation

_FOLDER = "validation"
_CASES = "cases"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Validation:
    """What a model should reproduce.

    Attributes
    ----------
    figures : mapping of str to Figure
        Published figures, in the order of the files.
    vignettes : mapping of str to Vignette
        Short cases, in the order of the files; each has its evidence, that of its case included.
    references : mapping of str to Reference
        What figures and vignettes may cite: the references of these files and those of the model.
    cases : mapping of str to Case
        The cases of the model, by the name of their file.
    """

    figures: Mapping[str, Figure] = field(default_factory=dict)
    vignettes: Mapping[str, Vignette] = field(default_factory=dict)
    references: Mapping[str, Reference] = field(default_factory=dict)
    cases: Mapping[str, Case] = field(default_factory=dict)


def read_validation(folder: str | os.PathLike[str]) -> Validation:
    """Read the validation files of a model folder, and check them against the model.

    Parameters
    ----------
    folder : str or path
        The model folder; its folder `validation` holds the files, its folder `cases` the cases.

    Returns
    -------
    Validation
        Empty but for cases and references where there are no such files.

    Raises
    ------
    ModelNotFoundError, ModelError
        As in `load_model`; or something is wrong with the validation files or the cases: then the error lists
        every problem with file and line.
    """
    place = Path(folder)
    spec = load_model(place).spec
    if spec is None:
        fix = "Give the folder of a model: only a model has causes, steps and sources."
        issue = Issue("error", "network-file", Where(place.name), "a network file has no roles.", fix)
        raise ModelError("There is nothing to validate.", [issue])
    cases, issues = _read_cases(place / _CASES)
    said = ValidationSpec()
    if (place / _FOLDER).is_dir():
        found, said = _read_files(place / _FOLDER, spec, cases)
        issues += found
    if issues:
        count = len(issues)
        raise ModelError(f"The validation files have {count} problem{'s' * (count > 1)}.", issues)
    return _put_together(said, spec, cases)


def _read_files(
    folder: Path, spec: ModelSpec, cases: Mapping[str, Case]
) -> tuple[list[Issue], ValidationSpec]:
    """What is wrong with the files, each named by its place in the model folder; and what they say."""
    source = read_folder(folder)

    def from_model(where: Where) -> Where:
        return replace(where, file=f"{_FOLDER}/{where.file}" if where.file else "")

    def where(path: tuple[str | int, ...]) -> Where:
        return from_model(source.where(path))

    parsed = parse_validation(source.data, where)
    issues = [*(replace(issue, where=from_model(issue.where)) for issue in source.issues), *parsed.issues]
    # Of a file that cannot be read nobody knows what it names.
    if parsed.spec is not None and source.complete:
        issues += check_validation(parsed.spec, spec, cases, where, parsed.left_out)
    return issues, parsed.spec or ValidationSpec()


def _read_cases(folder: Path) -> tuple[dict[str, Case], list[Issue]]:
    cases: dict[str, Case] = {}
    issues: list[Issue] = []
    for path in sorted(folder.glob("*.json")):
        try:
            with path.open("rb") as stream:
                cases[path.stem] = parse_case(stream.read(MAX_CASE_BYTES + 1), f"{_CASES}/{path.name}")
        except EvidenceError as error:
            issues += error.issues
    return cases, issues


def _put_together(said: ValidationSpec, spec: ModelSpec, cases: Mapping[str, Case]) -> Validation:
    def complete(vignette: Vignette) -> Vignette:
        if not vignette.case:
            return vignette
        case = cases[vignette.case]
        return replace(
            vignette,
            evidence=case.evidence,
            title=vignette.title or case.title,
            description=vignette.description or case.description,
        )

    return Validation(
        figures=said.figures,
        vignettes={name: complete(each) for name, each in said.vignettes.items()},
        references={each.id: each for each in (*said.references, *spec.references)},
        cases=cases,
    )
