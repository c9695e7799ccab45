"""The façade: a model, and the diagnosis that it gives."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from twitchdx.answering import diagnose_patient, query
from twitchdx.assembly import Assembled
from twitchdx.catalogue import describe_variables, list_parameters, plain_variables
from twitchdx.display import diagnosis_html, diagnosis_text
from twitchdx.engines import DEFAULT_ENGINE, get_engine
from twitchdx.errors import Issue, UnknownNameError, Where, suggest
from twitchdx.evidence import Evidence, parse_evidence, parse_pairs
from twitchdx.network import Network, to_pgmpy
from twitchdx.records import Candidate, DiagnosisRecord, NextStep, Parameter, Triage, Variable
from twitchdx.spec import ModelSpec, Reference, Role
from twitchdx.spec import Variable as VariableSpec

if TYPE_CHECKING:
    import networkx as nx
    from pgmpy.models import DiscreteBayesianNetwork


class Model:
    """A checked, compiled, immutable model.

    Made by `load_model`.

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

    def diagnose(
        self, evidence: Mapping[str, Any], *, engine: str = DEFAULT_ENGINE, complaint: str | None = None
    ) -> Diagnosis:
        """Diagnose one patient; see `diagnose`."""
        return self._diagnose(parse_evidence(evidence, self._specs), engine, complaint)

    def diagnose_pairs(
        self,
        evidence: Iterable[tuple[str, Any]],
        *,
        engine: str = DEFAULT_ENGINE,
        complaint: str | None = None,
    ) -> Diagnosis:
        """Diagnose from pairs of variable and value, which may name a variable twice.

        What is said twice must agree. Otherwise the same as `diagnose`.
        """
        return self._diagnose(parse_pairs(evidence, self._specs), engine, complaint)

    def _diagnose(self, evidence: Evidence, engine: str, complaint: str | None) -> Diagnosis:
        chosen = self.complaint if complaint is None else complaint
        if complaint is not None and (not isinstance(complaint, str) or complaint not in self.findings):
            fix = suggest(str(complaint), self.findings)
            where = Where("complaint")
            issue = Issue("error", "unknown-complaint", where, f"there is no finding {complaint!r}.", fix)
            raise UnknownNameError("The complaint is not known.", [issue])
        record = diagnose_patient(self._assembled, self._specs, evidence, get_engine(engine), chosen)
        return Diagnosis(record, self, evidence)

    def to_pgmpy(self) -> DiscreteBayesianNetwork:
        """The network as a pgmpy object that has passed `check_model()`.

        Noisy nodes with many parents are split (parent divorcing). The helper nodes have a double
        underscore in their names and leave every marginal unchanged.
        """
        return to_pgmpy(self._assembled.network)

    def to_networkx(self) -> nx.DiGraph[str]:
        """The arrows as a directed graph; nodes carry `role`, `label` and `states`."""
        import networkx as nx

        graph: nx.DiGraph[str] = nx.DiGraph(name=self.name)
        for name, each in self._variables.items():
            graph.add_node(name, role=each.role, label=each.label, states=each.states)
        graph.add_edges_from(
            (parent, name) for name, each in self._variables.items() for parent in each.parents
        )
        return graph

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Model):
            return NotImplemented
        return (self.name, self.digest) == (other.name, other.digest)

    def __hash__(self) -> int:
        return hash((self.name, self.digest))

    def __repr__(self) -> str:
        counts = ", ".join(
            f"{len(each)} {role}"
            for role, each in (
                ("risk factors", self.risk_factors),
                ("causes", self.causes),
                ("processes", self.processes),
                ("findings", self.findings),
                ("tests", self.tests),
            )
            if each
        )
        version = f" {self.version}" if self.version else ""
        return f"<Model {self.name}{version}: {counts or f'{len(self._variables)} variables'}>"


@dataclass(frozen=True, repr=False)
class Diagnosis:
    """The answer for one patient. Frozen; shows as a table in a terminal and as a card in Jupyter.

    Attributes
    ----------
    record : DiagnosisRecord
        The plain data of the answer.
    model : Model
        The model that gave it.
    evidence : Evidence
        What it rests on.
    """

    record: DiagnosisRecord
    model: Model
    evidence: Evidence

    @property
    def posterior(self) -> Mapping[str, float]:
        """Cause -> P(cause not absent | evidence), in the order of the model."""
        found = {each.cause: each.probability for each in self.record.differential}
        return MappingProxyType({cause: found[cause] for cause in self.model.causes})

    @property
    def differential(self) -> tuple[Candidate, ...]:
        """Every cause, ranked by whether it explains the complaint."""
        return self.record.differential

    @property
    def unexplained(self) -> float | None:
        """P(the complaint is present and no cause reaches it | evidence)."""
        return self.record.unexplained

    @property
    def triage(self) -> Triage | None:
        """How soon to seek care, and why."""
        return self.record.triage

    @property
    def next_steps(self) -> tuple[NextStep, ...]:
        """What to do, ranked."""
        return self.record.next_steps

    @property
    def log_evidence(self) -> float:
        """Natural log of P(evidence); soft evidence counts as its likelihood scaled to maximum 1."""
        return self.record.log_evidence

    def distribution(self, variable: str) -> dict[str, float]:
        """P(variable | evidence), of any variable of the model.

        Returns
        -------
        dict of str to float
            State -> probability, in the order of the states.

        Raises
        ------
        UnknownNameError
            The model has no such variable.
        """
        states = self.model.variable(variable).states
        engine = get_engine(self.record.engine)
        marginal = query(self.model.network, self.evidence, (variable,), engine).marginals[variable]
        return dict(zip(states, marginal.tolist(), strict=True))

    def to_dict(self) -> dict[str, Any]:
        """The answer as plain data, after the schema `twitchdx/schemas/diagnosis-1.json`."""
        plain: dict[str, Any] = json.loads(self.to_json())
        return plain

    def to_json(self, indent: int | None = None) -> str:
        """The answer as JSON text; numbers keep every digit."""
        return json.dumps(dataclasses.asdict(self.record), indent=indent, ensure_ascii=False, allow_nan=False)

    def __repr__(self) -> str:
        return diagnosis_text(self.record)

    def _repr_html_(self) -> str:
        return diagnosis_html(self.record)
