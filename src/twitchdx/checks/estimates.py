"""Rules for single numbers: form, range, interval, source."""

from __future__ import annotations

import math

from twitchdx.checks.report import Path, Report
from twitchdx.spec import Estimate, Form, ModelSpec, walk_estimates

_UNIT_INTERVAL: frozenset[Form] = frozenset(
    {"probability", "link", "sensitivity", "prevalence", "multiplier"}
)
_PLAIN: tuple[Form, ...] = ("probability", "incidence")
_LINK: tuple[Form, ...] = ("link", "sensitivity", "odds_ratio", "relative_risk")
_EFFECT: tuple[Form, ...] = ("relative_risk", "odds_ratio", "hazard_ratio", "difference", "probability")

# (kind, part) of a distribution -> the forms that may stand there; the first is the default of
# a part whose form need not be said.
_DISTRIBUTION_FORMS: dict[tuple[str, str], tuple[Form, ...]] = {
    ("categorical", "probabilities"): _PLAIN,
    ("table", "rows"): _PLAIN,
    ("log_linear", "marginal"): ("prevalence", "incidence"),
    ("log_linear", "modifiers"): ("odds_ratio", "relative_risk"),
    ("noisy_or", "leak"): ("probability", "prevalence"),
    ("noisy_max", "leak"): ("probability", "prevalence"),
    ("noisy_or", "links"): _LINK,
    ("noisy_max", "links"): _LINK,
    ("noisy_or", "inhibitors"): ("multiplier",),
    ("noisy_max", "inhibitors"): ("multiplier",),
}
_PROBABILITIES = frozenset({"step_threshold", "caution", "residual_risk"})
_FORM_MUST_BE_SAID = frozenset({"marginal", "modifiers", "links", "effects"})


def allowed_forms(path: Path) -> tuple[Form, ...]:
    """The forms that a number at this place may have; the first is what it has if it says none."""
    if path[-1] == "duration":
        return ("quantity",)
    if "distribution" in path:
        at = path.index("distribution")
        return _DISTRIBUTION_FORMS[str(path[at + 1]), str(path[at + 2])]
    if "hazards" in path:
        return ("rate",)
    if "effects" in path:
        return _EFFECT
    if not _PROBABILITIES.isdisjoint(path):
        return ("probability",)
    return ("quantity",)


def form_of(path: Path, estimate: Estimate) -> Form:
    """The form of a number: the one it says, or the default of its place."""
    return estimate.form or allowed_forms(path)[0]


def check_shared(spec: ModelSpec, report: Report) -> None:
    """Every shared number stands somewhere, and none refers to another."""
    used = {estimate.shared for path, estimate in walk_estimates(spec) if path[0] != "shared"}
    for name, estimate in spec.shared.items():
        path: Path = ("shared", name)
        if estimate.shared:
            report.error("shared-chain", path, "a shared number names another.", "Write its own keys here.")
        if name not in used:
            report.error("unused-shared", path, f"{name!r} stands nowhere.", "Use it, or remove it.")


def check_estimates(spec: ModelSpec, report: Report) -> None:
    """Check every number of a model."""
    references = {reference.id for reference in spec.references}
    for path, estimate in walk_estimates(spec):
        _check_form(path, estimate, report)
        _check_range(path, estimate, report)
        _check_sources(path, estimate, references, report)
        _check_grade(path, estimate, report)


def _check_form(path: Path, estimate: Estimate, report: Report) -> None:
    if path[0] == "shared":
        # Where it may stand is looked at where it stands.
        if estimate.form is None:
            found = "the number does not say its form."
            report.error("form-missing", path, found, "Add `form:`; every place needs it.")
        return
    allowed = allowed_forms(path)
    choices = ", ".join(allowed)
    if estimate.form is None:
        if _FORM_MUST_BE_SAID.intersection(path) and path[-1] != "duration":
            report.error(
                "form-missing",
                path,
                "the number does not say its form.",
                f"Add `form:` with one of: {choices}.",
            )
    elif estimate.form not in allowed:
        report.error(
            "form-misplaced",
            path,
            f"the form {estimate.form!r} has no meaning here.",
            f"Use one of: {choices}.",
        )
    if (estimate.form == "incidence") != (estimate.duration is not None):
        report.error(
            "duration",
            path,
            "an incidence needs a `duration`, and only an incidence has one.",
            "Give the mean years from onset to diagnosis as `duration: {value: ..., form: quantity, ...}`.",
        )


def _check_range(path: Path, estimate: Estimate, report: Report) -> None:
    form = form_of(path, estimate)
    bottom = -math.inf if form == "difference" else 0.0
    top = 1.0 if form in _UNIT_INTERVAL else math.inf
    for name in ("value", "low", "high"):
        number = getattr(estimate, name)
        if number is not None and not (bottom <= number <= top and math.isfinite(number)):
            report.error(
                "out-of-range",
                path,
                f"{name} {number:g} is no {form.replace('_', ' ')}.",
                _fitting(bottom, top),
            )
    low, high = estimate.low, estimate.high
    if (low is None) != (high is None):
        report.error(
            "half-interval", path, "the interval has one end.", "Give both `low` and `high`, or neither."
        )
    elif low is not None and high is not None and not low <= estimate.value <= high:
        report.error(
            "interval-misses-value",
            path,
            f"the value {estimate.value:g} lies outside its interval, {low:g} to {high:g}.",
            "Mend the value or the interval: low <= value <= high.",
        )
    if estimate.n is not None and estimate.n < 1:
        report.error(
            "out-of-range", path, f"n is {estimate.n}.", "Give the sample size, at least 1, or leave it out."
        )


def _fitting(bottom: float, top: float) -> str:
    """What to give where a number is out of range."""
    if top == 1.0:
        return "Give a number from 0 to 1."
    return "Give a finite number that is not negative." if bottom == 0.0 else "Give a finite number."


def _check_sources(path: Path, estimate: Estimate, references: set[str], report: Report) -> None:
    for source in estimate.sources:
        if source not in references:
            report.unresolved("unknown-reference", path, source, references, "reference")


def _check_grade(path: Path, estimate: Estimate, report: Report) -> None:
    has_interval = estimate.low is not None
    match estimate.grade:
        case "judgement":
            if not estimate.note:
                report.error(
                    "no-rationale", path, "a judgement without a rationale.", "Say in `note` why this number."
                )
            if not has_interval:
                report.error(
                    "no-uncertainty",
                    path,
                    "a judgement without an interval.",
                    "Give an honest `low` and `high`.",
                )
        case "definition":
            if not estimate.note:
                report.error(
                    "no-rationale",
                    path,
                    "a definition without a note.",
                    "Say in `note` why it is true by definition.",
                )
            if estimate.value not in (0.0, 1.0):
                report.error(
                    "definition-range",
                    path,
                    f"{estimate.value:g} cannot be true by definition.",
                    "Only 0 and 1 can; grade any other number as what it is.",
                )
        case _:
            if not estimate.sources:
                report.error(
                    "uncited-estimate",
                    path,
                    f"the number {estimate.value:g} of grade {estimate.grade!r} has no source.",
                    "Add `sources`, or grade it `judgement` with a rationale in `note` and an interval.",
                )
            if not has_interval and estimate.n is None:
                report.error(
                    "no-uncertainty",
                    path,
                    "the number has neither an interval nor `n`.",
                    "Give `low` and `high`, or `n`.",
                )
