"""What a model offers to its users: variables, parameters, sources."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from twitchdx import spec as specs
from twitchdx.checks import form_of
from twitchdx.network import Network
from twitchdx.records import ModelInfo, Parameter, Source, Variable


def plain_variables(network: Network) -> dict[str, specs.Variable]:
    """Variables for a network file, which says no more than names and states."""
    return {
        name: specs.Variable(
            label=name,
            definition="",
            distribution=specs.Distribution(),
            states={state: state for state in node.states},
        )
        for name, node in network.items()
    }


def describe_variables(
    described: Mapping[str, tuple[specs.Role | None, specs.Variable]], network: Network
) -> dict[str, Variable]:
    """Every variable as a user sees it, in the order given."""
    return {
        name: _describe(name, role, variable, network[name].parents)
        for name, (role, variable) in described.items()
    }


def _describe(
    name: str, role: specs.Role | None, variable: specs.Variable, parents: tuple[str, ...]
) -> Variable:
    measurement = variable.measurement
    return Variable(
        name=name,
        role=role,
        label=variable.label,
        definition=variable.definition,
        states=tuple(variable.states),
        state_labels=tuple(variable.states.values()),
        parents=parents,
        question=variable.question,
        unit=measurement.unit if measurement else "",
        units=(measurement.unit, *measurement.units) if measurement else (),
        codes=tuple(variable.codes.items()),
        answers=variable.answers,
        aliases=variable.aliases,
    )


def list_parameters(spec: specs.ModelSpec) -> tuple[Parameter, ...]:
    """Every number of a model, in the order of its sections; the duration of an incidence after it.

    A shared number stands at every place that has it.
    """
    return tuple(
        _parameter(path, estimate) for path, estimate in specs.walk_estimates(spec) if path[0] != "shared"
    )


def count_grades(parameters: Iterable[Parameter]) -> Counter[specs.Grade]:
    """How many numbers have each grade; one that stands in several places counts once."""
    return Counter({each.shared or each.path: each.grade for each in parameters}.values())


def _parameter(path: tuple[str | int, ...], estimate: specs.Estimate) -> Parameter:
    return Parameter(
        path=".".join(str(segment) for segment in path),
        value=estimate.value,
        form=form_of(path, estimate),
        low=estimate.low,
        high=estimate.high,
        n=estimate.n,
        grade=estimate.grade,
        sources=estimate.sources,
        note=estimate.note,
        shared=estimate.shared,
    )


class Bibliography:
    """The references of a model, ready to be cited again and again.

    Parameters
    ----------
    references : iterable of Reference
        In the order in which they are cited.
    """

    def __init__(self, references: Iterable[specs.Reference]) -> None:
        self._references = {each.id: each for each in references}
        self._order = {name: place for place, name in enumerate(self._references)}
        self._sources: dict[str, Source] = {}

    def cite(self, ids: Iterable[str]) -> tuple[Source, ...]:
        """The sources of some ids, in the order of the bibliography."""
        wanted = sorted(self._order.keys() & ids, key=self._order.__getitem__)
        return tuple([self._sources.get(each) or self._write(each) for each in wanted])

    def _write(self, name: str) -> Source:
        reference = self._references[name]
        source = Source(id=name, citation=citation(reference), url=_address(reference))
        self._sources[name] = source
        return source


def cite(references: Iterable[specs.Reference], ids: Iterable[str]) -> tuple[Source, ...]:
    """The sources of some ids, in the order of the bibliography."""
    return Bibliography(references).cite(ids)


def citation(reference: specs.Reference) -> str:
    """Authors (year). Title. Journal volume, pages."""
    names = [author.get("literal") or author.get("family", "") for author in reference.author]
    who = f"{names[0]} et al." if len(names) > 2 else " and ".join(names)
    dates = reference.issued.get("date-parts", ())
    year = str(dates[0][0]) if dates and dates[0] else "undated"
    where = " ".join(
        part for part in (reference.container_title or reference.publisher, reference.volume) if part
    )
    where = ", ".join(part for part in (where, reference.page) if part)
    lead = f"{who} ({year})" if who else f"({year})"
    return ". ".join(part.rstrip(".") for part in (lead, reference.title, where) if part) + "."


def _address(reference: specs.Reference) -> str:
    if reference.DOI:
        return f"https://doi.org/{reference.DOI}"
    return reference.URL


def model_info(header: specs.Header | None, name: str, version: str, digest: str) -> ModelInfo:
    """Which model answers, for the head of every answer."""
    return ModelInfo(
        name=name,
        version=version,
        digest=digest,
        title=header.title if header else name,
        population=header.population if header else "",
        disclaimer=header.disclaimer if header else "",
    )
