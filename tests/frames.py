"""Data frames of every kind with the same content, and their rows as plain data."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa

KINDS = ("pandas", "polars", "arrow", "record batch")


def frame_of(kind: str, columns: Mapping[str, Sequence[Any]]) -> Any:
    """A data frame of a kind, with the types that its library infers."""
    if kind == "pandas":
        return pd.DataFrame(dict(columns))
    if kind == "polars":
        return pl.DataFrame(dict(columns), strict=False)
    if kind == "arrow":
        return pa.table(dict(columns))
    return pa.record_batch(dict(columns))


def rows_of(frame: Any) -> list[dict[str, Any]]:
    """The rows of a data frame; None for what is missing, as its library says that it is missing."""
    if isinstance(frame, pd.DataFrame):
        return [
            {str(name): None if pd.isna(cell) else cell for name, cell in row.items()}
            for row in frame.astype(object).to_dict("records")
        ]
    rows: list[dict[str, Any]] = (
        frame.rows(named=True) if isinstance(frame, pl.DataFrame) else frame.to_pylist()
    )
    # What is missing is null there, and never NaN.
    assert not any(isinstance(cell, float) and math.isnan(cell) for row in rows for cell in row.values())
    return rows
