"""The model card: generated blocks follow from the model, the rest stays, the picture shows the network."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

import twitchdx as dx
from models import write_model
from twitchdx.card import CARD_FILE, PICTURE_FILE, draw_structure, fill_blocks, make_card
from twitchdx.card.contents import BLOCKS, write_blocks
from twitchdx.card.layout import BOX, MARGIN, WIDTH, lay_out, text_width
from twitchdx.card.portrait import Portrait, draw_portrait, gather_patients
from twitchdx.influence import Influence
from twitchdx.loading import find_model
from twitchdx.tables import spoken_probability
from twitchdx.validation import read_validation, validate_model
from validating import FIGURES, VIGNETTES, changed, write_validation

SVG = "{http://www.w3.org/2000/svg}"
SHIPPED = dx.available_models()
plain = st.text(st.characters(codec="ascii", exclude_characters="<\r"), max_size=30)


@pytest.fixture(scope="module")
def hinge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_validation(tmp_path_factory.mktemp("models") / "squeaking_hinge")


# Blocks


def block(name: str, content: str) -> str:
    return f"<!-- begin generated: {name} -->\n{content}<!-- end generated: {name} -->"


@given(st.lists(plain, min_size=3, max_size=3), st.lists(plain, min_size=2, max_size=2), plain)
def test_blocks_are_written_and_every_other_character_stays(
    prose: list[str], old: list[str], new: str
) -> None:
    def text(one: str, other: str) -> str:
        return f"{prose[0]}\n{block('one', one)}\n{prose[1]}\n{block('other', other)}\n{prose[2]}"

    contents = {"one": f"\n{new}\n", "other": "a\nb"}
    filled = fill_blocks(text(f"{old[0]}\n", f"{old[1]}\n"), contents, "card")
    stripped = new.strip("\n")
    assert filled == text(f"{stripped}\n", "a\nb\n")
    assert fill_blocks(filled, contents, "card") == filled


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("\n" + block("one", ""), "missing-block", 1),
        (block("one", "") + "\n" + block("other", "") + "\n" + block("other", ""), "duplicate-block", 1),
        (block("one", "") + "\n" + block("other", "") + "\n" + block("others", ""), "unknown-block", 5),
        (block("one", "") + "\n<!-- begin generated: other -->\n", "open-block", 4),
        (
            "<!-- begin generated: one -->\n" + block("other", "") + "\n<!-- end generated: one -->",
            "open-block",
            2,
        ),
    ],
)
def test_a_wrong_marker_is_an_error_with_its_line(text: str, code: str, line: int) -> None:
    with pytest.raises(dx.ModelError) as caught:
        fill_blocks(text, {"one": "", "other": ""}, "MODEL_CARD.md")
    assert (code, line) in [(each.code, each.where.line) for each in caught.value.issues]


def test_the_nearest_block_is_suggested() -> None:
    with pytest.raises(dx.ModelError, match="Did you mean 'causes'"):
        fill_blocks(block("cause", ""), dict.fromkeys(BLOCKS, ""), "MODEL_CARD.md")


# What the blocks say


def rows(text: str) -> list[list[str]]:
    """The cells of the rows of a table, without its head."""
    found = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("|")]
    return found[2:]


def influence(path: str, grade: str, shift: float, swing: float) -> Influence:
    return Influence(
        path=path, grade=grade, value=0.2, low=0.1, high=0.3, note="a | guess", shift=shift, swing=swing,
        cause="rust", patient="loud_door",
    )  # type: ignore[arg-type]  # fmt: skip


def portrait(folder: Path, *influences: Influence) -> Portrait:
    model, validation = dx.load_model(folder), read_validation(folder)
    assert model.spec is not None
    report = validate_model(model, validation)
    return Portrait(model, model.spec, validation, report, influences, gather_patients(validation, report))


def test_provenance_counts_every_number_once(hinge: Path) -> None:
    counts = Counter(str(each.grade) for each in dx.load_model(hinge).parameters())
    table = rows(write_blocks(portrait(hinge))["provenance"])
    assert {grade: int(number) for grade, number, _, _ in table} == counts
    assert {grade: int(places) for grade, _, _, places in table} == counts  # none of them is shared


def test_provenance_weighs_numbers_by_how_far_they_move_the_answers(hinge: Path) -> None:
    path = "causes.rust.distribution.log_linear.marginal.mild"
    measured = [influence(path, "judgement", 0.3, 0.1), influence(path, "cohort", 0.1, 0.9)]
    said = write_blocks(portrait(hinge, *measured, influence(path, "cohort", 0.2, 0.0)))["provenance"]
    assert re.findall(r"\*\*(.*?)\*\*", said) == ["67 %", "50 %"]


def test_the_influential_judgements_are_ten_and_the_further_ones_a_list(hinge: Path) -> None:
    numbers = [
        influence(f"causes.rust.distribution.noisy_or.links.a{k}.present", "judgement", 0.0, 0.5 - k / 100)
        for k in range(13)
    ]
    sourced = influence("causes.rust.distribution.noisy_or.leak", "cohort", 1.0, 1.0)
    negligible = influence("causes.rust.distribution.noisy_or.links.z.present", "judgement", 0.0, 0.0001)
    said = write_blocks(portrait(hinge, sourced, *numbers, negligible))["influential"]
    assert [row[:2] for row in rows(said)] == [[str(k + 1), f"`rust` links a{k} present"] for k in range(10)]
    assert rows(said)[0][2:] == [
        "0.2",
        "0.1 to 0.3",
        "a \\| guess",
        "50 points; most for Rust in `loud_door`",
    ]
    assert re.findall(r"^- (.*)$", said, re.MULTILINE) == [
        f"`rust` links a{k} present: {50 - k} points" for k in (10, 11, 12)
    ]


def test_causes_are_listed_with_their_prior_and_the_vignettes_that_they_lead(hinge: Path) -> None:
    found = portrait(hinge)
    prior = found.model.diagnose({}).posterior
    leads = Counter(each.leading for each in found.report.vignettes)
    assert leads.total() == 2
    assert write_blocks(found)["causes"].splitlines()[2:] == [
        f"| `{name}` | {each.label} | {spoken_probability(prior[name])} | {leads[name] or ''} |"
        for name, each in found.model.causes.items()
    ]


def test_an_explanation_is_told_where_it_is_needed(tmp_path: Path) -> None:
    why = ("    tolerance: 1.5", "    tolerance: 1.5\n    explained: these doors stand in the rain")
    far = ("{value: 0.2, low: 0.1, high: 0.3}", "{value: 0.9, low: 0.9, high: 0.9}")
    told = []
    for index, changes in enumerate([(far, why), (why,), (far,)]):
        folder = write_validation(tmp_path / str(index), changed(FIGURES, *changes))
        said = write_blocks(portrait(folder))["figures"]
        told.append(("missed: these doors stand in the rain" in said, "Nothing explains 1" in said))
    assert told == [(True, False), (False, False), (False, True)]


def test_failures_stand_in_the_card(tmp_path: Path) -> None:
    vignettes = changed(VIGNETTES, ("no_kinds: [self_care]", "no_kinds: [question]"))
    blocks = write_blocks(portrait(write_validation(tmp_path / "hinge", vignettes=vignettes)))
    assert "1 of 2 vignettes" in blocks["vignettes"]
    assert "**failed**: expected no step of the kind question, found: ask_for_wobble" in blocks["vignettes"]


def test_a_model_without_validation_has_a_card_too(tmp_path: Path) -> None:
    card = make_card(write_model(tmp_path / "hinge"))
    card.write()
    assert make_card(tmp_path / "hinge").outdated() == ()
    assert "No vignette has been written yet." in (tmp_path / "hinge" / CARD_FILE).read_text(encoding="utf-8")


def test_patients_are_the_vignettes_and_the_cases_that_none_of_them_takes(
    hinge: Path, tmp_path: Path
) -> None:
    assert list(portrait(hinge).patients) == ["loud_door", "damp_cellar"]
    folder = write_validation(tmp_path / "hinge")
    (folder / "cases" / "loud_door.json").write_text('{"evidence": {"squeak": "none"}}', encoding="utf-8")
    found = portrait(folder).patients
    assert list(found) == ["loud_door", "damp_cellar", "cases/loud_door"]
    assert found["cases/loud_door"] == {"squeak": "none"}


def test_a_portrait_measures_the_influence_of_numbers_on_these_patients(hinge: Path) -> None:
    found = draw_portrait(hinge)
    assert {each.patient for each in found.influences} <= set(found.patients)
    assert any(each.swing > 0.01 for each in found.influences)


def test_the_text_of_the_author_stays(tmp_path: Path) -> None:
    folder = write_validation(tmp_path / "hinge")
    make_card(folder).write()
    card = folder / CARD_FILE
    words = "Doors are patient.\n\n## Causes\n"
    card.write_text(card.read_text(encoding="utf-8").replace("## Causes\n", words), encoding="utf-8")
    assert make_card(folder).outdated() == ()
    assert words in card.read_text(encoding="utf-8")


# The picture


@pytest.mark.parametrize("name", SHIPPED)
def test_the_picture_shows_every_variable_and_every_arrow_once(name: str) -> None:
    model = dx.load_model(name)
    root = ET.fromstring(draw_structure(model))  # noqa: S314 - written by this library
    titles = [each.text or "" for each in root.iter(f"{SVG}title")]
    named = [found[1] for title in titles if (found := re.search(r"\((\w+)\)$", title))]
    assert sorted(named) == sorted(model.variables)
    arrows = [each for each in root.iter(f"{SVG}path") if each.get("class") == "arrow"]
    assert len(arrows) == sum(len(each.parents) for each in model.variables.values())


@pytest.mark.parametrize("name", SHIPPED)
def test_an_arrow_begins_at_its_parent_and_ends_at_its_child(name: str) -> None:
    model = dx.load_model(name)
    boxes = lay_out(model).boxes
    expected = Counter(
        (
            (round(boxes[parent].x + BOX, 1), round(boxes[parent].middle, 1)),
            (
                round(boxes[child].x + BOX * (boxes[parent].column == boxes[child].column), 1),
                round(boxes[child].middle, 1),
            ),
        )
        for child, each in model.variables.items()
        for parent in each.parents
    )
    drawn: Counter[tuple[tuple[float, float], tuple[float, float]]] = Counter()
    for path in ET.fromstring(draw_structure(model)).iter(f"{SVG}path"):  # noqa: S314 - written by this library
        x, *numbers, to_x, to_y = (float(each) for each in re.findall(r"[\d.]+", path.attrib["d"]))
        drawn[(x, numbers[0]), (to_x, to_y)] += 1
    assert drawn == expected


@pytest.mark.parametrize("name", SHIPPED)
def test_no_two_boxes_overlap_and_all_lie_on_the_page(name: str) -> None:
    layout = lay_out(dx.load_model(name))
    for column in range(len(layout.columns)):
        members = [each for each in layout.boxes.values() if each.column == column]
        ends = [(each.middle - each.height / 2, each.middle + each.height / 2) for each in members]
        assert ends == sorted(ends)
        assert all(above[1] < below[0] for above, below in pairwise(ends))
        assert ends[-1][1] <= layout.bottom
        assert all(MARGIN <= each.x <= WIDTH - MARGIN - BOX for each in members)


@pytest.mark.parametrize("name", SHIPPED)
def test_every_label_is_written_in_full_and_fits_its_box(name: str) -> None:
    for box in lay_out(dx.load_model(name)).boxes.values():
        assert " ".join(box.lines) == " ".join(box.label.split())
        assert all(10.5 * text_width(line) <= BOX - 14 + 1e-9 for line in box.lines)


def test_labels_are_escaped(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "hinge")
    variables = folder / "b_variables.yaml"
    text = changed(variables.read_text("utf-8"), ("    label: Wear\n", '    label: "<Wear> & \\"tear\\""\n'))
    variables.write_text(text, encoding="utf-8")
    root = ET.fromstring(draw_structure(dx.load_model(folder)))  # noqa: S314 - written by this library
    assert '<Wear> & "tear"' in [each.text for each in root.iter(f"{SVG}text")]


def test_the_picture_of_a_model_is_always_the_same(hinge: Path, tmp_path: Path) -> None:
    again = write_validation(tmp_path / "squeaking_hinge")
    assert draw_structure(dx.load_model(hinge)) == draw_structure(dx.load_model(again))


# What ships


@pytest.mark.parametrize("name", SHIPPED)
def test_the_shipped_picture_is_that_of_the_model(name: str) -> None:
    shipped = (find_model(name) / PICTURE_FILE).read_text(encoding="utf-8")
    assert shipped == draw_structure(dx.load_model(name)), f"run `twitchdx card {name}`"


@pytest.mark.slow
@pytest.mark.parametrize("name", SHIPPED)
def test_the_shipped_card_is_up_to_date(name: str) -> None:
    assert make_card(find_model(name)).outdated() == (), f"run `twitchdx card {name}`"
