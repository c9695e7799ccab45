"""How many questions it takes, and how safe it is to stop: the interview against other orders."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.random import Generator, default_rng

import twitchdx as dx
from benchmarks.networks import SHIPPED
from benchmarks.patients import sample_worlds
from benchmarks.report import Cell, Section
from twitchdx.diagnosis import Diagnosis
from twitchdx.interview import MOST, Offer, Repertoire, weigh_offers
from twitchdx.network import Network
from twitchdx.spec import LEVELS
from twitchdx.whatif import Subject

PLOT = Path(__file__).resolve().parent.parent / "docs" / "interview.svg"

_SEED = 17
_SHOWN = (3, 4, 5, 6, 8, 10, 12, MOST)
_URGENT = LEVELS.index("urgent")
# What was asked already, and what is known -> what is asked next.
Policy = Callable[[Diagnosis, set[str]], Offer | None]


@dataclass(frozen=True, slots=True)
class Moment:
    """The answer after some number of questions."""

    leader: str
    level: int


@dataclass(frozen=True, slots=True)
class Patient:
    """Somebody simulated.

    Attributes
    ----------
    world : dict of str to str
        The state of every variable, known or not.
    everything : Moment
        The answer to everything that a person can say.
    """

    world: Mapping[str, str]
    everything: Moment


def measure_interviews(*, quick: bool) -> list[Section]:
    """Tables of accuracy, safety and length; in full, the plot as well."""
    model = dx.load_model(SHIPPED)
    assert model.spec is not None
    repertoire = Repertoire(model.spec, model.network)
    patients = simulate_patients(model, repertoire, 4 if quick else 60)
    rng = default_rng(_SEED)
    orders: dict[str, Callable[[], Policy]] = {
        "bits alone": lambda: lambda answer, done: _most_bits(answer, repertoire, done),
        "random order": lambda: _random_order(repertoire, rng),
    }
    led = [_lead(model, each.world) for each in patients]
    courses = {"the interview": [each.course for each in led]}
    for name, make in orders.items():
        courses[name] = [_follow(model, repertoire, each.world, make()) for each in patients]
    if not quick:
        from benchmarks.interview_plot import draw_courses

        draw_courses(PLOT, courses, patients)
    return [_courses(courses, patients), _lengths(led, patients)]


def simulate_patients(model: dx.Model, repertoire: Repertoire, count: int) -> list[Patient]:
    """Worlds of the model in which the complaint is present."""
    network: Network = model.network
    assert model.complaint is not None
    worlds = sample_worlds(network, 40 * count + 400, default_rng(_SEED))
    having = np.flatnonzero(worlds[model.complaint] > 0)[:count]
    found = []
    for row in having.tolist():
        world = {name: network[name].states[int(worlds[name][row])] for name in network}
        said = {name: world[name] for name in repertoire.variables}
        found.append(Patient(world, _moment(model.diagnose(said))))
    return found


def _moment(answer: Diagnosis) -> Moment:
    assert answer.triage is not None
    return Moment(answer.plain.differential[0].cause, LEVELS.index(answer.triage.level))


@dataclass(frozen=True, slots=True)
class Led:
    """An interview that was led.

    Attributes
    ----------
    course : list of Moment
        The answer after each number of questions.
    took : list of float
        Seconds until each question was chosen, and until it was clear that there is none.
    ending : str
        Why it ended.
    unweighed : int
        How many questions red flags chose, since weighing them would have taken too long.
    """

    course: list[Moment]
    took: list[float]
    ending: str
    unweighed: int


def _lead(model: dx.Model, world: Mapping[str, str]) -> Led:
    """An interview with somebody who answers truthfully."""
    led = dx.Interview(model)
    course, took = [], []
    unweighed = 0
    while True:
        course.append(_moment(led.diagnosis))
        start = perf_counter()
        question = led.question
        took.append(perf_counter() - start)
        if question is None:
            return Led(_held(course), took, _ending(led), unweighed)
        unweighed += not led.weighed
        said = {name: world[name] for name in question.variables}
        led.answer(said if question.checklist else said[question.variables[0]])


def _ending(led: dx.Interview) -> str:
    assert led.diagnosis.triage is not None
    if led.diagnosis.triage.level == LEVELS[-1]:
        return "emergency"
    if led.asked >= led.most:
        return "as many as it asks"
    return "nothing worth asking" if led.weighed else "no time to weigh more"


def _follow(
    model: dx.Model, repertoire: Repertoire, world: Mapping[str, str], policy: Policy
) -> list[Moment]:
    """The same in another order: it begins alike, asks the same checklists, and ends at an emergency."""
    said: dict[str, str] = {}
    course = []
    while True:
        answer = model.diagnose(said)
        course.append(_moment(answer))
        asked = len(course) - 1
        if asked == MOST or course[-1].level == len(LEVELS) - 1:
            return _held(course)
        basis = repertoire.basis[asked : asked + 1]
        offer = Offer(basis, "") if basis else policy(answer, set(said))
        if offer is None:
            return _held(course)
        said |= {name: world[name] for name in offer.variables}


def _held(course: list[Moment]) -> list[Moment]:
    """The answer after each number of questions: after the last one it stays."""
    return course + course[-1:] * (MOST + 1 - len(course))


def _most_bits(answer: Diagnosis, repertoire: Repertoire, done: set[str]) -> Offer | None:
    """What tells most bits about the causes, a checklist by the sum of its parts."""
    subject = Subject(answer.model.assembled, answer.evidence, answer.engine, answer.plain.complaint)
    weighed = weigh_offers(subject, repertoire, done)
    return max(weighed, key=lambda each: each.bits).offer if weighed else None


def _random_order(repertoire: Repertoire, rng: Generator) -> Policy:
    def choose(_: Diagnosis, done: set[str]) -> Offer | None:
        offers = repertoire.offers([name for name in repertoire.variables if name not in done])
        return offers[int(rng.integers(len(offers)))] if offers else None

    return choose


# Figures

Course = Sequence[Moment]


def share_at_work(courses: Sequence[Course], patients: Sequence[Patient], asked: int) -> list[bool]:
    """Whether the first of the differential is present in the patient's world."""
    return [_at_work(each[asked], patient) for each, patient in zip(courses, patients, strict=True)]


