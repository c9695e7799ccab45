"""What the whole package promises, whatever its parts do."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import twitchdx

PACKAGE = Path(twitchdx.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
HEAVY = {"IPython", "matplotlib", "numba", "pandas", "pgmpy"} | {
    "networkx",
    "numpy",
    "pydantic",
    "scipy",
    "yaml",
}


def loaded_after(code: str) -> set[str]:
    """Top-level modules in a fresh interpreter once it has run some code."""
    report = f"import sys\n{code}\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", report], capture_output=True, encoding="utf-8", check=True)
    return set(done.stdout.split())


def test_the_import_loads_nothing_heavy() -> None:
    assert "twitchdx" in loaded_after("import twitchdx")
    assert loaded_after("import twitchdx") & HEAVY == set()


def test_loading_a_model_loads_no_engine_and_nothing_that_draws() -> None:
    loaded = loaded_after("import twitchdx; twitchdx.load_model('knee_twitching')")
    assert "numpy" in loaded
    assert loaded & (HEAVY - {"numpy", "yaml"}) == set()


def test_every_public_name_is_there_and_listed() -> None:
    assert [name for name in twitchdx.__all__ if not hasattr(twitchdx, name)] == []
    assert dir(twitchdx) == sorted(twitchdx.__all__)
    assert "numpy" not in dir(twitchdx)


def code_words(path: Path) -> str:
    """The code of a module without its comments and docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            # A string on its own is a docstring, of a module, class, function or field.
            node.body = [each for each in body if not _is_text(each)] or [ast.Pass()]
    return ast.unparse(tree)


def _is_text(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_the_code_knows_no_complaint(module: Path) -> None:
    words = code_words(module).casefold().replace("twitchdx", "")
    assert "twitch" not in words
