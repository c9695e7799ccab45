"""The schemas as the code has them, from which the published files are written."""

from __future__ import annotations

import json
from typing import Any

from twitchdx.loading import case_schema, model_schema
from twitchdx.loading.schema import JSON_SCHEMA_DIALECT
from twitchdx.records import RESULT_SCHEMA_VERSION, DiagnosisRecord


def diagnosis_schema() -> dict[str, Any]:
    """The JSON Schema of `Diagnosis.to_dict()` (draft 2020-12)."""
    from pydantic import TypeAdapter

    schema = TypeAdapter(DiagnosisRecord).json_schema(mode="serialization")
    return {
        "$schema": JSON_SCHEMA_DIALECT,
        "title": f"twitchdx diagnosis, schema {RESULT_SCHEMA_VERSION}",
        **{key: value for key, value in schema.items() if key != "title"},
    }


def generate_schemas() -> dict[str, str]:
    """What each published file must hold: name of the schema -> JSON text."""
    schemas = {"model": model_schema(), "diagnosis": diagnosis_schema(), "case": case_schema()}
    return {name: json.dumps(each, indent=2, ensure_ascii=False) + "\n" for name, each in schemas.items()}
