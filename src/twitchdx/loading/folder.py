"""A model folder to one merged document: which files are read, and how their sections come together."""

from __future__ import annotations

import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from twitchdx.errors import Issue, ModelError, ModelNotFoundError, Where
from twitchdx.loading.bibliography import BIBLIOGRAPHY, read_bibliography
from twitchdx.loading.strict_yaml import MAX_BYTES, Data, Document, Lines, read_yaml

MAX_FILES = 100
_SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Source:
    """The merged content of a model folder.

    Attributes
    ----------
    data : dict
        Section -> content.
    lines : Lines
        Where each part of it stands.
    issues : tuple of Issue
        What is wrong with the files as files.
    complete : bool
        Whether every file could be read to its end.
    """

    data: dict[str, Data]
    lines: Lines
    issues: tuple[Issue, ...]
    complete: bool

    def where(self, path: Sequence[str | int]) -> Where:
        """The file and line of an entry."""
        node = self.lines.find(path)
        return Where(".".join(str(segment) for segment in path), node.file, node.line)


def read_folder(folder: Path) -> Source:
    """Read every YAML file directly in a folder, and its `references.json`, in the order of their names.

    Parameters
    ----------
    folder : Path
        The model folder.

    Returns
    -------
    Source
        The merged sections and every issue found on the way.

    Raises
    ------
    ModelNotFoundError
        There is no such folder.
    ModelError
        The folder holds no YAML file, or more than 100.
    """
    if not folder.is_dir():
        raise ModelNotFoundError(
            "No model was found.",
            [
                Issue(
                    "error",
                    "no-such-folder",
                    Where(str(folder)),
                    "this is not a folder." if folder.exists() else "this folder does not exist.",
                    "Give the path of a model folder; `twitchdx models` lists the shipped models.",
                )
            ],
        )
    paths = sorted(path for path in folder.iterdir() if path.suffix in _SUFFIXES or path.name == BIBLIOGRAPHY)
    if not paths or len(paths) > MAX_FILES:
        found = f"the folder holds {len(paths)} YAML files."
        fix = f"A model folder holds 1 to {MAX_FILES} files that end in .yaml."
        raise ModelError(
            "The model cannot be read.",
            [Issue("error", "file-count", Where(str(folder)), found, fix)],
        )
    return _merge([_read_file(path, folder) for path in paths])


def _read_file(path: Path, folder: Path) -> Document:
    problem = _reason_not_to_read(path, folder)
    if problem is None:
        try:
            with path.open("rb") as stream:
                text = stream.read(MAX_BYTES + 1)
            return read_bibliography(text) if path.name == BIBLIOGRAPHY else read_yaml(text, path.name)
        except OSError as error:
            problem = f"the file cannot be read: {error.strerror}."
    fix = "Keep every file of a model in its folder, as a plain readable file."
    issue = Issue("error", "unreadable-file", Where("", path.name, 1), problem, fix)
    return Document(None, Lines(path.name, 1), (issue,))


def _reason_not_to_read(path: Path, folder: Path) -> str | None:
    try:
        if not path.resolve(strict=True).is_relative_to(folder.resolve()):
            return "the file is a link that leaves the model folder."
        # A pipe or a device would block or never end.
        if not stat.S_ISREG(path.stat().st_mode):
            return "this is not a plain file."
    except (OSError, RuntimeError) as error:  # RuntimeError: a loop of links
        return f"the file cannot be read: {error}."
    return None


def _merge(documents: Sequence[Document]) -> Source:
    issues = [issue for document in documents for issue in document.issues]
    data: dict[str, Data] = {}
    lines: dict[str, Lines] = {}
    for document in documents:
        if isinstance(document.data, dict) and isinstance(document.lines.below, Mapping):
            for section, content in document.data.items():
                where = document.lines.find([section])
                if section not in data:
                    data[section], lines[section] = content, where
                else:
                    data[section], lines[section], problems = _join(
                        section, (data[section], lines[section]), (content, where)
                    )
                    issues.extend(problems)
        elif not document.issues:
            found = (
                "the file is empty." if document.data is None else "the file is not a mapping of sections."
            )
            fix = "Begin with a section such as `causes:`, or remove the file."
            issues.append(Issue("error", "no-section", Where("", document.lines.file, 1), found, fix))
    complete = all(document.data is not None or not document.issues for document in documents)
    return Source(data, Lines("", 1, lines), tuple(issues), complete)


def _join(
    section: str, first: tuple[Data, Lines], second: tuple[Data, Lines]
) -> tuple[Data, Lines, list[Issue]]:
    """Two parts of one section that stand in different files."""
    (data, lines), (more, more_lines) = first, second
    if isinstance(data, list) and isinstance(more, list):
        below = [*_below_list(lines), *_below_list(more_lines)]
        return data + more, Lines(lines.file, lines.line, below), []
    if not (isinstance(data, dict) and isinstance(more, dict)):
        found = f"the section {section!r} has another shape than in {lines.file}."
        fix = "Write a section the same way, as a mapping or as a list, in every file."
        where = Where(section, more_lines.file, more_lines.line)
        return data, lines, [Issue("error", "section-shape", where, found, fix)]
    old, new = _below_mapping(lines), _below_mapping(more_lines)
    issues = [
        Issue(
            "error",
            "duplicate-key",
            Where(f"{section}.{key}", new[key].file, new[key].line),
            f"the key {key!r} occurs twice; the first is in {old[key].file} at line {old[key].line}.",
            "Keep one of the two, or rename one.",
        )
        for key in more
        if key in data
    ]
    fresh = [key for key in more if key not in data]
    joined = data | {key: more[key] for key in fresh}
    return joined, Lines(lines.file, lines.line, old | {key: new[key] for key in fresh}), issues


def _below_list(lines: Lines) -> list[Lines]:
    return [lines.find([index]) for index in range(len(lines.below or ()))]


def _below_mapping(lines: Lines) -> dict[str, Lines]:
    return {key: lines.find([key]) for key in lines.below} if isinstance(lines.below, Mapping) else {}
