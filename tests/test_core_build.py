"""The compiled core: what a build makes with and without a compiler, and which library is trusted."""

from __future__ import annotations

import ctypes
import json
import runpy
import sys
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from building import (
    LIBRARY,
    ROOT,
    attempt,
    build,
    build_command,
    copy_of_the_sources,
    executable,
    install,
    needs_compiler,
    packaged,
    run,
)

WITH = {"TWITCHDX_CORE": "1"}
WITHOUT = {"TWITCHDX_CORE": "0"}
NO_COMPILER = {"CC": "no-such-compiler"}
STRICT = "-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Werror"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    return copy_of_the_sources(folder)


@pytest.fixture
def core(project: Path) -> Path:
    """The folder of the core, in a project that may be changed."""
    return project / "src" / Path(LIBRARY).parent


def compile_in_place(project: Path, variables: dict[str, str]) -> None:
    """What an editable install does."""
    run(*build_command("wheel:editable", project.parent / "editable"), cwd=project, variables=variables)


def status(core: Path, variables: dict[str, str] | None = None) -> tuple[str, str]:
    """What a fresh process says of the core, and its warnings; with no package installed, as in a build."""
    ask = "import runpy, sys; print(runpy.run_path(sys.argv[1])['core_status']())"
    done = attempt(sys.executable, "-I", "-S", "-c", ask, core / "__init__.py", cwd=core, variables=variables)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip(), done.stderr


def tags(wheel: Path) -> tuple[str, dict[str, str]]:
    """The tag in the name of a wheel, and the fields of its description."""
    with zipfile.ZipFile(wheel) as opened:
        (name,) = [name for name in opened.namelist() if name.endswith(".dist-info/WHEEL")]
        lines = opened.read(name).decode("utf-8").splitlines()
    return wheel.stem.split("-", 2)[2], dict(line.split(": ", 1) for line in lines if line)


@needs_compiler
def test_a_compiler_gives_a_wheel_for_one_platform_and_every_python(tmp_path: Path) -> None:
    wheel = build(ROOT, "wheel", tmp_path, WITH)
    tag, described = tags(wheel)
    python, abi, platform = tag.split("-")
    assert (python, abi) == ("py3", "none")
    assert platform != "any"
    assert (described["Tag"], described["Root-Is-Purelib"]) == (tag, "false")
    assert LIBRARY in packaged(wheel)


@pytest.mark.parametrize("variables", [WITHOUT, NO_COMPILER], ids=["on purpose", "no compiler"])
def test_without_a_compiler_the_wheel_is_a_pure_one(variables: dict[str, str], tmp_path: Path) -> None:
    wheel = build(ROOT, "wheel", tmp_path, variables)
    tag, described = tags(wheel)
    assert tag == "py3-none-any"
    assert (described["Tag"], described["Root-Is-Purelib"]) == (tag, "true")
    assert [name for name in packaged(wheel) if "_core." in name] == []


def test_a_build_that_cannot_compile_says_so_and_why(project: Path, core: Path, tmp_path: Path) -> None:
    absent = attempt(*build_command("wheel", tmp_path), cwd=project, variables=NO_COMPILER)
    assert absent.returncode == 0
    assert "was not compiled: the compiler does not start" in absent.stderr + absent.stdout

    for source in core.glob("*.c"):
        source.unlink()
    nothing = attempt(*build_command("wheel", tmp_path), cwd=project)
    assert "was not compiled: there are no C files" in nothing.stderr + nothing.stdout


@needs_compiler
def test_what_the_compiler_objects_to_is_shown(project: Path, core: Path, tmp_path: Path) -> None:
    (core / "broken.c").write_text("int core_is_broken(void) { return undeclared_name; }\n", "utf-8")
    done = attempt(*build_command("wheel", tmp_path), cwd=project)
    assert done.returncode == 0
    assert "undeclared_name" in done.stderr + done.stdout
    assert [tags(wheel)[0] for wheel in tmp_path.glob("*.whl")] == ["py3-none-any"]


def test_a_core_that_is_asked_for_must_compile(project: Path, tmp_path: Path) -> None:
    done = attempt(*build_command("wheel", tmp_path / "built"), cwd=project, variables=NO_COMPILER | WITH)
    assert done.returncode != 0
    assert "no-such-compiler" in done.stderr
    assert not list(tmp_path.rglob("*.whl"))


@needs_compiler
def test_the_core_compiles_without_a_warning(tmp_path: Path) -> None:
    assert LIBRARY in packaged(build(ROOT, "wheel", tmp_path, WITH | {"CFLAGS": STRICT}))


