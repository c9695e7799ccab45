"""A model folder or a network file to everything that a model needs, or to all that is wrong with it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from twitchdx.checks import check_spec
from twitchdx.errors import Issue, ModelError
from twitchdx.loading import Source, parse_spec, read_folder
from twitchdx.network import Network, compile_network, read_network
from twitchdx.spec import ModelSpec


@dataclass(frozen=True, slots=True, eq=False)
class Assembled:
    """A model that can be used.

    Attributes
    ----------
    name, version, digest : str
        What it is; the digest is the SHA-256 of its content.
    spec : ModelSpec or None
        What its files say; None for a network file, which has no roles.
    network : Network
        The compiled network.
    warnings : tuple of Issue
        What a careful author would mend.
    """

    name: str
    version: str
    digest: str
    spec: ModelSpec | None
    network: Network
    warnings: tuple[Issue, ...] = ()


def assemble_folder(folder: Path) -> Assembled:
    """Read, check and compile a model folder.

    Raises
    ------
    ModelNotFoundError
        There is no such folder.
    ModelError
        Something is wrong; the error lists every issue of the first stage that found any (files, shape,
        meaning, conversion), since a later stage would only repeat them.
    """
    source = read_folder(folder)
    spec = _spec(source)
    issues = check_spec(spec, source.where)
    _raise_errors(issues)
    network = compile_network(spec, source.where)
    header = spec.model
    return Assembled(header.name, header.version, source.digest, spec, network, tuple(issues))


def assemble_network_file(path: Path) -> Assembled:
    """Read a network file: a model whose variables are all plain."""
    network = read_network(path)
    return Assembled(path.stem, "", hashlib.sha256(path.read_bytes()).hexdigest(), None, network)


def _spec(source: Source) -> ModelSpec:
    spec, issues = parse_spec(source.data, source.where)
    # Both at once: a file that cannot be read makes its sections missing, which is not worth saying.
    file_issues = list(source.issues)
    if file_issues:
        issues = [issue for issue in issues if issue.code != "missing-key" or "." in issue.where.path]
    _raise_errors([*file_issues, *issues])
    if spec is None:
        message = "a spec without issues exists"
        raise AssertionError(message)
    return spec


def _raise_errors(issues: list[Issue]) -> None:
    errors = [issue for issue in issues if issue.severity == "error"]
    if errors:
        count = len(errors)
        raise ModelError(f"The model has {count} problem{'s' * (count > 1)}.", issues)
