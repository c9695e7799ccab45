"""The façade: a model, and what it can be asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeVar, Unpack

from twitchdx.answering import diagnose_patient
from twitchdx.contents import ModelContents
from twitchdx.diagnosis import Diagnosis
from twitchdx.engines import DEFAULT_ENGINE, Engine, get_engine
from twitchdx.errors import Issue, UnknownNameError, Where, suggest
from twitchdx.evidence import Evidence, parse_evidence, parse_pairs
from twitchdx.network import to_pgmpy

__all__ = ["Diagnosis", "Model"]

if TYPE_CHECKING:
    import networkx as nx
    from pgmpy.models import DiscreteBayesianNetwork

    from twitchdx.cohort import Choices, Handling, Inquiry
    from twitchdx.whatif import Intervention, ModelComparison


_Frame = TypeVar("_Frame")


class Model(ModelContents):
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

    def diagnose(
        self,
        evidence: Mapping[str, Any],
        *,
        engine: str | Engine = DEFAULT_ENGINE,
        complaint: str | None = None,
        preferences: Mapping[str, Any] | None = None,
    ) -> Diagnosis:
        """Diagnose one patient; see `diagnose`."""
        if preferences is not None:
            return self.with_preferences(preferences).diagnose(evidence, engine=engine, complaint=complaint)
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

    def with_parameters(self, changes: Mapping[str, Any]) -> Model:
        """The same model with other numbers in some places, and a digest of its own.

        Parameters
        ----------
        changes : mapping of str to number or mapping
            Path, as `parameters` gives it -> the new value, or the fields of the number that are different.

        Raises
        ------
        OptionError
            The changes are no mapping.
        UnknownNameError, ModelError
            A path is not known, or a number breaks a rule; the error lists every problem.
        """
        from twitchdx import whatif

        return Model(whatif.with_parameters(self._assembled, changes))

    def with_preferences(self, preferences: Mapping[str, Any]) -> Model:
        """The same model with other utilities, with a digest of its own.

        Parameters
        ----------
        preferences : mapping of str to number or mapping
            Path, as `parameters` gives it -> the new value, of which a bare one is taken as it is meant,
            without uncertainty. A path may leave out `decision.`. Losses, the rate of money, benefit, harm,
            burden and cost can be given, and how careful to be: the residual risk, and caution.

        Raises
        ------
        OptionError
            The preferences are no mapping, or a path is about what is true and not about what it is worth.
        UnknownNameError, ModelError
            A path is not known, or a number breaks a rule; the error lists every problem.
        """
        from twitchdx import whatif

        return Model(whatif.with_preferences(self._assembled, preferences))

    def compare(
        self,
        other: Model,
        cases: Mapping[str, Mapping[str, Any]],
        *,
        more_than: float = 0.05,
        engine: str | Engine = DEFAULT_ENGINE,
    ) -> ModelComparison:
        """Which cases change their leading cause, level of care, or a posterior by more than some amount.

        Parameters
        ----------
        other : Model
            The model to compare with.
        cases : mapping of str to mapping
            Name -> evidence, as it is given to `diagnose`, or a case as a case file has it.
        more_than : float, optional
            By how much a posterior must differ to be reported.
        engine : str or Engine, optional
            Computes all answers.

        Raises
        ------
        EvidenceError
            There is no case, or one cannot be understood; the error lists every problem.
        OptionError
            `other` is no model, or `more_than` no probability.
        """
        from twitchdx import whatif

        # What is no model is refused there, together with the other options.
        second: Any = other.assembled if isinstance(other, ModelContents) else other
        return whatif.compare_models(self._assembled, second, cases, get_engine(engine), more_than=more_than)

    def do(
        self,
        actions: Mapping[str, Any],
        evidence: Mapping[str, Any] | None = None,
        *,
        engine: str | Engine = DEFAULT_ENGINE,
        complaint: str | None = None,
    ) -> Intervention:
        """The probability that the complaint persists when some variables are set; see `Diagnosis.do`.

        Parameters
        ----------
        actions : mapping of str to value
            Risk factor, cause or process -> the state to which it is set.
        evidence : mapping, optional
            What is known of the person before the action, the complaint included.
        engine, complaint
            As in `diagnose`.
        """
        return self.diagnose(evidence or {}, engine=engine, complaint=complaint).do(actions)

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
