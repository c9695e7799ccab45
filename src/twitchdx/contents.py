"""What a model is made of: names, variables by role, numbers, references."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from twitchdx.assembly import Assembled
from twitchdx.catalogue import describe_variables, list_parameters, plain_variables
from twitchdx.errors import Issue, UnknownNameError, Where, suggest
from twitchdx.network import Network
from twitchdx.records import Parameter, Variable
from twitchdx.spec import ModelSpec, Reference, Role
from twitchdx.spec import Variable as VariableSpec


class ModelContents:
    """A checked, compiled, immutable model, without what it can be asked.

    Attributes
    ----------
    name, version, digest : str
        What it is; the digest is the SHA-256 of its content.
    variables : mapping of str to Variable
        All variables, in the order of the files.
    risk_factors, causes, processes, findings, tests : mapping of str to Variable
        The variables of one role.
    complaint : str or None
        The finding whose causes are sought.
    references : mapping of str to Reference
        The bibliography.
    """

    def __init__(self, assembled: Assembled) -> None:
        self._assembled = assembled
        spec = assembled.spec
        described: Mapping[str, tuple[Role | None, VariableSpec]]
        if spec is None:
            self._specs = plain_variables(assembled.network)
            described = {name: (None, variable) for name, variable in self._specs.items()}
        else:
            described = spec.variables()
            self._specs = {name: variable for name, (_, variable) in described.items()}
        self._variables = describe_variables(described, assembled.network)

    @property
    def assembled(self) -> Assembled:
        """All parts, as other modules take them."""
        return self._assembled

    @property
    def specs(self) -> Mapping[str, VariableSpec]:
        """What the files say of every variable."""
        return MappingProxyType(self._specs)

    @property
    def name(self) -> str:
        """Name of the model."""
        return self._assembled.name

    @property
    def version(self) -> str:
        """Version of its content."""
        return self._assembled.version

    @property
    def digest(self) -> str:
        """SHA-256 of its content, hexadecimal."""
        return self._assembled.digest

    @property
    def complaint(self) -> str | None:
        """The finding whose causes are sought; None for a network file."""
        return self._assembled.spec.model.complaint if self._assembled.spec else None

    @property
    def warnings(self) -> tuple[Issue, ...]:
        """What a careful author would mend."""
        return self._assembled.warnings

    @property
    def variables(self) -> Mapping[str, Variable]:
        """Every variable, in the order of the files."""
        return MappingProxyType(self._variables)

    @property
    def risk_factors(self) -> Mapping[str, Variable]:
        """Context, exposures, age, sex."""
        return self._of_role("risk_factor")

    @property
    def causes(self) -> Mapping[str, Variable]:
        """What the complaint can come from."""
        return self._of_role("cause")

    @property
    def processes(self) -> Mapping[str, Variable]:
        """Latent pathophysiology."""
        return self._of_role("process")

    @property
    def findings(self) -> Mapping[str, Variable]:
        """Symptoms and signs."""
        return self._of_role("finding")

    @property
    def tests(self) -> Mapping[str, Variable]:
        """Measured results."""
        return self._of_role("test")

    @property
    def references(self) -> Mapping[str, Reference]:
        """The bibliography, by id."""
        spec = self._assembled.spec
        return MappingProxyType({each.id: each for each in spec.references} if spec else {})

    @property
    def spec(self) -> ModelSpec | None:
        """All that the model's files say; None for a network file."""
        return self._assembled.spec

    @property
    def network(self) -> Network:
        """The compiled network."""
        return self._assembled.network

    def variable(self, name: str) -> Variable:
        """The variable of a name.

        Raises
        ------
        UnknownNameError
            The model has no such variable; the error offers the nearest name.
        """
        if isinstance(name, str) and name in self._variables:
            return self._variables[name]
        fix = suggest(str(name), self._variables)
        where = Where(str(name))
        issue = Issue("error", "unknown-variable", where, f"there is no variable {name!r}.", fix)
        raise UnknownNameError("The variable is not known.", [issue])

    def _of_role(self, role: Role) -> Mapping[str, Variable]:
        return MappingProxyType({name: each for name, each in self._variables.items() if each.role == role})

    def parameters(self) -> tuple[Parameter, ...]:
        """Every number of the model with value, interval, grade and source."""
        return list_parameters(self._assembled.spec) if self._assembled.spec else ()
