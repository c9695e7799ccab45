"""The answer for one patient, and what can be asked about it: how sure, why, what if."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from twitchdx.answering import query
from twitchdx.contents import ModelContents
from twitchdx.engines import Differentiating, Engine, ExactEngine, ThreadedEngine
from twitchdx.evidence import Evidence
from twitchdx.records import Candidate, Deliberation, DiagnosisRecord, NextStep, Triage

if TYPE_CHECKING:
    from twitchdx.explain.accounts import Contrast, Ledger, PlainWords
    from twitchdx.explain.case import Case
    from twitchdx.explain.verdicts import Fit, JointSets
    from twitchdx.plan import Information, LookAhead, SameDecision
    from twitchdx.steps import LevelUtilities
    from twitchdx.tables import Backend
    from twitchdx.uncertainty.intervals import AnswerUncertainty
    from twitchdx.uncertainty.montecarlo import Quantity, Sampled
    from twitchdx.uncertainty.thresholds import CareThresholds
    from twitchdx.whatif import Intervention, Sensitivity, Subject, WhatIf


@dataclass(frozen=True, repr=False)
class Diagnosis:
    """The answer for one patient. Frozen; shows as a table in a terminal and as a card in Jupyter.

    Attributes
    ----------
    plain : DiagnosisRecord
        The plain data of the answer, without intervals.
    model : Model
        The model that gave it.
    evidence : Evidence
        What it rests on.
    engine : Engine
        What computed it, and answers further questions.
    """

    plain: DiagnosisRecord
    model: ModelContents
    evidence: Evidence
    engine: Engine = field(compare=False)

    @cached_property
    def record(self) -> DiagnosisRecord:
        """The plain data of the answer, with intervals and the judgement of the fit: found when asked for."""
        from twitchdx.sureness import with_fit, with_intervals

        sure = with_intervals(self._planned, self.uncertainty)
        return with_fit(sure, self.model.assembled, self.evidence, self.engine)

    @cached_property
    def _sure(self) -> DiagnosisRecord:
        """The answer with intervals, without the judgement of the fit, its steps not weighed."""
        from twitchdx.sureness import with_intervals

        return with_intervals(self.plain, self.uncertainty)

    @property
    def posterior(self) -> Mapping[str, float]:
        """Cause -> P(cause not absent | evidence), in the order of the model."""
        found = {each.cause: each.probability for each in self.plain.differential}
        return MappingProxyType({cause: found[cause] for cause in self.model.causes})

    @property
    def differential(self) -> tuple[Candidate, ...]:
        """Every cause, ranked by whether it explains the complaint, with intervals."""
        return self._sure.differential

    @property
    def unexplained(self) -> float | None:
        """P(the complaint is present and no cause reaches it | evidence)."""
        return self.plain.unexplained

    @property
    def unexplained_interval(self) -> tuple[float, float] | None:
        """95 % credible interval of `unexplained`; None where that is, and as in `uncertainty`."""
        return self._sure.unexplained_interval

    @property
    def triage(self) -> Triage | None:
        """How soon to seek care, and why."""
        return self.plain.triage

    @property
    def next_steps(self) -> tuple[NextStep, ...]:
        """What to do, ranked by what it is worth; found when asked for.

        Where the model states no utilities, they are ranked by the weight of their causes. The answers to all
        results that there could be come from the exact engine, also where another one answered: it would take
        minutes for them.
        """
        return self._planned.next_steps

    @property
    def deliberation(self) -> Deliberation | None:
        """What stands behind the next steps: alternatives, dangers, what would change the level.

        None where the model states no utilities.
        """
        return self._planned.deliberation

    @cached_property
    def _planned(self) -> DiagnosisRecord:
        """The answer with its next steps weighed, without intervals."""
        from twitchdx import plan, steps

        spec = self.model.assembled.spec
        if spec is None or not steps.usable_decision(spec):
            return self.plain

        engine = self.engine if isinstance(self.engine, Differentiating) else ExactEngine()
        return plan.make_plan(self._subject(ThreadedEngine(engine)), self.plain)

    @property
    def log_evidence(self) -> float:
        """Natural log of P(evidence); soft evidence counts as its likelihood scaled to maximum 1."""
        return self.plain.log_evidence

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

    # How sure

    @cached_property
    def uncertainty(self) -> AnswerUncertainty | None:
        """How every probability depends on the numbers of the model; None where the engine has no slopes.

        The exact engine has them: to first order, with exact derivatives. With another engine intervals are
        None, and `sample` works with every engine.
        """
        from twitchdx.sureness import find_uncertainty

        return find_uncertainty(self.model.assembled, self.plain, self.evidence, self.engine)

    @property
    def intervals(self) -> Mapping[str, tuple[float, float] | None]:
        """Cause -> 95 % credible interval of P(cause not absent | evidence), in the order of the model.

        It says what the stated uncertainty of the model's numbers does; the structure is taken as given. None
        as in `uncertainty`.
        """
        found = {each.cause: each.interval for each in self.differential}
        return MappingProxyType({cause: found[cause] for cause in self.model.causes})

    @cached_property
    def care_thresholds(self) -> CareThresholds:
        """The bounds that triage rules set on probabilities, with the chance that each is reached.

        It shows which rules hang on how uncertain the numbers of the model are. Red flags are not among them:
        they look at the evidence alone.

        Raises
        ------
        ModelError
            The model was read from a network file, which has no rules.
        """
        from twitchdx.sureness import thresholds_of

        return thresholds_of(self.model.assembled, self._sure, self.uncertainty)

    def ranks_above(self, cause: str, other: str, by: Quantity | None = None) -> float | None:
        """The probability that one cause ranks above another, given what is believed of the numbers.

        Parameters
        ----------
        cause, other : str
            Two causes.
        by : {"responsibility", "probability"}, optional
            What they are ranked by. Left out, what the differential is ranked by: the responsibility, where
            there is a complaint to explain.

        Returns
        -------
        float or None
            None as in `uncertainty`, and where there are no responsibilities to rank by.

        Raises
        ------
        UnknownNameError
            One is no cause.
        OptionError
            `by` is neither.
        """
        from twitchdx.sureness import chance_above

        self._case().require_causes((cause, other))
        return chance_above(self.uncertainty, cause, other, by)

    def sample(self, draws: int = 1000, seed: int = 0, *, responsibilities: bool = False) -> Sampled:
        """The posteriors in models whose numbers are drawn, weighted by P(evidence): the check on intervals.

        It works with every engine, and compiles the model anew for every draw: some 50 ms with the shipped
        one, and twice that with responsibilities.

        Parameters
        ----------
        draws : int, optional
            How many models are drawn.
        seed : int, optional
            The same seed gives the same draws.
        responsibilities : bool, optional
            Whether to compute in each of them what the causes explain.

        Raises
        ------
        OptionError
            An option is no whole number in range.
        """
        from twitchdx.sureness import sample_answer

        explained = responsibilities and self.plain.unexplained is not None
        complaint = self.plain.complaint if explained else None
        return sample_answer(self.model.assembled, self.evidence, self.engine, draws, seed, complaint)

    def fit(self, *, surprise: bool = False, draws: int = 2000, seed: int = 0) -> Fit:
        """How well the model explains the evidence: conflict, clashes, and the flag `explained_badly`.

        Parameters
        ----------
        surprise : bool, optional
            Whether the evidence is compared with people drawn from the model.
        draws, seed : int, optional
            How many of them, and where their generator begins.
        """
        from twitchdx.explain.fit import judge_fit

        return judge_fit(self._case(), surprise=surprise, draws=draws, seed=seed)

    # Why

    def explain(self, cause: str, *, pairs: int = 32, seed: int = 0) -> Ledger:
        """Why a cause is as probable as it is: its log-odds as a sum, in decibans.

        Parameters
        ----------
        cause : str
            The cause.
        pairs, seed : int, optional
            Beyond 12 observations: how many random orders are drawn, each with its reverse, and where their
            generator begins.
        """
        from twitchdx.explain.ledger import explain_cause

        ledger = explain_cause(self._case(), cause, pairs=pairs, seed=seed)
        return dataclasses.replace(ledger, interval=self.intervals[cause])

    def contrast(self, cause: str, other: str, *, pairs: int = 32, seed: int = 0) -> Contrast:
        """Why one cause is more probable than another, or less; the options are those of `explain`."""
        from twitchdx.explain.ledger import contrast_causes

        found = contrast_causes(self._case(), cause, other, pairs=pairs, seed=seed)
        explains = {each.cause: each.responsibility for each in self.plain.differential}
        return dataclasses.replace(
            found, responsibility=explains[cause], other_responsibility=explains[other]
        )

    def joint_explanations(self, count: int = 5, *, budget: int = 50_000) -> JointSets:
        """The most probable sets of causes, exact.

        Parameters
        ----------
        count : int, optional
            How many sets.
        budget : int, optional
            How many partial masses may be computed for them.
        """
        from twitchdx.explain.joint_sets import find_joint_sets

        return find_joint_sets(self._case(), count, budget=budget)

    def in_words(self, cause: str | None = None) -> PlainWords:
        """One cause in words for the person and for a clinician; left out, the first of the differential."""
        from twitchdx.explain.wording import name_rivals, put_in_words

        self._case()  # an error for a model without causes
        ledger = self.explain(self.plain.differential[0].cause if cause is None else cause)
        care = self.triage.label if self.triage is not None else ""
        return put_in_words(ledger, care=care, rivals=name_rivals(self.plain.differential, ledger.cause))

    # What if

    def what_if(self, changes: Mapping[str, Any]) -> WhatIf:
        """The answer as it is beside that to changed findings; None withdraws a finding."""
        from twitchdx import whatif

        model = self.model
        given = (model.assembled, model.specs, self.evidence)
        return whatif.what_if(*given, changes, self.engine, self.plain.complaint)

    def sensitivity(self, causes: str | Collection[str] | None = None) -> Sensitivity:
        """What the answer rests on, number by number and finding by finding.

        Left out, the causes are the leading ones and those that rules of care watch.
        """
        from twitchdx import whatif

        return whatif.analyse_sensitivity(self._subject(), causes)

    def information(self, among: Collection[str] | None = None) -> Information:
        """What each question or test that is still open would tell, and whether it would change what to do.

        Parameters
        ----------
        among : collection of str, optional
            Risk factors, findings and tests that are not observed; left out, all of them.

        Raises
        ------
        EvidenceError
            Some are not known, observed already, or nothing that can be observed; the error lists them all.
        """
        from twitchdx import plan

        return plan.find_information(self._subject(self._threaded), among)

    def look_ahead(self, among: Collection[str] | None = None, *, width: int = 6) -> LookAhead:
        """What to learn first, looking two steps ahead, and whether one step alone would choose wrongly.

        Parameters
        ----------
        among : collection of str, optional
            What can be learnt; left out, whatever can be had at this level of care.
        width : int, optional
            How many of them are looked at: those of the greatest net value by themselves.

        Raises
        ------
        ModelError
            The model states no utilities.
        EvidenceError, OptionError
            Some of what is named cannot be learnt; `width` is no whole number from 2.
        """
        from twitchdx import plan

        return plan.look_ahead(self._subject(self._threaded), among, width)

    def same_decision(
        self, among: Collection[str] | None = None, *, draws: int = 200, seed: int = 0
    ) -> SameDecision:
        """The probability that the level of care would stay if much more were known, from draws.

        Parameters
        ----------
        among : collection of str, optional
            What would be known; left out, every test of the model, chance findings included.
        draws, seed : int, optional
            How many joint results are drawn, and where their generator begins.

        Raises
        ------
        EvidenceError, OptionError
            Some of what is named cannot be learnt; an option is no whole number in range.
        EngineError
            Joint results tie together more than the engine can compute.
        """
        from twitchdx import plan

        if among is None:
            among = tuple(test for test in self.model.tests if test not in self.evidence)
        return plan.find_same_decision(self._subject(self._threaded), among, draws, seed)

    def expected_utilities(self) -> LevelUtilities:
        """What each level of care is worth, where the model states outcomes, hazards, delays and burdens.

        Triage takes the best of them where no rule asks for more.

        Raises
        ------
        ModelError
            The model states no utilities, or was read from a network file.
        """
        from twitchdx.steps import weigh_levels

        case = self._case()
        return weigh_levels(case.spec, case.network, self.evidence.likelihoods, self.engine)

    def do(self, actions: Mapping[str, Any]) -> Intervention:
        """What becomes of the complaint when risk factors, causes or processes are set.

        All that was observed counts. What the action does not act on stays as it is now; what it acts on
        happens anew, and only then: with nothing changed an observed complaint persists. It is a prediction
        and no counterfactual; `twitchdx.whatif.intervene` says it exactly.

        Parameters
        ----------
        actions : mapping of str to value
            Risk factor, cause or process -> the state to which it is set, as evidence is given to `diagnose`.

        Raises
        ------
        EvidenceError
            An action cannot be understood; the error lists every problem.
        EngineError
            What is now and what happens anew tie together more than the engine can compute, as an action on
            age or sex may do.
        ModelError
            The model was read from a network file, which has no roles.
        """
        from twitchdx import whatif

        complaint = self.plain.complaint or ""
        return whatif.intervene(self.model.assembled, self.evidence, actions, self.engine, complaint)

    def _case(self) -> Case:
        from twitchdx.sureness import case_of

        return case_of(self.model.assembled, self.evidence, self.engine)

    @property
    def _threaded(self) -> Engine:
        """The engine for many answers at once."""
        return ThreadedEngine(self.engine) if isinstance(self.engine, Differentiating) else self.engine

    def _subject(self, engine: Engine | None = None) -> Subject:
        from twitchdx.whatif import Subject

        return Subject(self.model.assembled, self.evidence, engine or self.engine, self.plain.complaint)

    def to_dict(self) -> dict[str, Any]:
        """The answer as plain data, after the schema `twitchdx/schemas/diagnosis-1.json`."""
        plain: dict[str, Any] = json.loads(self.to_json())
        return plain

    def to_frame(self, backend: Backend = "pandas") -> Any:
        """The differential as a data frame: one row a cause, in its order.

        Its columns are `cause`, `label`, `prior`, `probability`, `interval_low`, `interval_high`,
        `responsibility`, `watched`, `responsibility_interval_low` and `responsibility_interval_high`, as
        `Candidate` describes them.

        Parameters
        ----------
        backend : str, optional
            Of which kind: "pandas", "polars" or "pyarrow", which must be installed.

        Raises
        ------
        OptionError
            There is no such kind, or it is not installed.
        """
        from twitchdx.tables import Records

        return Records((Candidate,), [(each,) for each in self.differential]).to_frame(backend)

    def to_json(self, indent: int | None = None) -> str:
        """The answer as JSON text; numbers keep every digit."""
        return json.dumps(dataclasses.asdict(self.record), indent=indent, ensure_ascii=False, allow_nan=False)

    def __repr__(self) -> str:
        from twitchdx.display import diagnosis_text  # needed by who looks at an answer, and then only

        return diagnosis_text(self.record)

    def _repr_html_(self) -> str:
        from twitchdx.display import diagnosis_html

        return diagnosis_html(self.record)
