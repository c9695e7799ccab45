"""The façade: a model, and the diagnosis that it gives."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypeVar, Unpack

from twitchdx.answering import diagnose_patient, query
from twitchdx.assembly import Assembled
from twitchdx.catalogue import describe_variables, list_parameters, plain_variables
from twitchdx.engines import DEFAULT_ENGINE, Engine, get_engine
from twitchdx.errors import Issue, UnknownNameError, Where, suggest
from twitchdx.evidence import Evidence, parse_evidence, parse_pairs
from twitchdx.network import Network, to_pgmpy
from twitchdx.records import Candidate, DiagnosisRecord, NextStep, Parameter, Triage, Variable
from twitchdx.spec import ModelSpec, Reference, Role
from twitchdx.spec import Variable as VariableSpec

if TYPE_CHECKING:
    import networkx as nx
    from pgmpy.models import DiscreteBayesianNetwork

    from twitchdx.cohort import Choices, Handling, Inquiry


_Frame = TypeVar("_Frame")


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
        self,
        evidence: Mapping[str, Any],
        *,
        engine: str | Engine = DEFAULT_ENGINE,
        complaint: str | None = None,
    ) -> Diagnosis:
        """Diagnose one patient; see `diagnose`."""
        return self._diagnose(parse_evidence(evidence, self._specs), engine, complaint)

    def diagnose_pairs(
        self,
        evidence: Iterable[tuple[str, Any]],
        *,
        engine: str | Engine = DEFAULT_ENGINE,
        complaint: str | None = None,
    ) -> Diagnosis:
        """Diagnose from pairs of variable and value, which may name a variable twice.

        What is said twice must agree. Otherwise the same as `diagnose`.
        """
        return self._diagnose(parse_pairs(evidence, self._specs), engine, complaint)

    def diagnose_many(  # noqa: PLR0913 - each is a choice of its own
        self,
        frame: _Frame,
        *,
        engine: str | Engine = DEFAULT_ENGINE,
        complaint: str | None = None,
        responsibility: bool = False,
        distributions: str | Iterable[str] = (),
        keep: str | Iterable[str] = (),
        prefix: str = "",
        errors: Literal["report", "raise"] = "report",
        threads: int | None = None,
        progress: bool | None = None,
    ) -> _Frame:
        """Diagnose every row of a data frame.

        Parameters
        ----------
        frame : data frame
            One row a patient, one column a variable: a pandas, polars or Arrow table, or what else narwhals
            knows or has an Arrow stream. A cell is what `diagnose` takes as a value; None, NaN, null and
            empty text are not observed.
        engine : str or Engine, optional
            Which engine computes the posteriors: "exact", "pgmpy", or one of your own.
        complaint : str, optional
            The finding to explain, if not the presenting complaint of the model.
        responsibility : bool, optional
            Whether responsibilities are wanted: they take several times as long.
        distributions : str or iterable of str, optional
            Variables of which the probability of each state is wanted.
        keep : str or iterable of str, optional
            Columns that stand unchanged in the result, such as an identifier. Every other column must be a
            variable of the model.
        prefix : str, optional
            Stands before each cause in the names of the columns of posteriors.
        errors : {"report", "raise"}, optional
            Whether a row that cannot be answered says why in the column `error`, or all of them are
            raised as one error.
        threads : int, optional
            How many; as many as there are processors, if left out. The answers are the same.
        progress : bool, optional
            Whether a progress bar is shown. Left out: on a terminal, where it takes long.

        Returns
        -------
        data frame
            Of the kind that was given, one row a patient in the same order, with the index of pandas.
            Columns: those kept; each cause with P(cause not absent | evidence);
            ``variable=state`` for each of `distributions`; ``log_evidence``; ``triage``;
            ``responsibility_cause`` for each cause and ``unexplained``, missing where `diagnose` has none;
            and ``error``, missing where there is none. A row with an error has no other result. A
            network file has neither causes nor triage.

        Raises
        ------
        EvidenceError
            This is no data frame, it has columns that are neither variables nor kept, or columns of the
            result would clash; with ``errors="raise"`` also where a row cannot be answered.
        EngineError, UnknownNameError
            The engine, the complaint or another name is not known.
        OptionError
            An option has a value that it cannot have.
        """
        from twitchdx import cohort

        inquiry, handling = self._plan(
            engine,
            complaint,
            responsibility=responsibility,
            distributions=distributions,
            keep=keep,
            prefix=prefix,
            errors=errors,
            threads=threads,
            progress=progress,
        )
        result: _Frame = cohort.diagnose_table(frame, inquiry, handling)
        return result

    def diagnose_batches(
        self,
        batches: Any,
        *,
        engine: str | Engine = DEFAULT_ENGINE,
        complaint: str | None = None,
        batch_rows: int = 100_000,
        **choices: Unpack[Choices],
    ) -> Iterator[Any]:
        """Diagnose batch after batch, in memory that does not grow with their number.

        Parameters
        ----------
        batches : iterable of data frames, or data frame
            Such as a reader of Arrow record batches, or the chunks of a CSV file that pandas reads. A batch
            is taken when the result of the one before has been. One data frame is cut into batches.
        engine, complaint
            As in `diagnose_many`.
        batch_rows : int, optional
            Length of the batches into which one data frame is cut.
        **choices
            The other choices of `diagnose_many`.

        Yields
        ------
        data frame
            For each batch what `diagnose_many` gives for it, of the same kind. Rows in errors count
            on from batch to batch.

        Raises
        ------
        EvidenceError, EngineError, UnknownNameError, OptionError
            As in `diagnose_many`; what concerns a batch, when its turn comes.
        """
        from twitchdx import cohort

        inquiry, handling = self._plan(engine, complaint, **choices)
        return cohort.diagnose_batches(batches, inquiry, handling, cohort.positive("batch_rows", batch_rows))

    def _plan(
        self, engine: str | Engine, complaint: str | None, **choices: Unpack[Choices]
    ) -> tuple[Inquiry, Handling]:
        from twitchdx import cohort

        chosen = self._choose_complaint(complaint)
        return cohort.plan(self._assembled, self._specs, get_engine(engine), chosen, **choices)

    def _choose_complaint(self, complaint: str | None) -> str | None:
        """The finding to explain, or the error that there is none of this name."""
        if complaint is None:
            return self.complaint
        if isinstance(complaint, str) and complaint in self.findings:
            return complaint
        fix = suggest(str(complaint), self.findings)
        where = Where("complaint")
        issue = Issue("error", "unknown-complaint", where, f"there is no finding {complaint!r}.", fix)
        raise UnknownNameError("The complaint is not known.", [issue])

    def _diagnose(self, evidence: Evidence, engine: str | Engine, complaint: str | None) -> Diagnosis:
        chosen = self._choose_complaint(complaint)
        answering = get_engine(engine)
        record = diagnose_patient(self._assembled, self._specs, evidence, answering, chosen)
        return Diagnosis(record, self, evidence, answering)

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
    engine : Engine
        What computed it, and answers further questions.
    """

    record: DiagnosisRecord
    model: Model
    evidence: Evidence
    engine: Engine = field(compare=False)

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
        answer = query(self.model.network, self.evidence, (variable,), self.engine)
        marginal = answer.marginals[variable]
        return dict(zip(states, marginal.tolist(), strict=True))

    def to_dict(self) -> dict[str, Any]:
        """The answer as plain data, after the schema `twitchdx/schemas/diagnosis-1.json`."""
        plain: dict[str, Any] = json.loads(self.to_json())
        return plain

    def to_json(self, indent: int | None = None) -> str:
        """The answer as JSON text; numbers keep every digit."""
        return json.dumps(dataclasses.asdict(self.record), indent=indent, ensure_ascii=False, allow_nan=False)

    def __repr__(self) -> str:
        from twitchdx.display import diagnosis_text  # needed by who looks at an answer, and then only

        return diagnosis_text(self.record)

    def _repr_html_(self) -> str:
        from twitchdx.display import diagnosis_html

        return diagnosis_html(self.record)
