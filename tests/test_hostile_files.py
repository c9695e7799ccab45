"""Model files are data: a hostile one is refused, executes nothing, and costs bounded memory.

Each is loaded in a process of its own with a bound on its address space, so that a bomb ends that process and
not the tests. The time limit is a safety net against a file that blocks, not a measurement.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import twitchdx as dx
from models import TEXTS, write_model

PEAK = 400 * 2**20
_LOAD = """
import json, resource, sys
import twitchdx as dx
import twitchdx.model
resource.setrlimit(resource.RLIMIT_AS, (4 * 2**30, 4 * 2**30))
try:
    dx.load_model(sys.argv[1])
    issues = None
except dx.ModelError as error:
    str(error)
    issues = [(issue.code, issue.where.file, len(issue.message)) for issue in error.issues]
# Not ru_maxrss: a new process inherits that from the one that started it, here the whole test run.
with open("/proc/self/status") as status:
    peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
print(json.dumps({"issues": issues, "peak": peak * 1024}))
"""


def load_apart(folder: Path) -> tuple[list[list], int]:
    """Load a model in another process: the issues (None: it loaded), and the peak of its memory in bytes."""
    done = subprocess.run(
        [sys.executable, "-c", _LOAD, str(folder)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    answer = json.loads(done.stdout)
    return answer["issues"], answer["peak"]


def refused(folder: Path, code: str, file: str = "z.yaml") -> None:
    """The folder is refused because of one file, in bounded memory, with messages that can be read."""
    issues, peak = load_apart(folder)
    assert issues is not None, "it was loaded"
    assert code in [found for found, where, _ in issues if where == file]
    assert peak < PEAK
    assert max(length for *_, length in issues) < 1000


BOMB = "a: &a [0,0,0,0,0,0,0,0,0]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(20)
)
HOSTILE = {
    "brackets": ("yaml-too-deep", "x: " + "[" * 100_000),
    "closed brackets": ("yaml-too-deep", "x: " + "[" * 100_000 + "]" * 100_000),
    "braces": ("yaml-too-deep", "x: " + "{a: " * 100_000),
    "dashes": ("yaml-too-deep", "x:\n" + "- " * 100_000),
    "question marks": ("yaml-key", "? " * 100_000),
    "a million entries": ("yaml-too-large", "x: [" + "0," * 1_000_000 + "]"),
    "a million keys": ("yaml-too-large", "x: {" + ",".join(f"k{i}" for i in range(500_000)) + "}"),
    "alias bomb": ("yaml-alias", BOMB),
    "merge bomb": ("yaml-alias", "a: &a {x: 1}\nb: {<<: [*a, *a]}\n"),
    "fifty megabytes": ("yaml-too-large", "x: " + "a" * 50_000_000),
    "a long number": ("unknown-key", "x: " + "9" * 300),
    "a longer number": ("unknown-key", "x: " + "9" * 100_000),
    "two hundred anchors": ("too-many-issues", "".join(f"k{i}: &a{i} 0\n" for i in range(200))),
    "many duplicates": ("too-many-issues", "a: 0\n" * 100_000),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused(tmp_path: Path, name: str) -> None:
    code, text = HOSTILE[name]
    refused(write_model(tmp_path, {**TEXTS, "z.yaml": text}), code)


@pytest.mark.parametrize(
    ("code", "content"),
    [
        ("not-utf8", b"x: \xff\n"),
        ("not-utf8", "x: 1\n".encode("utf-16")),
        ("yaml-syntax", b"x: \x00\n"),
        ("yaml-syntax", b"\x00" * 1_000_000),
        ("not-utf8", bytes(range(256)) * 4000),
    ],
)
def test_bytes_that_are_no_text_are_refused(tmp_path: Path, code: str, content: bytes) -> None:
    folder = write_model(tmp_path)
    (folder / "z.yaml").write_bytes(content)
    refused(folder, code)


@pytest.mark.parametrize(
    "tag",
    [
        "!!python/object/apply:os.mkdir [TARGET]",
        "!!python/object/apply:pathlib.Path.touch [TARGET]",
        "!!python/object/new:os.mkdir {args: [TARGET]}",
        "!!python/name:os.system ''",
        "!!python/module:antigravity ''",
    ],
)
def test_a_tag_executes_nothing(tmp_path: Path, tag: str) -> None:
    target = tmp_path / "executed"
    text = f"x: {tag.replace('TARGET', json.dumps(str(target)))}\n"
    refused(write_model(tmp_path / "model", {**TEXTS, "z.yaml": text}), "yaml-tag")
    assert not target.exists()


def _outside(folder: Path) -> None:
    secret = folder.parent / "secret.yaml"
    secret.write_text("facts: {secret: something private}\n")
    (folder / "z.yaml").symlink_to(secret)


def _through_a_folder(folder: Path) -> None:
    (folder.parent / "other").mkdir()
    (folder.parent / "other" / "secret.yaml").write_text("facts: {}\n")
    (folder / "sub").symlink_to(folder.parent / "other")
    (folder / "z.yaml").symlink_to("sub/secret.yaml")


def _loop(folder: Path) -> None:
    (folder / "z.yaml").symlink_to("z.yaml")


def _dangling(folder: Path) -> None:
    (folder / "z.yaml").symlink_to("nowhere.yaml")


def _pipe(folder: Path) -> None:
    os.mkfifo(folder / "z.yaml")


def _device(folder: Path) -> None:
    (folder / "z.yaml").symlink_to("/dev/zero")


def _folder(folder: Path) -> None:
    (folder / "z.yaml").mkdir()


@pytest.mark.parametrize("spoil", [_outside, _through_a_folder, _loop, _dangling, _pipe, _device, _folder])
def test_what_is_no_plain_file_of_the_folder_is_refused(
    tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    folder = write_model(tmp_path / "model")
    spoil(folder)
    refused(folder, "unreadable-file")


def test_a_link_within_the_folder_is_allowed(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model")
    (folder / "c_steps.yaml").rename(folder / "steps.txt")
    (folder / "c_steps.yaml").symlink_to("steps.txt")
    issues, _ = load_apart(folder)
    assert issues is None


@pytest.mark.parametrize("name", ["../../secret", "/nowhere/at/all", "a/../../x", "\x00", "a" * 5000])
def test_a_name_that_is_no_model_is_not_found(name: str) -> None:
    with pytest.raises(dx.ModelNotFoundError):
        dx.load_model(name)


def test_a_huge_table_is_refused_before_it_is_built(tmp_path: Path) -> None:
    states = "{" + ", ".join(f"s{i}: s" for i in range(40)) + "}"
    factors = "".join(
        f"  f{i}:\n    label: f\n    definition: f\n    question: f?\n    states: {states}\n"
        f"    distribution: {{deterministic: {{rows: [], otherwise: s0}}}}\n"
        for i in range(8)
    )
    child = (
        "findings:\n  z:\n    label: z\n    definition: z\n    question: z?\n"
        "    distribution:\n      table:\n        rows:\n"
        + "".join(f"          - {{when: {{f{i}: [s0]}}, state: present}}\n" for i in range(8))
    )
    folder = write_model(tmp_path, {**TEXTS, "z.yaml": f"risk_factors:\n{factors}{child}"})
    refused(folder, "table-too-large")


def test_a_noisy_node_of_sixty_parents_is_no_bomb(tmp_path: Path) -> None:
    number = "{value: 0.1, low: 0.05, high: 0.2, FORM, grade: judgement, note: a guess}"
    link = number.replace("FORM", "form: link")
    factors = "".join(
        f"  f{i}:\n    label: f\n    definition: f\n    question: f?\n    distribution: "
        f"{{categorical: {{probabilities: {{present: {number.replace('FORM, ', '')}}}}}}}\n"
        for i in range(60)
    )
    leak = "{value: 0.7, low: 0.5, high: 0.8, form: prevalence, grade: judgement, note: a guess}"
    links = "".join(f"          f{i}: {{present: {link}}}\n" for i in range(60))
    text = (
        f"risk_factors:\n{factors}findings:\n  z:\n    label: z\n    definition: z\n    question: z?\n"
        f"    distribution:\n      noisy_or:\n        leak: {leak}\n        links:\n{links}"
    )
    issues, peak = load_apart(write_model(tmp_path, {**TEXTS, "z.yaml": text}))
    assert issues is None
    assert peak < PEAK
