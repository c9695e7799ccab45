"""One contestant on one problem: times, answers, and how far two contestants agree."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks.children import Line, peak_megabytes, stream_child
from benchmarks.contestants import CONTESTANTS
from benchmarks.environment import require_core
from benchmarks.problems import make_problem
from twitchdx.engines import Answer
from twitchdx.errors import EngineError

#: Patients that are answered but not counted at the start of each process.
WARM_UP = 5


@dataclass(frozen=True, slots=True)
class Caps:
    """When to give up.

    Attributes
    ----------
    patient : float
        Seconds for one patient.
    total : float
        Seconds for all of them.
    gigabytes : float
        Bound of memory.
    """

    patient: float = 10.0
    total: float = 60.0
    gigabytes: float = 8.0


@dataclass(slots=True)
class Result:
    """What one contestant did.

    Attributes
    ----------
    seconds : list of float
        Time of each patient that was tried; infinite where there was no answer.
    answers : dict of int to Answer
        Patient -> answer.
    failures : list of str
        Why there was no answer.
    build : float
        Seconds that the contestant needed to take the network in.
    megabytes : float
        Peak memory of its process.
    """

    seconds: list[float] = field(default_factory=list)
    answers: dict[int, Answer] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    build: float = math.nan
    megabytes: float = math.nan

    @property
    def remark(self) -> str:
        """How many patients have no answer, and why."""
        reasons = dict.fromkeys(self.failures)
        return "; ".join(f"{self.failures.count(reason)}: {reason}" for reason in reasons)


def run_contestant(problem: str, contestant: str, count: int, caps: Caps) -> Result:
    """Time a contestant on patients 0 .. count - 1, each once.

    After a patient that it cannot answer in time, a new process goes on with the next one.
    """
    result = Result()
    while len(result.seconds) < count and _spent(result, caps) < caps.total:
        arguments = {
            "problem": problem,
            "contestant": contestant,
            "count": count,
            "first": len(result.seconds),
        }
        lines = stream_child(
            "contest:answer_patients", arguments, patience=caps.patient, gigabytes=caps.gigabytes
        )
        built = next(lines, Line(None, "said nothing"))
        if built.value is None:
            result.failures.append(built.failure)
            return result
        result.build = built.value["build"]
        for line in lines:
            _take(result, line)
            if len(result.seconds) == count or _spent(result, caps) > caps.total:
                break
        lines.close()
    return result


def _spent(result: Result, caps: Caps) -> float:
    return sum(min(each, caps.patient) for each in result.seconds)


def _take(result: Result, line: Line) -> None:
    said = line.value or {"failure": line.failure}
    if said["failure"]:
        result.seconds.append(math.inf)
        result.failures.append(said["failure"])
        return
    result.megabytes = said["megabytes"]
    marginals = {name: np.array(values) for name, values in said["marginals"].items()}
    log_evidence = math.nan if said["log_evidence"] is None else said["log_evidence"]
    result.answers[len(result.seconds)] = Answer(log_evidence, marginals)
    result.seconds.append(said["seconds"])


def answer_patients(problem: str, contestant: str, count: int, first: int) -> Iterator[dict[str, Any]]:
    """What the child does: one mapping for the building, then one a patient."""
    asked = make_problem(problem, count)
    require_core()
    start = perf_counter()
    built = CONTESTANTS[contestant][1](problem, asked.network, asked.targets)
    yield {"build": perf_counter() - start}
    for patient in asked.patients[first:]:
        question = built.question(patient)
        failure, answer = "", Answer(math.nan, {})
        start = perf_counter()
        try:
            answer = built.answer(question)
        except EngineError as error:
            failure = error.issues[0].code
        except Exception as error:
            if "bad_alloc" not in str(error) and not isinstance(error, MemoryError):
                raise
            failure = "out of memory"
        seconds = perf_counter() - start
        yield {
            "seconds": seconds,
            "failure": failure,
            "log_evidence": answer.log_evidence if math.isfinite(answer.log_evidence) else None,
            "marginals": {name: values.tolist() for name, values in answer.marginals.items()},
            "megabytes": peak_megabytes(),
        }


@dataclass(frozen=True, slots=True)
class Summary:
    """Times of a contestant on the patients that another one tried as well.

    Attributes
    ----------
    patients : int
        How many.
    unanswered : int
        How many of them it could not answer.
    median, p95, mean : float
        Seconds a patient; infinite where too many have no answer.
    """

    patients: int
    unanswered: int
    median: float
    p95: float
    mean: float


def summarise(result: Result, patients: int | None = None) -> Summary:
    """Median, 95th percentile and mean of the patients after the warm-up."""
    times = np.array(result.seconds[:patients])
    counted = times[WARM_UP:] if len(times) > 2 * WARM_UP else times
    if not counted.size:
        return Summary(0, 0, math.inf, math.inf, math.inf)
    return Summary(
        counted.size,
        int(np.isinf(counted).sum()),
        float(np.quantile(counted, 0.5, method="higher")),
        float(np.quantile(counted, 0.95, method="higher")),
        float(counted.mean()),
    )


def disagreement(ours: Result, theirs: Result) -> float:
    """Largest relative difference of a posterior, or of P(evidence); NaN where no patient is common.

    Posteriors that are 0 for one must be 0 for the other: else the difference is 1.
    """
    largest = math.nan
    for patient, answer in theirs.answers.items():
        if patient not in ours.answers:
            continue
        own = ours.answers[patient]
        logs = abs(answer.log_evidence - own.log_evidence)
        found = [0.0 if math.isnan(logs) else logs]
        for name, values in answer.marginals.items():
            other = own.marginals[name]
            scale = np.maximum(np.abs(values), np.abs(other))
            apart = np.abs(values - other) / np.where(scale > 0.0, scale, 1.0)
            # What is no number agrees with nothing.
            found.append(float(np.max(np.where(np.isnan(apart), 1.0, apart))))
        largest = max(found) if math.isnan(largest) else max(largest, *found)
    return largest
