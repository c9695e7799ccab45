"""The built package: what it carries, and that it works where there is no checkout."""

from __future__ import annotations

import json
import re
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import twitchdx
from building import COMPILER, LIBRARY, ROOT, SUFFIX, build, executable, install, packaged, run

CASE = "caffeine_tablets"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, "wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, "sdist", tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="module")
def empty_environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install(wheel, tmp_path_factory.mktemp("elsewhere") / "environment")


def files(folder: Path, inside: str) -> set[str]:
    """The files of a folder, without what tools and earlier builds left behind: it is no part of anything."""
    found = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
    return {
        f"{inside}/{path.as_posix()}"
        for path in found
        if not any(part.startswith((".", "__pycache__", "_core.")) for part in path.parts)
    }


def test_the_wheel_carries_every_file_of_the_package_and_of_the_models_and_no_others(wheel: Path) -> None:
    expected = files(ROOT / "src" / "twitchdx", "twitchdx") | files(ROOT / "models", "twitchdx/models")
    # What the C files say is in the library.
    expected = {name for name in expected if not name.endswith((".c", ".h"))}
    if COMPILER:
        expected.add(LIBRARY)
    assert {name for name in packaged(wheel) if ".dist-info/" not in name} == expected
    case = f"twitchdx/models/knee_twitching/cases/{CASE}.json"
    assert {
        "twitchdx/py.typed",
        "twitchdx/display/card.css",
        "twitchdx/schemas/model-1.json",
        "twitchdx/models/chest_clinic/MODEL_CARD.md",
        "twitchdx/models/chest_clinic/structure.svg",
        "twitchdx/models/chest_clinic/validation/figures.yaml",
        "twitchdx/models/default.txt",
        case,
    } <= expected


def test_the_wheel_has_the_version_of_the_package_and_both_licences(wheel: Path) -> None:
    described = f"twitchdx-{twitchdx.__version__}.dist-info"
    licences = {f"{described}/licenses/LICENSE", f"{described}/licenses/models/LICENSE"}
    assert licences <= packaged(wheel)


def test_the_source_distribution_carries_the_c_files_and_what_compiles_them(source: Path) -> None:
    with tarfile.open(source) as opened:
        carried = {name.partition("/")[2] for name in opened.getnames()}
    assert {"hatch_build.py", "pyproject.toml"} | files(ROOT / "src", "src") <= carried
    assert any(name.endswith("/core.h") for name in carried)
    assert not any(name.endswith(SUFFIX) for name in carried)


def test_the_source_distribution_builds_the_same_wheel(wheel: Path, source: Path, tmp_path: Path) -> None:
    run(sys.executable, "-m", "tarfile", "--extract", source, tmp_path / "unpacked", cwd=tmp_path)
    (unpacked,) = (tmp_path / "unpacked").iterdir()
    rebuilt = build(unpacked, "wheel", tmp_path / "wheel")
    assert rebuilt.name == wheel.name
    with zipfile.ZipFile(wheel) as ours, zipfile.ZipFile(rebuilt) as theirs:
        assert {each.filename: each.CRC for each in ours.infolist()} == {
            each.filename: each.CRC for each in theirs.infolist()
        }


def test_the_installed_wheel_diagnoses_a_case_away_from_the_checkout(
    empty_environment: Path, tmp_path: Path
) -> None:
    python = executable(empty_environment, "python")
    package = Path(
        run(python, "-c", "import twitchdx; print(twitchdx.__file__)", cwd=tmp_path).strip()
    ).parent
    assert empty_environment in package.parents

    # The model that is found by its name is the one in the wheel: it alone has this version.
    model = package / "models" / "knee_twitching"
    header = model / "model.yaml"
    header.write_text(re.sub(r"version: .*", "version: 9.9.9", header.read_text("utf-8"), count=1), "utf-8")

    case = tmp_path / "case.json"
    case.write_bytes((model / "cases" / f"{CASE}.json").read_bytes())
    program = executable(empty_environment, "twitchdx")
    answer = json.loads(run(program, "diagnose", case, "--json", cwd=tmp_path))
    assert (answer["model"]["name"], answer["model"]["version"]) == ("knee_twitching", "9.9.9")
    assert {each["variable"] for each in answer["evidence"]} == set(
        json.loads(case.read_text("utf-8"))["evidence"]
    )
    assert answer["triage"]["level"] == "emergency"
