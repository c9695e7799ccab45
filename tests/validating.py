"""Validation files for the squeaking hinge, as text that tests can spoil."""

# ruff: noqa: E501 - files of a model, in which a term stands on one line
from __future__ import annotations

import json
from pathlib import Path

from models import write_model

FIGURES = """\
figures:
  rust_in_old_doors:
    label: Rust in old doors
    terms:
      - {of: {rust: [mild, severe]}, given: {age: [old]}}
    published: {value: 0.2, low: 0.1, high: 0.3}
    tolerance: 1.5
    sources: [survey2003]
  loose_and_worn:
    label: Loose screws and worn pins, counted together
    terms:
      - {of: {loose_screw: [present]}, weight: 0.5}
      - {of: {wear: [present]}, weight: 0.5}
    published: {value: 0.1, low: 0.05, high: 0.2}
    sources: [manual]
    population: Doors elsewhere
    note: two surveys of equal size
references:
  - {id: survey2003, type: article-journal, title: A survey of doors, container-title: Journal of Doors, DOI: 10.1000/survey}
"""

VIGNETTES = """\
vignettes:
  loud_door:
    title: A loud door
    description: My door squeaks loudly and it wobbles.
    evidence: {squeak: loud, wobble: true, age: 30 years}
    expect:
      leading: [wear, rust]
      among_first: {rust: 2}
      above: [[wear, loose_screw]]
      probability: {wear: {at_least: 0.3}, loose_screw: {below: 0.5}}
      responsibility: {loose_screw: {below: 0.05}}
      triage: {at_least: emergency}
      steps: [seek_care, oil_it, measure_rust]
      tests: [rust_meter]
      no_kinds: [treatment]
    sources: [manual]
  damp_cellar:
    case: damp_cellar
    expect:
      no_kinds: [self_care]
    note: oil does not help there
"""

CASE = {
    "title": "A damp cellar",
    "description": "It squeaks a little.",
    "evidence": {"squeak": "soft", "season": "damp"},
}


def write_validation(
    folder: Path, figures: str = FIGURES, vignettes: str = VIGNETTES, case: str = json.dumps(CASE)
) -> Path:
    """Write the hinge with its validation files and one case, and give its folder."""
    write_model(folder)
    for inner in ("validation", "cases"):
        (folder / inner).mkdir(exist_ok=True)
    (folder / "validation" / "figures.yaml").write_text(figures, encoding="utf-8")
    (folder / "validation" / "vignettes.yaml").write_text(vignettes, encoding="utf-8")
    (folder / "cases" / "damp_cellar.json").write_text(case, encoding="utf-8")
    return folder


def changed(text: str, *changes: tuple[str, str]) -> str:
    """A text with each old part, which stands there exactly once, replaced by a new one."""
    for old, new in changes:
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times"
        text = text.replace(old, new)
    return text


def line_of(text: str, marker: str) -> int:
    """The line where some text first stands."""
    return text[: text.index(marker)].count("\n") + 1
