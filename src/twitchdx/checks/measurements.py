"""Rules for measurements: the bands are the states and cover every number once."""

from __future__ import annotations

import math

from twitchdx.checks.report import Path, Report
from twitchdx.spec import ROLE_OF_SECTION, Measurement, ModelSpec, Variable


def check_measurements(spec: ModelSpec, report: Report) -> None:
    """Check the measurement of every variable that has one."""
    for section in ROLE_OF_SECTION:
        for name, variable in getattr(spec, section).items():
            if variable.measurement is not None:
                path: Path = (section, name, "measurement")
                _check_bands(path, variable, variable.measurement, report)
                _check_units(path, variable.measurement, report)


def _check_bands(path: Path, variable: Variable, measurement: Measurement, report: Report) -> None:
    if set(measurement.bands) != set(variable.states):
        report.error(
            "bands",
            (*path, "bands"),
            f"the bands are {', '.join(measurement.bands)}; the states are {', '.join(variable.states)}.",
            "Give every state a band.",
        )
    ends = sorted(
        (
            -math.inf if band.at_least is None else band.at_least,
            math.inf if band.below is None else band.below,
        )
        for band in measurement.bands.values()
    )
    reach = -math.inf
    for low, high in ends:
        if low != reach or high <= low:
            report.error(
                "bands",
                (*path, "bands"),
                f"the bands do not meet: one begins at {low:g} where the one before ends at {reach:g}.",
                "Let each band begin where another ends; the lowest lacks `at_least`, the highest `below`.",
            )
            return
        reach = high
    if reach != math.inf:
        report.error(
            "bands",
            (*path, "bands"),
            f"nothing covers {reach:g} and above.",
            "Leave out `below` in the highest band.",
        )


def _check_units(path: Path, measurement: Measurement, report: Report) -> None:
    if not measurement.sources and not measurement.note:
        report.error("no-source", path, "the thresholds have no source.", "Add `sources`, or a `note`.")
    if measurement.plausible.at_least >= measurement.plausible.below:
        report.error("plausible", (*path, "plausible"), "the plausible range is empty.", "Mend its ends.")
    for unit, conversion in measurement.units.items():
        if not (conversion.factor > 0 and math.isfinite(conversion.factor)):
            report.error(
                "unit-factor",
                (*path, "units", unit),
                f"the factor is {conversion.factor:g}.",
                "Give a positive number.",
            )
