"""What most people need: load a model, and diagnose."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twitchdx.assembly import assemble_folder, assemble_network_file
from twitchdx.diagnosis import Diagnosis
from twitchdx.engines import DEFAULT_ENGINE, Engine
from twitchdx.errors import Issue, ModelError, ModelNotFoundError, Where
from twitchdx.loading import available_models, default_model, find_model
from twitchdx.model import Model
from twitchdx.network import NETWORK_SUFFIXES


def load_model(model: str | os.PathLike[str]) -> Model:
    """Load a model.

    Parameters
    ----------
    model : str or path
        The name of a shipped model, the path of a model folder, or the path of a network file (.bif,
        .xmlbif, .xdsl, .net, .uai), whose variables are then all plain.

    Returns
    -------
    Model
        Checked and compiled. The same unchanged files give the same object.

    Raises
    ------
    ModelNotFoundError
        There is no such model, folder or file.
    ModelError
        The model is wrong; the error lists every problem with file and line.
    """
    if not isinstance(model, str | os.PathLike):
        where, found = Where("model"), f"found {type(model).__name__}."
        fix = "Give the name of a shipped model or the path of a model folder, as text."
        raise ModelNotFoundError("No model was found.", [Issue("error", "wrong-type", where, found, fix)])
    path = Path(model)
    if isinstance(model, str) and model in available_models():
        path = find_model(model)
    elif not str(model) or not os.path.exists(path):  # noqa: PTH110 - Path.exists raises where a name is too long
        find_model(str(model))  # raises, with the nearest name
    try:
        fingerprint = _fingerprint(path)
    except OSError as error:
        fix = "Make the folder and its files readable."
        found = f"it cannot be read: {error.strerror}."
        issue = Issue("error", "unreadable-file", Where("", str(path)), found, fix)
        raise ModelError("The model cannot be read.", [issue]) from None
    with _LOADING:
        return _load(path.resolve(), fingerprint)


def _fingerprint(path: Path) -> tuple[tuple[str, int, int], ...]:
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    stats = [(file.name, file.stat(follow_symlinks=False)) for file in files]
    return tuple((name, stat.st_mtime_ns, stat.st_size) for name, stat in stats)


# Two threads that ask for the same model compile it once.
_LOADING = threading.Lock()


@functools.lru_cache(maxsize=8)
def _load(path: Path, fingerprint: tuple[tuple[str, int, int], ...]) -> Model:  # noqa: ARG001 - part of the key
    if path.suffix in NETWORK_SUFFIXES and path.is_file():
        return Model(assemble_network_file(path))
    return Model(assemble_folder(path))


def diagnose(
    evidence: Mapping[str, Any],
    model: str | os.PathLike[str] | Model | None = None,
    *,
    engine: str | Engine = DEFAULT_ENGINE,
    complaint: str | None = None,
    preferences: Mapping[str, Any] | None = None,
) -> Diagnosis:
    """Posterior probabilities of every cause and recommended next steps, for one patient.

    Parameters
    ----------
    evidence : mapping
        Variable -> value: True or False (states absent and present), the name of a state, a number or
        "number unit" where the variable is measured, a mapping or pairs of state and likelihood, a list
        of such mappings (they multiply), or None (not observed). What is left out is not observed,
        which is not the same as absent. Empty evidence gives the priors.
    model : str, path or Model, optional
        A shipped model, a model folder, a network file, or a loaded model. Left out: the default of the
        shipped models, which their file `default.txt` names.
    engine : str or Engine, optional
        Which engine computes the posteriors: "exact"; "pgmpy", slower and independent of it; or one of your
        own.
    complaint : str, optional
        The finding to explain, if not the presenting complaint of the model.
    preferences : mapping, optional
        What outcomes, trouble and money are held to be worth, where that is not what the model says: path,
        as `Model.parameters` gives it -> number. Example: ``{"decision.money_per_unit": 500}``.

    Returns
    -------
    Diagnosis
        Frozen.

    Raises
    ------
    EvidenceError
        The evidence cannot be understood; the error lists every problem.
    ImpossibleEvidenceError
        The observations exclude each other; the error names a smallest conflict.
    ModelNotFoundError, ModelError
        As in `load_model`.
    EngineError, UnknownNameError
        The engine, the complaint or a path of the preferences is not known.
    OptionError
        The preferences are no mapping, or are about what is true and not about what it is worth.
    """
    loaded = model if isinstance(model, Model) else load_model(usual_model() if model is None else model)
    return loaded.diagnose(evidence, engine=engine, complaint=complaint, preferences=preferences)


def usual_model() -> str:
    """The name of the shipped model that is meant where none is named; an error where nothing says which."""
    name = default_model()
    if name is not None:
        return name
    names = available_models()
    fix = f"Say `model=` with one of: {', '.join(names) or 'none is shipped'}."
    issue = Issue("error", "which-model", Where("model"), f"{len(names)} models are shipped.", fix)
    raise ModelNotFoundError("No model was named.", [issue])
