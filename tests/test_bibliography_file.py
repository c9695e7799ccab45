"""A bibliography in CSL-JSON, as reference managers write it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import twitchdx as dx
from models import HEADER, TEXTS, write_model
from twitchdx.loading import read_folder

REFERENCES = HEADER[HEADER.index("references:\n") : HEADER.index("care_levels:\n")]
WITHOUT = {**TEXTS, "a_model.yaml": HEADER.replace(REFERENCES, "")}


def items() -> list[dict[str, object]]:
    return [
        {
            "id": "hinge2001",
            "type": "article-journal",
            "title": "On hinges",
            "author": [{"family": "Hinge", "given": "A."}, {"literal": "The Door Group"}],
            "issued": {"date-parts": [[2001, 5]]},
            "container-title": "Journal of Doors",
            "volume": "3",
            "page": "1-9",
            "DOI": "10.1000/hinge",
        },
        {"id": "manual", "type": "book", "title": "The manual"},
    ]


def with_bibliography(folder: Path, text: str) -> Path:
    write_model(folder, WITHOUT)
    (folder / "references.json").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("indent", [None, 2])
def test_it_says_the_same_as_the_section(tmp_path: Path, indent: int | None) -> None:
    in_yaml = dx.load_model(write_model(tmp_path / "yaml" / "squeaking_hinge"))
    text = json.dumps(items(), indent=indent)
    in_json = dx.load_model(with_bibliography(tmp_path / "json" / "squeaking_hinge", text))
    assert in_json.spec == in_yaml.spec
    assert in_json == in_yaml


def test_letters_beyond_ascii_are_read_whether_escaped_or_not(tmp_path: Path) -> None:
    title = 'Scharniere \u00fcber \u201eT\u00fcr\u201c \u2013 \U0001f6aa "in" 10\\\\11 / \u00b5m'
    for number, ascii_only in enumerate((True, False)):
        text = json.dumps([*items()[:1], {**items()[1], "title": title}], ensure_ascii=ascii_only)
        model = dx.load_model(with_bibliography(tmp_path / str(number) / "squeaking_hinge", text))
        assert model.references["manual"].title == title


def test_a_mistake_in_it_is_reported_with_its_line(tmp_path: Path) -> None:
    wrong = items()
    wrong[1]["titel"] = "twice"
    text = json.dumps(wrong, indent=2)
    with pytest.raises(dx.ModelError) as caught:
        dx.load_model(with_bibliography(tmp_path / "squeaking_hinge", text))
    (issue,) = caught.value.issues
    line = text[: text.index('"titel"')].count("\n") + 1
    assert (issue.code, issue.where.file, issue.where.line) == ("unknown-key", "references.json", line)
    assert "title" in issue.fix


def test_text_that_is_no_json_is_reported(tmp_path: Path) -> None:
    with pytest.raises(dx.ModelError) as caught:
        dx.load_model(with_bibliography(tmp_path / "squeaking_hinge", '[{"id": "hinge2001",'))
    assert {issue.where.file for issue in caught.value.issues} == {"references.json"}


def test_another_json_file_is_no_part_of_a_model(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "squeaking_hinge")
    (folder / "case.json").write_text("{}", encoding="utf-8")
    assert not read_folder(folder).issues
    assert dx.load_model(folder).name == "squeaking_hinge"


def test_what_json_forgives_and_yaml_does_not_is_reported(tmp_path: Path) -> None:
    # A key that stands twice: a reader of JSON would keep the last and say nothing.
    text = json.dumps(items()).replace('"type": "book"', '"type": "book", "type": "book"')
    with pytest.raises(dx.ModelError) as caught:
        dx.load_model(with_bibliography(tmp_path / "squeaking_hinge", text))
    assert [issue.code for issue in caught.value.issues] == ["duplicate-key"]
    assert caught.value.issues[0].where.file == "references.json"


def test_a_sound_bibliography_has_the_lines_of_its_yaml(tmp_path: Path) -> None:
    text = "\n\n" + json.dumps(items(), indent=2)
    folder = with_bibliography(tmp_path / "squeaking_hinge", text)
    source = read_folder(folder)
    assert not source.issues
    for path, key in ((["references", 1, "title"], '"The manual"'), (["references"], "[")):
        assert source.lines.find(path).line == text[: text.index(key)].count("\n") + 1
