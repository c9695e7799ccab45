"""The squeaking hinge with what a decision needs, stated once as numbers.

The files of the model are made of these numbers, and so is the decision tree of `decision_tree.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import twitchdx as dx
from models import spoiled, write_model

RATE = 60.0
QUESTION = 0.02
#: Level -> delay in days, burden, cost. One level is left out: not all of them need to be stated.
CARE = {
    "self_care": (20.0, 0.0, 0.0),
    "routine": (8.0, 0.4, 30.0),
    "urgent": (0.5, 2.0, 150.0),
    "emergency": (0.05, 6.0, 600.0),
}
#: Outcome -> loss, what it counts, cause -> state -> hazard a day, and -> days after which that ends.
OUTCOMES: dict[str, tuple[float, str, dict[str, dict[str, float]], dict[str, dict[str, float]]]] = {
    "fall": (
        100.0,
        "once",
        {
            "rust": {"mild": 0.002, "severe": 0.02},
            "wear": {"present": 0.004},
            "loose_screw": {"present": 0.006},
        },
        {"rust": {"severe": 5.0}, "loose_screw": {"present": 3.0}},
    ),
    "jam": (30.0, "once", {"wear": {"present": 0.03}, "rust": {"severe": 0.02}}, {}),
    "noise": (
        3.0,
        "each",
        {
            "rust": {"mild": 0.03, "severe": 0.08},
            "wear": {"present": 0.05},
            "loose_screw": {"present": 0.04},
        },
        {"wear": {"present": 4.0}},
    ),
    "dust": (12.0, "once", {"loose_screw": {"present": 0.01}}, {}),
}
#: Action -> benefit for each cause, benefit always, harm, burden, cost, evidence that forbids it.
ACTIONS: dict[str, tuple[dict[str, float], float, float, float, float, dict[str, tuple[str, ...]]]] = {
    "oil_it": ({"rust": 4.0, "wear": 2.5}, 0.0, 0.5, 0.3, 30.0, {"season": ("damp",)}),
    "tighten": ({"loose_screw": 5.0}, 0.1, 0.0, 0.6, 0.0, {}),
    "replace_pin": ({"wear": 12.0, "rust": 3.0}, 0.0, 1.0, 0.0, 240.0, {"rust_meter": ("normal",)}),
    "repaint": ({}, 0.2, 0.1, 0.2, 6.0, {}),
    "close_the_door": ({}, 0.4, 0.0, 0.05, 6.0, {}),
}
#: Test -> sample, burden, cost.
TESTS = {
    "rust_meter": ("swab", 0.05, 3.0),
    "pin_probe": ("swab", 0.08, 5.0),
    "shake_test": ("", 0.2, 1.0),
    "paper_strip": ("swab", 0.06, 0.5),
}
#: Rule -> level, whether it is a red flag.
RULES = {
    "loud_and_wobbling": ("emergency", True),
    "wobbling": ("soon", True),
    "likely_rust": ("routine", False),
    "certain_wear": ("soon", False),
    "likely_screw": ("urgent", False),
}
#: Dangerous cause -> level of its caution, least probability, upper end of the interval. Of rust the upper
#: end decides as a rule; of the screw it is the probability.
CAUTION = {"rust": ("emergency", 0.15, 0.4), "loose_screw": ("emergency", 0.3, 0.32)}


def number(value: float, form: str = "quantity") -> str:
    """An estimate."""
    high = min(2 * value, 1.0) if form == "probability" else 2 * value
    return (
        f"{{value: {value}, low: {0.5 * value}, high: {high}, form: {form}, grade: judgement, note: a guess}}"
    )


def _row(when: str, **chances: float) -> str:
    given = ", ".join(f"{state}: {number(each, 'probability')}" for state, each in chances.items())
    return f"          - {{when: {{{when}}}, probabilities: {{{given}}}}}\n"


def _test(name: str, states: str, rows: Sequence[str]) -> str:
    sample, burden, cost = TESTS[name]
    head = f"  {name}:\n    label: {name}\n    definition: A reading.\n    question: What?\n"
    head += f"    states: {states}\n"
    taken = f"    sample: {sample}\n" if sample else ""
    price = f"    burden: {number(burden)}\n    cost: {number(cost)}\n"
    return head + taken + price + "    distribution:\n      table:\n        rows:\n" + "".join(rows)


_MORE_TESTS = (
    _test(
        "pin_probe",
        "{smooth: smooth, pitted: pitted, eaten: eaten}",
        [
            _row("rust: [absent]", pitted=0.1, eaten=0.01),
            _row("rust: [mild]", pitted=0.55, eaten=0.1),
            _row("rust: [severe]", pitted=0.3, eaten=0.6),
        ],
    )
    + _test(
        "shake_test",
        "{quiet: quiet, rattling: rattling}",
        [
            _row("wear: [absent], loose_screw: [absent]", rattling=0.03),
            _row("wear: [present], loose_screw: [absent]", rattling=0.5),
            _row("wear: [absent], loose_screw: [present]", rattling=0.8),
            _row("wear: [present], loose_screw: [present]", rattling=0.95),
        ],
    )
    + _test(
        "paper_strip",
        "{white: white, red: red}",
        [
            _row("rust: [absent], season: [dry, damp]", red=0.15),
            _row("rust: [mild, severe], season: [dry]", red=0.7),
            _row("rust: [mild, severe], season: [damp]", red=0.5),
        ],
    )
)


def _step(name: str) -> str:
    benefit, always, harm, burden, cost, forbidden = ACTIONS[name]
    given = {"benefit_always": always, "harm": harm, "burden": burden, "cost": cost}
    lines = [f"    {key}: {number(each)}" for key, each in given.items() if each]
    if benefit:
        each_of = ", ".join(f"{cause}: {number(each)}" for cause, each in benefit.items())
        lines.append(f"    benefit: {{{each_of}}}")
    if forbidden:
        states = ", ".join(f"{name}: [{', '.join(each)}]" for name, each in forbidden.items())
        lines.append(f"    unless: {{evidence: {{{states}}}}}")
    return "\n".join(lines) + "\n"


def _decision() -> str:
    lines = ["decision:", "  unit: quiet days", "  currency: EUR", f"  money_per_unit: {number(RATE)}"]
    lines += [f"  question_burden: {number(QUESTION)}", "  outcomes:"]
    for name, (loss, counts, hazards, over) in OUTCOMES.items():
        lines += [f"    {name}:", f"      label: A {name}", "      definition: What a guess says."]
        lines += [f"      counts: {counts}", f"      loss: {number(loss)}"]
        for key, form, given in (("hazards", "rate", hazards), ("over_after_days", "quantity", over)):
            if given:
                lines.append(f"      {key}:")
            for cause, states in given.items():
                each_of = ", ".join(f"{state}: {number(each, form)}" for state, each in states.items())
                lines.append(f"        {cause}: {{{each_of}}}")
    lines.append("  caution:")
    for cause, (level, at_least, upper) in CAUTION.items():
        lines += [f"    {cause}:", f"      level: {level}", "      reason: It may sit where nobody sees it."]
        lines.append(f"      at_least: {number(at_least, 'probability')}")
        lines.append(f"      upper: {number(upper, 'probability')}")
    return "\n".join(lines) + "\n"


_LIKELY_SCREW = """\
  likely_screw:
    label: A loose screw is likely
    level: urgent
    when: {posterior: {loose_screw: {at_least: 0.2}}}
    reason: A screw falls out one day.
    note: a guess