@needs_compiler
def test_flags_of_the_environment_reach_the_compiler(project: Path, core: Path, tmp_path: Path) -> None:
    (core / "flag.c").write_text("#ifndef GIVEN\n#error not given\n#endif\nextern int flag;\n", "utf-8")
    assert attempt(*build_command("wheel", tmp_path), cwd=project, variables=WITH).returncode != 0
    run(*build_command("wheel", tmp_path), cwd=project, variables=WITH | {"CFLAGS": "-DGIVEN"})


@needs_compiler
def test_both_wheels_give_the_same_answer(tmp_path: Path) -> None:
    ask = (
        "import json, twitchdx; from twitchdx.engines.core import core_status;"
        "d = twitchdx.diagnose({'muscle_twitching': 'frequent', 'caffeine_intake': 'high',"
        " 'muscle_weakness': False, 'serum_potassium': '3.1 mmol/L'});"
        "print(json.dumps([core_status(), dict(d.posterior), d.log_evidence]))"
    )
    answers = []
    for name, variables in (("with", WITH), ("without", WITHOUT)):
        environment = install(
            build(ROOT, "wheel", tmp_path / name, variables), tmp_path / f"{name}-installed"
        )
        answers.append(json.loads(run(executable(environment, "python"), "-c", ask, cwd=tmp_path)))
    (status, posterior, log_evidence), (other_status, other_posterior, other_log_evidence) = answers
    assert (status, other_status) == ("compiled", "absent")
    assert posterior == pytest.approx(other_posterior, rel=1e-10, abs=0)
    assert log_evidence == pytest.approx(other_log_evidence, rel=1e-10, abs=0)


@needs_compiler
def test_an_editable_install_compiles_beside_the_sources_and_keeps_no_older_library(
    project: Path, core: Path
) -> None:
    assert status(core) == ("absent", "")
    compile_in_place(project, WITH)
    assert status(core) == ("compiled", "")
    compile_in_place(project, NO_COMPILER)
    assert status(core) == ("absent", "")
    compile_in_place(project, WITH)
    compile_in_place(project, WITHOUT)
    assert status(core) == ("absent", "")


@needs_compiler
def test_a_library_in_the_checkout_gets_into_no_wheel(project: Path, tmp_path: Path) -> None:
    compile_in_place(project, WITH)
    wheel = build(project, "wheel", tmp_path / "wheel", WITHOUT)
    assert [name for name in packaged(wheel) if "_core." in name] == []


@needs_compiler
def test_a_library_of_other_sources_is_refused_until_it_is_compiled_anew(project: Path, core: Path) -> None:
    compile_in_place(project, WITH)
    header = core / "core.h"
    header.write_text(header.read_text("utf-8") + "/* a change */\n", "utf-8")
    answer, warning = status(core)
    assert answer == "stale"
    assert "pip install -e ." in warning
    compile_in_place(project, WITH)
    assert status(core) == ("compiled", "")

    (core / "more.h").touch()
    assert status(core)[0] == "stale"
    (core / "more.h").unlink()
    assert status(core) == ("compiled", "")

    # Where there are no sources, as in an installed wheel, there is nothing that it could be older than.
    for source in core.glob("*.[ch]"):
        source.unlink()
    assert status(core) == ("compiled", "")


@needs_compiler
def test_the_environment_can_leave_the_core_unused(project: Path, core: Path) -> None:
    compile_in_place(project, WITH)
    assert status(core, WITHOUT) == ("off", "")


def test_a_library_that_cannot_be_loaded_is_reported_and_left(core: Path) -> None:
    (core / Path(LIBRARY).name).write_bytes(b"not a library")
    answer, warning = status(core)
    assert answer == "unusable"
    assert "TWITCHDX_CORE=0" in warning


@needs_compiler
def test_a_library_that_does_not_tell_its_sources_is_left(project: Path, core: Path) -> None:
    for source in core.glob("*.[ch]"):
        source.unlink()
    (core / "other.c").write_text("int other(void);\nint other(void) { return 1; }\n", "utf-8")
    compile_in_place(project, WITH)
    answer, warning = status(core)
    assert answer == "unusable"
    assert "core_digest" in warning


def test_threads_that_ask_at_once_load_once_and_hear_of_a_problem_once(
    core: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads = []

    def load_slowly(path: str) -> None:
        loads.append(path)
        time.sleep(0.05)  # long enough for every other thread to come by
        raise OSError

    monkeypatch.setattr(ctypes, "CDLL", load_slowly)
    monkeypatch.delenv("TWITCHDX_CORE", raising=False)
    library = core / Path(LIBRARY).name
    library.touch()
    loader = runpy.run_path(str(core / "__init__.py"))
    with pytest.warns(RuntimeWarning) as caught, ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda _: loader["load_core"](), range(8))) == [None] * 8
    assert loads == [str(library)]
    assert len(caught) == 1