def _at_work(moment: Moment, patient: Patient) -> bool:
    return patient.world[moment.leader] != "absent"


def share_agreeing(courses: Sequence[Course], patients: Sequence[Patient], asked: int) -> list[bool]:
    """Whether the first of the differential is the same as with everything."""
    return [
        each[asked].leader == patient.everything.leader
        for each, patient in zip(courses, patients, strict=True)
    ]


def share_too_low(courses: Sequence[Course], patients: Sequence[Patient], asked: int) -> list[bool]:
    """Whether the level of care is below that with everything."""
    return [
        each[asked].level < patient.everything.level for each, patient in zip(courses, patients, strict=True)
    ]


def _too_high(courses: Sequence[Course], patients: Sequence[Patient], asked: int) -> list[bool]:
    return [
        each[asked].level > patient.everything.level for each, patient in zip(courses, patients, strict=True)
    ]


def _missed(courses: Sequence[Course], patients: Sequence[Patient], asked: int) -> list[bool]:
    """Of those who need urgent care by everything they can say, whether the level is below that."""
    return [
        each[asked].level < _URGENT
        for each, patient in zip(courses, patients, strict=True)
        if patient.everything.level >= _URGENT
    ]


_FIGURES = (share_at_work, share_agreeing, share_too_low, _missed, _too_high)


def _courses(courses: Mapping[str, Sequence[Course]], patients: Sequence[Patient]) -> Section:
    rows: list[tuple[Cell, ...]] = []
    for asked in _SHOWN:
        for name, each in courses.items():
            figures = [float(np.mean(figure(each, patients, asked))) for figure in _FIGURES]
            rows.append((asked, name, *map(_percent, figures)))
    ceiling = float(np.mean([_at_work(each.everything, each) for each in patients]))
    rows.append(("all", "everything", _percent(ceiling), *("" for _ in _FIGURES[1:])))
    urgent = sum(each.everything.level >= _URGENT for each in patients)
    columns = (
        "questions", "order", "leader is at work", "leader as with everything", "level too low",
        "urgent missed", "level too high",
    )  # fmt: skip
    note = (
        f"{len(patients)} patients drawn from the shipped model, all with the complaint, who answer "
        "truthfully; what they say at most is every risk factor and every reported finding. All orders begin "
        "with the complaint, age and sex, ask the same checklists as one question each, and end at an "
        "emergency; only the interview ends by itself, and its answer then stands. A leader is at work if it "
        "is present in that patient's world, whether or not it reaches the complaint. A level is too low or "
        f"too high against that with everything; `urgent missed` is about the {urgent} patients whom that "
        "sends to a doctor today or to an emergency department. `bits alone` asks what tells most about all "
        "causes together."
    )
    return Section("Orders of questions", columns, rows, (note,))


def _percent(share: float) -> str:
    return f"{100.0 * share:.0f} %"


def _lengths(led: Sequence[Led], patients: Sequence[Patient]) -> Section:
    rows = list(_by_ending(led, patients))
    took = [second for each in led for second in each.took[3:]]
    median, most = float(np.median(took)), max(took)
    unweighed = [each.unweighed for each in led if each.unweighed]
    note = (
        f"A question is chosen in {median:.2f} s in the median, {np.quantile(took, 0.9):.2f} s for nine of "
        f"ten, and {most:.1f} s at most; the three at the beginning take a few ms. With {len(unweighed)} "
        f"patients, {sum(unweighed)} questions in all were chosen by red flags alone, since weighing would "
        "have taken too long."
    )
    columns = ("the interview ended with", "patients", "fewest questions", "median", "most", "level too low")
    return Section("When the interview stops", columns, rows, (note,))


def _by_ending(led: Sequence[Led], patients: Sequence[Patient]) -> Iterator[tuple[Cell, ...]]:
    low = np.array(share_too_low([each.course for each in led], patients, MOST))
    asked = np.array([len(each.took) - 1 for each in led])
    endings = np.array([each.ending for each in led])
    for ending in (*dict.fromkeys(sorted(endings.tolist())), "any of these"):
        chosen = (endings == ending) | (ending == "any of these")
        some = asked[chosen]
        share = _percent(float(low[chosen].mean()))
        yield (ending, int(chosen.sum()), int(some.min()), int(np.median(some)), int(some.max()), share)
