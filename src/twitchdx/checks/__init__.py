"""Rules of meaning: what a well-shaped spec must also obey. All issues at once."""

from __future__ import annotations

from collections.abc import Callable

from twitchdx.checks.distributions import check_distributions
from twitchdx.checks.estimates import check_estimates, check_shared, form_of
from twitchdx.checks.facts import answered_facts, check_facts
from twitchdx.checks.graph import check_graph
from twitchdx.checks.measurements import check_measurements
from twitchdx.checks.names import check_names
from twitchdx.checks.report import Path, Report
from twitchdx.checks.rules import check_rules
from twitchdx.errors import Issue, Where
from twitchdx.spec import FORMAT_VERSION, ModelSpec

__all__ = ["answered_facts", "check_spec", "form_of"]


def check_spec(
    spec: ModelSpec, where: Callable[[Path], Where], left_out: frozenset[str] = frozenset()
) -> list[Issue]:
    """Every issue of meaning in a model.

    Parameters
    ----------
    spec : ModelSpec
        The model, of the right shape.
    where : callable
        Path of an entry -> its file and line.
    left_out : frozenset of str, optional
        Names of entries whose shape is wrong, so that they are not in the spec; naming them is no issue.

    Returns
    -------
    list of Issue
        Errors and warnings, in the order of the rules.
    """
    report = Report(where, left_out=left_out)
    if spec.model.format != FORMAT_VERSION:
        report.error(
            "format-version",
            ("model", "format"),
            f"the model has format {spec.model.format}.",
            f"This version of twitchdx reads format {FORMAT_VERSION}.",
        )
    check_names(spec, report)
    check_distributions(spec, report)
    check_graph(spec, report)
    check_estimates(spec, report)
    check_shared(spec, report)
    check_measurements(spec, report)
    check_rules(spec, report)
    check_facts(spec, report)
    return report.issues
