"""Records to text and HTML."""

from __future__ import annotations

from twitchdx.display.html import diagnosis_html
from twitchdx.display.text import diagnosis_text

__all__ = ["diagnosis_html", "diagnosis_text"]
