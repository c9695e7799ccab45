"""A model with some of its numbers changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from twitchdx.spec.estimates import Estimate
from twitchdx.spec.model import ModelSpec, walk_estimates

Path = tuple[str | int, ...]


def replace_estimates(spec: ModelSpec, changes: Mapping[Path, Estimate]) -> ModelSpec:
    """The same model with other estimates in some places; what lies beside them is shared, not copied.

    Parameters
    ----------
    spec : ModelSpec
        The model.
    changes : mapping of tuple to Estimate
        Path, as `walk_estimates` gives it -> the new estimate.
    """
    for path, estimate in changes.items():
        spec = _replace(spec, path, estimate)
    return spec


def places_of_shared(spec: ModelSpec) -> dict[str, tuple[Path, ...]]:
    """Name of each shared number -> every place where it stands, its entry in the section `shared` first."""
    places: dict[str, tuple[Path, ...]] = {name: (("shared", name),) for name in spec.shared}
    for path, estimate in walk_estimates(spec):
        if estimate.shared in places:
            places[estimate.shared] += (path,)
    return places


def _replace(node: Any, path: Path, part: Estimate) -> Any:
    if not path:
        return part
    first, rest = path[0], path[1:]
    if isinstance(node, dict):
        return {**node, first: _replace(node[first], rest, part)}
    if isinstance(node, tuple):
        index = int(first)
        return (*node[:index], _replace(node[index], rest, part), *node[index + 1 :])
    return replace(node, **{str(first): _replace(getattr(node, str(first)), rest, part)})
