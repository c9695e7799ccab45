"""`validate` and `card` on the command line: what they print, and how they end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from twitchdx.card import CARD_FILE, PICTURE_FILE
from twitchdx.cli import main
from validating import FIGURES, VIGNETTES, changed, write_validation

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def command(*arguments: object) -> tuple[int, str, str]:
        code = main([str(each) for each in arguments])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return command


def test_validate_shows_every_figure_and_vignette_and_ends_with_0(tmp_path: Path, run: Run) -> None:
    code, out, err = run("validate", write_validation(tmp_path / "hinge"))
    assert (code, err) == (0, "")
    for shown in (
        "Rust in old doors",
        "0.2 (0.1 to 0.3)",
        "within",
        "A loud door",
        "A damp cellar",
        "passed",
    ):
        assert shown in out
    assert out.splitlines()[-1] == "squeaking_hinge 0.1.0: 2 figures, 2 vignettes, none failed"


def test_a_miss_that_nothing_explains_ends_with_1(tmp_path: Path, run: Run) -> None:
    figures = changed(FIGURES, ("{value: 0.2, low: 0.1, high: 0.3}", "{value: 0.9, low: 0.9, high: 0.9}"))
    code, out, _ = run("validate", write_validation(tmp_path / "hinge", figures))
    assert code == 1
    assert "nothing explains the miss [rust_in_old_doors]" in out
    assert out.splitlines()[-1].endswith("1 failed")


def test_a_miss_that_is_explained_ends_with_0_and_says_why(tmp_path: Path, run: Run) -> None:
    far = ("{value: 0.2, low: 0.1, high: 0.3}", "{value: 0.9, low: 0.9, high: 0.9}")
    why = ("    tolerance: 1.5", "    tolerance: 1.5\n    explained: these doors stand in the rain")
    code, out, _ = run("validate", write_validation(tmp_path / "hinge", changed(FIGURES, far, why)))
    assert code == 0
    assert "these doors stand in the rain" in out


def test_a_failed_vignette_ends_with_1_and_says_what_was_found(tmp_path: Path, run: Run) -> None:
    vignettes = changed(VIGNETTES, ("at_least: emergency", "at_most: soon"))
    code, out, _ = run("validate", write_validation(tmp_path / "hinge", vignettes=vignettes))
    assert code == 1
    assert "expected care at most soon; found: emergency [loud_door]" in out


def test_wrong_files_end_with_2_and_every_problem(tmp_path: Path, run: Run) -> None:
    figures = changed(FIGURES, ("age: [old]", "agee: [old]"), ("    tolerance: 1.5", "    tolerance: 0.1"))
    code, out, err = run("validate", write_validation(tmp_path / "hinge", figures))
    assert (code, out) == (2, "")
    assert err.count("  Fix: ") == 2
    assert "validation/figures.yaml:5" in err


def test_an_unknown_model_ends_with_2(tmp_path: Path, run: Run) -> None:
    for command in ("validate", "card"):
        code, out, err = run(command, tmp_path / "nowhere")
        assert (code, out) == (2, "")
        assert "nowhere" in err


def test_a_new_card_is_written_and_then_in_sync(tmp_path: Path, run: Run) -> None:
    folder = write_validation(tmp_path / "hinge")
    assert run("card", folder, "--check")[0] == 1
    assert not (folder / CARD_FILE).exists()
    assert run("card", folder)[0] == 0
    code, out, err = run("card", folder, "--check")
    assert (code, err) == (0, "")
    assert out.count(": up to date\n") == 2


@pytest.mark.parametrize("name", [CARD_FILE, PICTURE_FILE])
def test_a_card_that_was_changed_is_out_of_sync_until_it_is_written_again(
    tmp_path: Path, run: Run, name: str
) -> None:
    folder = write_validation(tmp_path / "hinge")
    run("card", folder)
    sound = (folder / name).read_text(encoding="utf-8")
    (folder / name).write_text(sound.replace("Rust", "Moss"), encoding="utf-8")
    code, out, _ = run("card", folder, "--check")
    assert code == 1
    assert f"{folder / name}: not up to date" in out
    assert out.count(": up to date\n") == 1
    run("card", folder)
    assert (folder / name).read_text(encoding="utf-8") == sound


def test_a_changed_number_of_the_model_puts_the_card_out_of_sync(tmp_path: Path, run: Run) -> None:
    folder = write_validation(tmp_path / "hinge")
    run("card", folder)
    variables = folder / "b_variables.yaml"
    variables.write_text(
        changed(variables.read_text("utf-8"), ("value: 0.07", "value: 0.08")), encoding="utf-8"
    )
    assert run("card", folder, "--check")[0] == 1
