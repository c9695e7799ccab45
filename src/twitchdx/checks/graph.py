"""Rules for arrows: parents exist, arrows run from context to findings, and there is no cycle."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

from twitchdx.checks.report import Path, Report
from twitchdx.spec import ROLE_OF_SECTION, ModelSpec, Role, count_kinds, parents_of

# Arrows stay within a layer or run to a later one.
_LAYER: dict[Role, int] = {"risk_factor": 0, "cause": 1, "process": 2, "finding": 3, "test": 4}


def check_graph(spec: ModelSpec, report: Report) -> None:
    """Check the arrows of a model."""
    variables = spec.variables()
    section_of = {role: section for section, role in ROLE_OF_SECTION.items()}
    graph: dict[str, tuple[str, ...]] = {}
    for name, (role, variable) in variables.items():
        path: Path = (section_of[role], name, "distribution")
        parents = parents_of(variable) if count_kinds(variable) == 1 else ()
        for parent in parents:
            if parent not in variables:
                report.unresolved("unknown-parent", path, parent, variables, "variable")
            elif _LAYER[variables[parent][0]] > _LAYER[role]:
                report.error(
                    "arrow-direction",
                    path,
                    f"an arrow runs from the {variables[parent][0]} {parent!r} to a {role}.",
                    "Arrows run from risk factors to causes, processes, findings and tests, never back.",
                )
        graph[name] = tuple(parent for parent in parents if parent in variables)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        cycle = error.args[1]
        role = variables[cycle[0]][0]
        report.error(
            "cycle",
            (section_of[role], cycle[0], "distribution"),
            f"the arrows run in a circle: {' -> '.join(cycle)}.",
            "Remove one of these parents.",
        )
