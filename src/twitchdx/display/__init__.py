"""Records to text and HTML."""

from __future__ import annotations

from twitchdx.display.html import diagnosis_html
from twitchdx.display.text import diagnosis_text
from twitchdx.display.words import spoken_probability

__all__ = ["diagnosis_html", "diagnosis_text", "spoken_probability"]
