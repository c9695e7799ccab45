"""The schemas as the code has them, from which the published files are written."""

from __future__ import annotations

import json
from typing import Any

from twitchdx import records
from twitchdx.loading import case_schema, model_schema, validation_schema
from twitchdx.loading.publishing import published_schema


def diagnosis_schema() -> dict[str, Any]:
    """The JSON Schema of `Diagnosis.to_dict()` (draft 2020-12)."""
    from pydantic import TypeAdapter

    title = f"twitchdx diagnosis, schema {records.RESULT_SCHEMA_VERSION}"
    schema = TypeAdapter(records.DiagnosisRecord).json_schema(mode="serialization")
    return published_schema(title, records.DiagnosisRecord, records, schema)


def generate_schemas() -> dict[str, str]:
    """What each published file must hold: name of the schema -> JSON text."""
    schemas = {
        "model": model_schema(),
        "validation": validation_schema(),
        "diagnosis": diagnosis_schema(),
        "case": case_schema(),
    }
    return {name: json.dumps(each, indent=2, ensure_ascii=False) + "\n" for name, each in schemas.items()}
