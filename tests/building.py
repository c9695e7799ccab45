"""Building the package and installing what was built, away from the checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SUFFIX = {"darwin": ".dylib", "win32": ".dll"}.get(sys.platform, ".so")
LIBRARY = f"twitchdx/engines/core/_core{SUFFIX}"
COMPILER = os.environ.get("CC") or next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)

needs_compiler = pytest.mark.skipif(not COMPILER, reason="there is no C compiler on this machine")


def attempt(
    *command: str | Path, cwd: Path, variables: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command away from the checkout and from what the environment says of Python and of the core."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "TWITCHDX"))}
    return subprocess.run(
        command, cwd=cwd, env=kept | (variables or {}), capture_output=True, encoding="utf-8", check=False
    )


def run(*command: str | Path, cwd: Path, variables: dict[str, str] | None = None) -> str:
    """What a command prints, which must succeed."""
    done = attempt(*command, cwd=cwd, variables=variables)
    assert done.returncode == 0, done.stderr
    return done.stdout


def build_command(target: str, into: Path) -> list[str | Path]:
    # With hatchling directly, so that no network is needed.
    return [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", into]


def build(source: Path, target: str, into: Path, variables: dict[str, str] | None = None) -> Path:
    """Build a distribution, the only one in its folder."""
    run(*build_command(target, into), cwd=source, variables=variables)
    (built,) = into.iterdir()
    return built


def copy_of_the_sources(folder: Path) -> Path:
    """What a build reads, in a folder where it can be changed."""
    for name in "pyproject.toml hatch_build.py README.md LICENSE .gitignore".split():
        shutil.copy(ROOT / name, folder)
    left = shutil.ignore_patterns("__pycache__", "_core.*")
    for name in ("src", "models"):
        shutil.copytree(ROOT / name, folder / name, ignore=left)
    return folder


def packaged(archive: Path) -> set[str]:
    with zipfile.ZipFile(archive) as opened:
        return set(opened.namelist())


def install(wheel: Path, folder: Path) -> Path:
    """An environment with the wheel in it, and the dependencies of this one within reach behind it."""
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
