"""The courses of interviews as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from benchmarks.interviews import Course, Patient, share_agreeing, share_at_work, share_too_low
from twitchdx.interview import MOST

# Colours that everybody can tell apart (Okabe and Ito 2008), and as many markers and dashes.
_STYLES = (
    {"color": "#0072B2", "marker": "o", "linestyle": "-"},
    {"color": "#D55E00", "marker": "s", "linestyle": "--"},
    {"color": "#555555", "marker": "^", "linestyle": ":"},
)
_PANELS = (
    ("Leading cause is at work", share_at_work),
    ("Leading cause is as with all answers", share_agreeing),
    ("Level of care is too low", share_too_low),
)
_FIRST = 3
_Z = 1.96


def draw_courses(path: Path, courses: Mapping[str, Sequence[Course]], patients: Sequence[Patient]) -> None:
    """Write a picture of three panels, each a share of the patients by the number of questions."""
    # The same figures give the same file.
    with mpl.rc_context({"svg.hashsalt": "interview", "svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=(10, 3.4), layout="constrained")
        axes = figure.subplots(1, len(_PANELS))
        for axis, (title, share) in zip(axes, _PANELS, strict=True):
            for style, (name, course) in zip(_STYLES, courses.items(), strict=True):
                _draw_line(axis, name, style, [share(course, patients, n) for n in range(_FIRST, MOST + 1)])
            axis.set_title(title)
            axis.set_xlabel("questions, a checklist as one")
            axis.set_ylim(bottom=0)
            axis.yaxis.set_major_formatter("{x:.0f} %")
            axis.spines[["top", "right"]].set_visible(False)
        axes[0].set_ylabel(f"of {len(patients)} simulated patients")
        axes[-1].legend(frameon=False)
        figure.savefig(path, metadata={"Date": None})


def _draw_line(axis: Any, name: str, style: dict[str, str], found: Sequence[Sequence[bool]]) -> None:
    """A line with its 95 % interval (Wilson 1927) as a band."""
    count = len(found[0])
    share = np.array([np.mean(each) for each in found])
    centre = (share + _Z**2 / (2 * count)) / (1 + _Z**2 / count)
    half = _Z * np.sqrt(share * (1 - share) / count + _Z**2 / (4 * count**2)) / (1 + _Z**2 / count)
    at = np.arange(_FIRST, _FIRST + len(share))
    axis.plot(at, 100 * share, markersize=4, label=name, **style)
    axis.fill_between(
        at, 100 * (centre - half), 100 * (centre + half), color=style["color"], alpha=0.12, lw=0
    )