"""


def deciding_texts(stated: Collection[str] = tuple(CARE)) -> dict[str, str]:
    """The files of the model, in which some levels of care state how long they take and what they cost."""
    tails = {
        "self_care": "sources: [manual]}",
        "routine": "reason: It is no hurry.}",
        "urgent": "answers: [fact.oil_helps]}\n  emergency",
        "emergency": "reason: The door may fall.}",
    }
    changes = []
    for level in stated:
        delay, burden, cost = CARE[level]
        told = f", delay_days: {number(delay)}, burden: {number(burden)}, cost: {number(cost)}}}"
        changes.append((tails[level], tails[level].replace("}", told, 1)))
    _, burden, cost = TESTS["rust_meter"]
    oiling = "    unless: {evidence: {season: [damp]}}\n"
    old_cost = "    cost: {value: 3, low: 2, high: 4, form: quantity, grade: judgement, note: a guess}\n"
    changes += [
        (oiling, _step("oil_it")),
        (old_cost, f"    burden: {number(burden)}\n    cost: {number(cost)}\n"),
    ]
    written = spoiled(*changes)
    variables, steps = written["b_variables.yaml"], written["c_steps.yaml"]
    more = ""
    for name in ACTIONS:
        if name != "oil_it":
            more += f"  {name}:\n    kind: self_care\n    action: Do it.\n    reason: It helps.\n"
            more += "    note: a guess\n" + _step(name)
    steps = steps[: steps.index("decision:\n")] + more + _decision()
    steps = steps.replace("steps:\n", f"{_LIKELY_SCREW}steps:\n", 1)
    return {**written, "b_variables.yaml": variables + _MORE_TESTS, "c_steps.yaml": steps}


def deciding_model(folder: Path, texts: Mapping[str, str] | None = None) -> dx.Model:
    """The model, written into a folder and loaded."""
    return dx.load_model(
        write_model(folder / "squeaking_hinge", deciding_texts() if texts is None else texts)
    )
