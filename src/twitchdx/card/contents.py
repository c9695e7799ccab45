"""The content of each generated block of a card, as Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from types import MappingProxyType
from typing import get_args

from twitchdx.card.portrait import Portrait
from twitchdx.catalogue import count_grades
from twitchdx.influence import Influence, better_than_judgement
from twitchdx.model import Model
from twitchdx.spec import ROLE_OF_SECTION, Grade
from twitchdx.tables import spoken_probability
from twitchdx.validation import FigureResult, VignetteResult

_MOST, _FURTHER = 10, 15
# A change by less than a tenth of a percentage point is not worth a line.
_LEAST = 0.001


def write_blocks(portrait: Portrait) -> dict[str, str]:
    """Name of a block -> its content."""
    return {name: write(portrait) for name, write in BLOCKS.items()}


def _identity(portrait: Portrait) -> str:
    model, header = portrait.model, portrait.spec.model
    roles = Counter(each.role for each in model.variables.values())
    counts = [
        _count(roles[role], role.replace("_", " "), section.replace("_", " "))
        for section, role in ROLE_OF_SECTION.items()
        if roles[role]
    ]
    arrows = sum(len(each.parents) for each in model.variables.values())
    rows = [
        ("Name", f"`{model.name}`"),
        ("Version", header.version),
        ("Digest", f"`{model.digest}`"),
        ("Title", header.title),
        ("Population", header.population),
        ("Time window", header.window),
        ("Complaint", f"{model.variable(header.complaint).label} (`{header.complaint}`)"),
        ("Variables", f"{len(model.variables)}: {', '.join(counts)}"),
        ("Arrows", f"{arrows:,}"),
        ("Numbers", _numbers(model)),
        ("Licence", header.licence),
    ]
    return _table(("what", ""), rows)


def _numbers(model: Model) -> str:
    parameters = model.parameters()
    total = count_grades(parameters).total()
    return f"{total:,}" if total == len(parameters) else f"{total:,}, in {len(parameters):,} places"


def _provenance(portrait: Portrait) -> str:
    parameters = portrait.model.parameters()
    grades = count_grades(parameters)
    places = Counter(each.grade for each in parameters)
    total = grades.total()
    rows = [
        (grade, f"{grades[grade]:,}", _percent(grades[grade] / total), f"{places[grade]:,}")
        for grade in get_args(Grade)
        if grades[grade]
    ]
    table = _table(("grade", "numbers", "share", "in how many places"), rows, right=(1, 2, 3))
    if not portrait.influences:
        return table
    plain, weighted = better_than_judgement(portrait.influences)
    patients = _count(len(portrait.patients), "vignette or case", "vignettes and cases")
    said = (
        f"Of the {len(portrait.influences):,} numbers that the network is made of and that are not true by "
        f"definition, **{_percent(plain)}** rest on something better than judgement; weighted by how far "
        f"each moves the answers to {patients}, **{_percent(weighted)}**."
    )
    return f"{table}\n\n{said}"


def _influential(portrait: Portrait) -> str:
    moved = [each for each in portrait.influences if each.grade == "judgement" and each.swing >= _LEAST]
    if not moved:
        return "No judgement moves an answer by as much as a tenth of a percentage point."
    label = {name: each.label for name, each in portrait.model.variables.items()}
    ranked = iter(moved)
    rows = [
        (place, _place(each), f"{each.value:.3g}", _interval(each), each.note, _effect(each, label))
        for place, each in enumerate(islice(ranked, _MOST), start=1)
    ]
    head = ("", "number", "value", "95 % interval", "rationale", "effect of its own uncertainty")
    said = (
        "The judgements whose own uncertainty moves the answers most: by how many percentage points the most "
        "affected cause changes, on average over all vignettes and cases, between the ends of the interval."
    )
    parts = [said, _table(head, rows, right=(0, 2))]
    further = [f"- {_place(each)}: {_points(each.swing)}" for each in islice(ranked, _FURTHER)]
    if further:
        parts += ["The next ones:", "\n".join(further)]
    return "\n\n".join(parts)


def _causes(portrait: Portrait) -> str:
    leads = Counter(each.leading for each in portrait.report.vignettes)
    prior = {each.cause: each.prior for each in portrait.model.diagnose({}).plain.differential}
    rows = [
        (f"`{name}`", each.label, spoken_probability(prior[name]), leads[name] or "")
        for name, each in portrait.model.causes.items()
    ]
    return _table(("cause", "label", "beforehand", "vignettes that it leads"), rows, right=(2, 3))


def _figures(portrait: Portrait) -> str:
    figures = portrait.report.figures
    if not figures:
        return "No published figure has been set aside yet to test the model."
    verdicts = Counter(each.verdict for each in figures)
    unexplained = sum(each.failed for each in figures)
    said = (
        f"Of {_count(len(figures), 'published figure')} that set no number of the model, it reproduces "
        f"{verdicts['within']} within the published interval and {verdicts['tolerated']} within the stated "
        f"tolerance; it misses {verdicts['missed'] or 'none'}."
    )
    if unexplained:
        said += f" **Nothing explains {unexplained} of the misses.**"
    rows = [_figure_row(each) for each in figures]
    return f"{said}\n\n{_table(('figure', 'published', 'model', 'verdict', 'source'), rows, right=(2,))}"


def _figure_row(result: FigureResult) -> tuple[str, ...]:
    published = result.figure.published
    missed = result.verdict == "missed" and result.figure.explained
    verdict = f"missed: {result.figure.explained}" if missed else result.verdict
    return (
        result.figure.label,
        f"{published.value:.4g} ({published.low:.4g} to {published.high:.4g})",
        f"{result.implied:.4g}",
        verdict,
        ", ".join(f"`{source}`" for source in result.figure.sources),
    )


def _vignettes(portrait: Portrait) -> str:
    vignettes = portrait.report.vignettes
    if not vignettes:
        return "No vignette has been written yet."
    failed = sum(each.failed for each in vignettes)
    label = {name: each.label for name, each in portrait.model.causes.items()}
    said = (
        f"{len(vignettes) - failed} of {_count(len(vignettes), 'vignette')} are answered as expected, with "
        f"{sum(len(each.expectations) for each in vignettes)} expectations in all."
    )
    rows = [_vignette_row(each, label) for each in vignettes]
    return f"{said}\n\n{_table(('vignette', 'leads', 'how soon', 'outcome'), rows)}"


def _vignette_row(result: VignetteResult, label: Mapping[str, str]) -> tuple[str, ...]:
    unmet = "; ".join(f"expected {each.expected}, found: {each.found}" for each in result.unmet)
    return (
        result.vignette.title,
        label.get(result.leading, ""),
        (result.level or "").replace("_", " "),
        f"**failed**: {unmet}" if result.failed else "passed",
    )


def _sources(portrait: Portrait) -> str:
    cited = Counter(each.type for each in portrait.spec.references)
    every = Counter(each.type for each in portrait.validation.references.values())
    rows = [(kind, f"{cited[kind]:,}", f"{number - cited[kind]:,}") for kind, number in every.most_common()]
    rows.append(("all", f"{cited.total():,}", f"{every.total() - cited.total():,}"))
    return _table(("type", "of the model", "of its validation only"), rows, right=(1, 2))


#: Name of a block -> what writes it, in the order in which a new card has them.
BLOCKS: Mapping[str, Callable[[Portrait], str]] = MappingProxyType(
    {
        "identity": _identity,
        "provenance": _provenance,
        "influential": _influential,
        "causes": _causes,
        "figures": _figures,
        "vignettes": _vignettes,
        "sources": _sources,
    }
)


def _place(influence: Influence) -> str:
    """Where a number stands, without what a reader can do without."""
    section, variable, *rest = influence.path.split(".")
    if section == "shared":
        return f"`{variable}`, in several places"
    place = [each for each in rest[2:] if each not in ("rows", "probabilities")]
    return f"`{variable}` {' '.join(place)}"


def _interval(influence: Influence) -> str:
    return "" if influence.low is None else f"{influence.low:.3g} to {influence.high:.3g}"


def _effect(influence: Influence, label: Mapping[str, str]) -> str:
    most = f"{label[influence.cause]} in `{influence.patient}`"
    return f"{_points(influence.swing)}; most for {most}"


def _points(change: float) -> str:
    return f"{100 * change:.2g} points"


def _percent(share: float) -> str:
    return "< 1 %" if 0.0 < share < 0.005 else f"{100 * share:.0f} %"


def _count(number: int, one: str, more: str = "") -> str:
    return f"{number:,} {one if number == 1 else more or f'{one}s'}"


def _table(head: Sequence[str], rows: Iterable[Sequence[object]], right: Sequence[int] = ()) -> str:
    rule = ["---:" if column in right else "---" for column in range(len(head))]
    lines = [head, rule, *rows]
    return "\n".join(f"| {' | '.join(_cell(each) for each in line)} |" for line in lines)


def _cell(value: object) -> str:
    return " ".join(str(value).split()).replace("|", "\\|").replace("<", "&lt;")
