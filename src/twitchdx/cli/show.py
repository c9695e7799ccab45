"""`twitchdx models` and `twitchdx show`: what models there are, and what is in one."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping

from twitchdx.api import load_model
from twitchdx.catalogue import cite
from twitchdx.cli.output import print_wrapped
from twitchdx.loading import available_models, find_model, read_folder
from twitchdx.model import Model
from twitchdx.records import Parameter, Variable
from twitchdx.spec import ROLE_OF_SECTION, Band, Measurement


def list_models(arguments: argparse.Namespace) -> int:  # noqa: ARG001 - every command takes them
    """Print name, version and title of each shipped model."""
    rows = [("name", "version", "title")]
    for name in available_models():
        # Only the heading is read: compiling every model would take a second each.
        header = read_folder(find_model(name)).data.get("model")
        known = header if isinstance(header, dict) else {}
        rows.append((name, str(known.get("version", "?")), str(known.get("title", "?"))))
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    for name, version, title in rows:
        print_wrapped(title, f"{name:<{widths[0]}}  {version:<{widths[1]}}  ")
    return 0


def show(arguments: argparse.Namespace) -> int:
    """Print the variables of a model by role, or everything about one."""
    model = load_model(arguments.model)
    if arguments.variable is None:
        _print_model(model)
    else:
        _print_variable(model, model.variable(arguments.variable))
    return 0


def _print_model(model: Model) -> None:
    spec = model.spec
    title = spec.model.title if spec else "a network file: names and states only"
    print_wrapped(f"{model.name} {model.version}".rstrip() + f": {title}")
    print(f"digest {model.digest}")
    if spec:
        print_wrapped(f"Priors describe: {spec.model.population}. Time window: {spec.model.window}.")
        print(f"Complaint: {spec.model.complaint}")
        print_wrapped(spec.model.disclaimer)
    for role in (*ROLE_OF_SECTION.values(), None):
        variables = [each for each in model.variables.values() if each.role == role]
        if variables:
            print(
                f"\n{f'{role}s'.replace('_', ' ').capitalize() if role else 'Variables'} ({len(variables)})"
            )
            for each in variables:
                _print_summary(each)


def _print_summary(variable: Variable) -> None:
    label = f": {variable.label}" if variable.label != variable.name else ""
    print_wrapped(f"{variable.name}{label}", "  ", "    ")
    _print_field("states", _list_states(variable))
    _print_field("ask", variable.question)
    if variable.unit:
        others = f" (also {', '.join(variable.units[1:])})" if len(variable.units) > 1 else ""
        _print_field("number in", f"{variable.unit}{others}")
    _print_field("codes", _list_pairs(variable.codes))


def _print_field(name: str, text: str) -> None:
    if text:
        print_wrapped(text, f"      {name}: ")


def _list_states(variable: Variable) -> str:
    named = zip(variable.states, variable.state_labels, strict=True)
    return ", ".join(state if state == label else f"{state} ({label})" for state, label in named)


def _list_pairs(pairs: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{system} {code}" for system, code in pairs)


def _print_variable(model: Model, variable: Variable) -> None:
    role = (variable.role or "variable").replace("_", " ")
    print_wrapped(f"{variable.name}: {variable.label} [{role} of {model.name}]")
    if variable.definition:
        print_wrapped(variable.definition)
    if variable.question:
        print_wrapped(variable.question, "\nAsk: ", "     ")
    _print_states(model, variable)
    children = [name for name, each in model.variables.items() if variable.name in each.parents]
    for name, entries in (
        ("Codes", [_list_pairs(variable.codes)]),
        ("Also called", variable.aliases),
        ("Answers", variable.answers),
        ("Depends on", variable.parents),
        ("Acts on", children),
    ):
        if any(entries):
            print_wrapped(", ".join(entries), f"{name}: ", "  ")
    parameters = _parameters_of(model, variable.name)
    if parameters:
        _print_parameters(parameters)
        _print_sources(model, parameters)


def _print_states(model: Model, variable: Variable) -> None:
    described = model.spec.variables()[variable.name][1] if model.spec else None
    measurement = described.measurement if described else None
    print("\nStates, the normal one first:" if variable.role else "\nStates:")
    width = max(len(state) for state in variable.states)
    for state, label in zip(variable.states, variable.state_labels, strict=True):
        band = f" ({_spoken_band(measurement.bands[state], measurement)})" if measurement else ""
        print_wrapped(f"{label}{band}", f"  {state:<{width}}  ")
    if measurement:
        units = [f"{name} (x {each.factor:g}; {each.note})" for name, each in measurement.units.items()]
        others = f"; also {', '.join(units)}" if units else ""
        print_wrapped(f"{measurement.unit}{others}", "A number is taken in: ", "  ")


def _spoken_band(band: Band, measurement: Measurement) -> str:
    ends = [f"from {band.at_least:g}"] if band.at_least is not None else []
    ends += [f"below {band.below:g}"] if band.below is not None else []
    return f"{' to '.join(ends)} {measurement.unit}" if ends else "any number"


def _parameters_of(model: Model, name: str) -> Mapping[str, Parameter]:
    """Place below the variable -> number."""
    return {
        each.path.split(".", 2)[2]: each
        for each in model.parameters()
        if each.path.split(".", 1)[0] in ROLE_OF_SECTION and each.path.split(".")[1] == name
    }


def _print_parameters(parameters: Mapping[str, Parameter]) -> None:
    print("\nNumbers: value, 95 % interval, form, grade, sources")
    for place, each in parameters.items():
        print_wrapped(place.removeprefix("distribution."), "  ", "    ")
        interval = f" ({each.low:g} to {each.high:g})" if each.low is not None else ""
        size = f", n = {each.n}" if each.n is not None else ""
        sources = f", {' '.join(each.sources)}" if each.sources else ""
        print_wrapped(f"{each.value:g}{interval}{size}, {each.form}, {each.grade}{sources}", "      ")
        if each.note:
            print_wrapped(each.note, "      ")


def _print_sources(model: Model, parameters: Mapping[str, Parameter]) -> None:
    named = {source for each in parameters.values() for source in each.sources}
    if named:
        print("\nSources")
        for each in cite(model.references.values(), named):
            print_wrapped(f"{each.id}: {each.citation} {each.url}".rstrip(), "  ", "    ")
