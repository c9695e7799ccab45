"""Rules for triage rules, steps and utilities: every name in them exists, and each has its source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from twitchdx.checks.report import Path, Report
from twitchdx.spec import LEVELS, Condition, Estimate, ModelSpec, Variable


def check_rules(spec: ModelSpec, report: Report) -> None:
    """Check triage rules, steps and utilities."""
    variables = {name: variable for name, (_, variable) in spec.variables().items()}
    for path, condition in _conditions(spec):
        _check_condition(path, condition, variables, spec, report)
    _check_triage_rules(spec, report)
    _check_steps(spec, report)
    _check_decision(spec, report)


def _conditions(spec: ModelSpec) -> Iterator[tuple[Path, Condition]]:
    def nested(path: Path, condition: Condition) -> Iterator[tuple[Path, Condition]]:
        yield path, condition
        for part in ("all", "any"):
            for index, inner in enumerate(getattr(condition, part)):
                yield from nested((*path, part, index), inner)

    for name, rule in spec.triage_rules.items():
        yield from nested(("triage_rules", name, "when"), rule.when)
    for name, step in spec.steps.items():
        yield from nested(("steps", name, "when"), step.when)
        if step.unless is not None:
            yield from nested(("steps", name, "unless"), step.unless)


def _check_condition(
    path: Path, condition: Condition, variables: Mapping[str, Variable], spec: ModelSpec, report: Report
) -> None:
    for name, states in condition.evidence.items():
        here = (*path, "evidence", name)
        if name not in variables:
            report.unresolved("unknown-variable", here, name, variables, "variable")
            continue
        for state in states:
            if state not in variables[name].states:
                report.unresolved("unknown-state", here, state, variables[name].states, f"state of {name}")
    for part in ("posterior", "responsibility"):
        for name, bound in getattr(condition, part).items():
            here = (*path, part, name)
            if name not in spec.causes:
                report.unresolved("unknown-cause", here, name, spec.causes, "cause")
            if (bound.at_least is None) == (bound.below is None):
                report.error("threshold", here, "a threshold needs one bound.", "Give `at_least` or `below`.")
    is_red_flag = path[0] == "triage_rules" and spec.triage_rules[str(path[1])].red_flag
    if is_red_flag and (condition.posterior or condition.responsibility):
        report.error(
            "red-flag-with-probability",
            path,
            "a red flag looks at a probability, which could talk it down.",
            "Use `evidence` alone, or leave `red_flag` out.",
        )


def _check_triage_rules(spec: ModelSpec, report: Report) -> None:
    for name, rule in spec.triage_rules.items():
        if not rule.sources and not rule.note:
            path: Path = ("triage_rules", name)
            report.error("no-source", path, "a rule without a source.", "Add `sources`, or a `note`.")


def _check_steps(spec: ModelSpec, report: Report) -> None:
    variables = spec.variables()
    for name, step in spec.steps.items():
        path: Path = ("steps", name)
        if not step.sources and not step.note:
            report.error("no-source", path, "a step without a source.", "Add `sources`, or a `note`.")
        if step.kind == "seek_care":
            found = "`seek_care` is set by the level of care."
            report.error("step-kind", path, found, "Use a triage rule instead.")
        if LEVELS.index(step.available_from) > LEVELS.index(step.available_to):
            found = f"it is available from {step.available_from!r} to {step.available_to!r}, which is never."
            report.error("step-availability", path, found, "Let `available_to` be no lower level of care.")
        for part, known, what in (
            ("for_causes", spec.causes, "cause"),
            ("benefit", spec.causes, "cause"),
            ("effects", spec.causes, "cause"),
            ("tests", spec.tests, "test"),
            ("asks", variables, "variable"),
        ):
            for other in getattr(step, part):
                if other not in known:
                    report.unresolved(f"unknown-{what}", (*path, part), other, known, what)
        for kind, part in (("test", "tests"), ("question", "asks")):
            if (step.kind == kind) != bool(getattr(step, part)):
                report.error(
                    "step-kind",
                    path,
                    f"`{part}` belongs to steps of the kind {kind!r}, and each of them needs it.",
                    f"Add `{part}`, or change `kind`.",
                )


def _check_decision(spec: ModelSpec, report: Report) -> None:
    if spec.decision is None:
        return
    for cause in spec.decision.caution:
        if cause not in spec.causes:
            report.unresolved("unknown-cause", ("decision", "caution", cause), cause, spec.causes, "cause")
    for name, outcome in spec.decision.outcomes.items():
        path: Path = ("decision", "outcomes", name)
        _check_states((*path, "hazards"), outcome.hazards, spec, report)
        _check_states((*path, "over_after_days"), outcome.over_after_days, spec, report)
        for cause, states in outcome.over_after_days.items():
            for state in states.keys() - outcome.hazards.get(cause, {}).keys():
                here = (*path, "over_after_days", cause, state)
                found = "it says when a hazard is over that is not given."
                report.error("no-hazard", here, found, "Give the hazard under `hazards`, or remove this.")
    rate = spec.decision.money_per_unit
    if rate is not None and rate.value <= 0.0:
        here = ("decision", "money_per_unit")
        report.error("no-rate", here, f"{rate.value:g} buys nothing.", "Give a number above 0.")
    if rate is None:
        for path in _costs(spec):
            found = "a cost that cannot be compared with anything."
            report.error("no-rate", path, found, "Give `money_per_unit` under `decision`.")


def _check_states(
    path: Path, given: Mapping[str, Mapping[str, Estimate]], spec: ModelSpec, report: Report
) -> None:
    for cause, states in given.items():
        if cause not in spec.causes:
            report.unresolved("unknown-cause", (*path, cause), cause, spec.causes, "cause")
            continue
        known = spec.causes[cause].states
        for state in states:
            if state not in known:
                report.unresolved("unknown-state", (*path, cause, state), state, known, f"state of {cause}")


def _costs(spec: ModelSpec) -> Iterator[Path]:
    """Where money is stated."""
    for section in ("care_levels", "tests", "steps"):
        for name, each in getattr(spec, section).items():
            if each.cost is not None:
                yield section, name, "cost"
