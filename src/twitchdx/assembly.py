"""A model folder or a network file to everything that a model needs, or to all that is wrong with it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from twitchdx.checks import check_spec
from twitchdx.errors import Issue, ModelError
from twitchdx.loading import parse_spec, read_folder, spec_data
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
        Something is wrong. The error lists every issue of files, shape and meaning; numbers that cannot
        be converted are found once the rest is sound, since converting one needs the others.
    """
    source = read_folder(folder)
    parsed = parse_spec(source.data, source.where)
    issues = [*source.issues, *parsed.issues]
    if not source.complete:
        # A file that cannot be read makes its sections missing, which is not worth saying.
        issues = [issue for issue in issues if issue.code != "missing-key" or "." in issue.where.path]
    elif parsed.spec is not None:
        issues += check_spec(parsed.spec, source.where, parsed.left_out)
    _raise_errors(issues)
    if parsed.spec is None:
        message = "a spec without issues exists"
        raise AssertionError(message)
    network = compile_network(parsed.spec, source.where)
    header = parsed.spec.model
    return Assembled(
        header.name, header.version, content_digest(parsed.spec), parsed.spec, network, tuple(issues)
    )


def content_digest(spec: ModelSpec) -> str:
    """SHA-256 of what a model says, in hexadecimal: whatever the files, comments and white space.

    The order of entries counts, since that of states and of tied steps does.
    """
    content = json.dumps(spec_data(spec), ensure_ascii=False).encode("utf-8", "surrogatepass")
    return hashlib.sha256(content).hexdigest()


def assemble_network_file(path: Path) -> Assembled:
    """Read a network file: a model whose variables are all plain."""
    network = read_network(path)
    return Assembled(path.stem, "", hashlib.sha256(path.read_bytes()).hexdigest(), None, network)


def _raise_errors(issues: list[Issue]) -> None:
    errors = [issue for issue in issues if issue.severity == "error"]
    if errors:
        count = len(errors)
        raise ModelError(f"The model has {count} problem{'s' * (count > 1)}.", issues)
