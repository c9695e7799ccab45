"""Where shipped models lie: inside the installed package, or in the checkout beside it."""

from __future__ import annotations

from pathlib import Path

from twitchdx.errors import Issue, ModelNotFoundError, Where, did_you_mean

_HEADER = "model.yaml"
# Beside the shipped models: the name of the one that is meant where none is named.
_DEFAULT = "default.txt"


def _shelves() -> tuple[Path, ...]:
    package = Path(__file__).resolve().parents[1]
    # The wheel carries `models` inside the package; an editable install finds it in the checkout.
    return (package / "models", package.parent.parent / "models")


def _shipped() -> dict[str, Path]:
    for shelf in _shelves():
        folders = {path.parent.name: path.parent for path in sorted(shelf.glob(f"*/{_HEADER}"))}
        if folders:
            return folders
    return {}


def available_models() -> tuple[str, ...]:
    """Names of the models that ship with the library, in alphabetical order."""
    return tuple(_shipped())


def default_model() -> str | None:
    """Name of the shipped model that is meant where none is named; None where nothing says which."""
    shipped = _shipped()
    if len(shipped) == 1:
        return next(iter(shipped))
    for folder in shipped.values():
        said = folder.with_name(_DEFAULT)
        name = said.read_text(encoding="utf-8").strip() if said.is_file() else ""
        return name if name in shipped else None
    return None


def find_model(name: str) -> Path:
    """The folder of a shipped model.

    Raises
    ------
    ModelNotFoundError
        No shipped model has this name; the error lists those that there are.
    """
    shipped = _shipped()
    if name in shipped:
        return shipped[name]
    names = ", ".join(shipped) or "none"
    listed = f"Shipped models: {names}. For a model of your own, give the path of its folder."
    raise ModelNotFoundError(
        "No model was found.",
        [
            Issue(
                "error",
                "unknown-model",
                Where(name),
                "no shipped model has this name, and nothing lies at this path.",
                f"{did_you_mean(name, shipped, cutoff=0.4)} {listed}".lstrip(),
            )
        ],
    )
