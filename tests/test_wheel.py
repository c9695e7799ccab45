"""The built package: what it carries, and that it works where there is no checkout."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

import twitchdx

ROOT = Path(__file__).resolve().parents[1]
CASE = "caffeine_tablets"


def run(*command: str | Path, cwd: Path) -> str:
    """Run a command that must succeed, away from the checkout and from any `PYTHONPATH`."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def build(source: Path, target: str, into: Path) -> Path:
    run(sys.executable, "-m", "hatchling", "build", "-t", target, "-d", into, cwd=source)
    (built,) = into.iterdir()
    return built


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, "wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def empty_environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel in it, and the dependencies of this one within reach behind it."""
    folder = tmp_path_factory.mktemp("elsewhere") / "environment"
    venv.create(folder, with_pip=False, symlinks=os.name != "nt")
    python = executable(folder, "python")
    place = Path(
        run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder).strip()
    )
    pip = (sys.executable, "-m", "pip", "--python", python, "install", "--quiet")
    run(*pip, "--no-index", "--no-deps", "--no-warn-script-location", wheel, cwd=folder)
    # The lines of a .pth file come after the environment's own packages, and the .pth files of those
    # folders are not followed: an editable install of the checkout stays out of sight.
    behind = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (place / "dependencies.pth").write_text("\n".join(sorted(behind)), encoding="utf-8")
    return folder


def executable(environment: Path, name: str) -> Path:
    folder = "Scripts" if os.name == "nt" else "bin"
    return environment / folder / (f"{name}.exe" if os.name == "nt" else name)


def packaged(archive: Path) -> set[str]:
    with zipfile.ZipFile(archive) as opened:
        return set(opened.namelist())


def test_the_wheel_carries_every_file_of_the_package_and_of_the_models_and_no_others(wheel: Path) -> None:
    def files(folder: Path, inside: str) -> set[str]:
        found = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
        # What tools leave behind is hidden or a cache, and is no part of the package.
        return {
            f"{inside}/{path.as_posix()}"
            for path in found
            if not any(part.startswith((".", "__pycache__")) for part in path.parts)
        }

    expected = files(ROOT / "src" / "twitchdx", "twitchdx") | files(ROOT / "models", "twitchdx/models")
    assert {name for name in packaged(wheel) if ".dist-info/" not in name} == expected
    case = f"twitchdx/models/knee_twitching/cases/{CASE}.json"
    assert {
        "twitchdx/py.typed",
        "twitchdx/display/card.css",
        "twitchdx/schemas/model-1.json",
        case,
    } <= expected


def test_the_wheel_has_the_version_of_the_package_and_both_licences(wheel: Path) -> None:
    described = f"twitchdx-{twitchdx.__version__}.dist-info"
    licences = {f"{described}/licenses/LICENSE", f"{described}/licenses/models/LICENSE"}
    assert licences <= packaged(wheel)


def test_the_source_distribution_builds_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    source = build(ROOT, "sdist", tmp_path / "sdist")
    run(sys.executable, "-m", "tarfile", "--extract", source, tmp_path / "unpacked", cwd=tmp_path)
    (unpacked,) = (tmp_path / "unpacked").iterdir()
    rebuilt = build(unpacked, "wheel", tmp_path / "wheel")
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
