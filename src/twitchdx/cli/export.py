"""`twitchdx export` and `twitchdx schema`: what other programs read."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from twitchdx.api import load_model
from twitchdx.cli.output import print_document
from twitchdx.errors import Issue, ModelError, Where
from twitchdx.loading import spec_data
from twitchdx.model import Model
from twitchdx.network import network_text
from twitchdx.schemas import schema_text


def export(arguments: argparse.Namespace) -> int:
    """Write a model as a network file or as JSON."""
    model = load_model(arguments.model)
    text = (
        _model_json(model)
        if arguments.format == "json"
        else network_text(model.network, f".{arguments.format}")
    )
    if arguments.output is None:
        print_document(text)
    else:
        Path(arguments.output).write_text(text, encoding="utf-8")
    return 0


def _model_json(model: Model) -> str:
    """The whole model as read: its identity, and its content in the format of a model file."""
    if model.spec is None:
        raise ModelError(
            "The model cannot be exported as JSON.",
            [
                Issue(
                    "error",
                    "network-file",
                    Where(model.name),
                    "a network file has no roles, labels or sources.",
                    "Use --format bif or --format xmlbif.",
                )
            ],
        )
    document = {
        "name": model.name,
        "version": model.version,
        "digest": model.digest,
        "content": spec_data(model.spec),
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def print_schema(arguments: argparse.Namespace) -> int:
    """Print a published JSON Schema."""
    print_document(schema_text(arguments.name))
    return 0
