"""A ledger in plain words: one paragraph for the person whom it is about, one for a professional.

Both are put together from the ledger and the labels of the model by fixed rules; no word comes from
elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from twitchdx.explain.accounts import Backing, Entry, Ledger, PlainWords, Prospect, WeakestNumber
from twitchdx.records import Candidate

#: How many observations are named on either side.
_NAMED = 4

# Least probability -> words. The scale of the IPCC's guidance on uncertainty (Mastrandrea et al. 2010), but
# for 10 % to 33 %: what it calls unlikely would sound too calm of a disease.
_VERDICTS = (
    (0.9, "very likely"),
    (0.66, "likely"),
    (0.33, "about as likely as not"),
    (0.1, "possible, though less likely than not"),
    (0.01, "unlikely"),
    (0.0, "very unlikely"),
)
# From this on probabilities are said in whole percent.
_IN_PERCENT = 0.02
# A smaller factor of the odds is not worth a word.
_NOTICEABLE = 1.5
# Another cause that explains less than this is not named beside the one that is put in words.
_WORTH_NAMING = 0.05
# Nobody knows a probability so small that it may be said more exactly.
_LEAST = 1e-7


def put_in_words(ledger: Ledger, *, care: str = "", rivals: Sequence[tuple[str, float]] = ()) -> PlainWords:
    """The two paragraphs about one cause.

    Parameters
    ----------
    ledger : Ledger
        From `explain_cause`.
    care : str, optional
        What the answer as a whole advises, in a few words.
    rivals : sequence of pairs, optional
        What else may explain the complaint, each with the probability that it does.
    """
    if ledger.certain is not None:
        patient, clinician = _certain(ledger)
    else:
        patient, clinician = _for_patient(ledger, rivals), _for_clinician(ledger)
    if care:
        patient += f" For all of your answers together the advice is: {care.rstrip('.')}."
    return PlainWords(cause=ledger.cause, patient=patient, clinician=clinician)


def name_rivals(differential: Sequence[Candidate], cause: str) -> list[tuple[str, float]]:
    """What else may explain the complaint: the first two other causes, with how probably each does."""
    named = [
        (each.label, each.responsibility)
        for each in differential
        if each.cause != cause and each.responsibility is not None and each.responsibility >= _WORTH_NAMING
    ]
    return named[:2]


def spoken_frequency(probability: float) -> str:
    """A probability as a natural frequency, neither nought nor all.

    >>> [spoken_frequency(p) for p in (0.9999, 0.42, 0.034, 0.0021, 0.000066, 1e-9)]
    ['all but 1 in 10,000', '42 in 100', '3 in 100', '1 in 480', '1 in 15,000', 'fewer than 1 in 10,000,000']
    """
    if probability > 0.99:
        return f"all but {spoken_frequency(1.0 - probability)}"
    if probability >= _IN_PERCENT:
        return f"{100.0 * probability:.0f} in 100"
    if probability < _LEAST:
        return f"fewer than 1 in {1.0 / _LEAST:,.0f}"
    return f"1 in {float(f'{1.0 / probability:.2g}'):,.0f}"


def _for_patient(ledger: Ledger, rivals: Sequence[tuple[str, float]]) -> str:
    # As it is said: a figure of 10 in 100 goes with the words for 10 %.
    spoken = round(ledger.posterior, 2) if ledger.posterior >= _IN_PERCENT else ledger.posterior
    (verdict,) = [word for least, word in _VERDICTS if spoken >= least][:1]
    all_others = f"of all whom the model describes ({ledger.population.rstrip('.')}), {_about(ledger.prior)}"
    said = [
        f"{ledger.label}: {verdict}.",
        f"Of people with the same answers as yours, {_about(ledger.posterior)} would have it; {all_others}.",
        _direction(ledger),
    ]
    if ledger.interval is not None:
        low, high = map(spoken_frequency, ledger.interval)
        if low != high:
            said.append(f"As far as the figures behind this are known, it could be from {low} to {high}.")
    sides = [("more", ledger.findings_for), ("less", ledger.findings_against)]
    for way, findings in sides if ledger.posterior >= ledger.prior else sides[::-1]:
        named = _names(findings)
        said.append(
            f"What makes it {way} likely: {named}."
            if named
            else f"Nothing here makes it clearly {way} likely."
        )
    changes = [
        _change(each)
        for each in _both_ways(ledger.prospects)
        if spoken_frequency(each.posterior) != spoken_frequency(ledger.posterior)
    ]
    if changes:
        said.append(f"What could change this: {'; '.join(changes)}.")
    if rivals:
        others = ", ".join(f"{label} ({spoken_frequency(each)})" for label, each in rivals)
        said.append(f"What else could be behind it: {others}.")
    said.append(
        "This is worked out from a model, which can be wrong: it proves nothing, and it cannot examine you."
    )
    if ledger.weakest is not None:
        said.append(_for_patient_weakest(ledger.weakest, ledger.posterior))
    return " ".join(said)


def _direction(ledger: Ledger) -> str:
    """By how much the answers move it, in words."""
    assert ledger.prior_decibans is not None
    assert ledger.posterior_decibans is not None
    factor = 10.0 ** ((ledger.posterior_decibans - ledger.prior_decibans) / 10.0)
    larger = max(factor, 1.0 / factor)
    if larger < _NOTICEABLE:
        return "Your answers hardly change that."
    times = f"{float(f'{larger:.1g}' if larger < 100 else f'{larger:.2g}'):,.0f} times"
    return f"Your answers make it about {times} {'more' if factor > 1.0 else 'less'} likely."


def _for_patient_weakest(weakest: WeakestNumber, posterior: float) -> str:
    judged = weakest.number.grade == "judgement"
    origin = "an estimate of the model's authors, not a count" if judged else "a published figure"
    said = f"The number on which it hangs most, about \u201c{weakest.label}\u201d, is {origin}"
    first, last = map(spoken_frequency, _range(weakest, posterior))
    if first == last:
        return f"{said}."
    over = (
        "its likely range" if _reached(weakest) else "as much of its likely range as the other numbers allow"
    )
    return f"{said}; that number alone, over {over}, moves the answer from {first} to {last}."


def _reached(weakest: WeakestNumber) -> bool:
    """Whether both ends of the interval were tried."""
    return (weakest.low, weakest.high) == (weakest.number.low, weakest.number.high)


def _for_clinician(ledger: Ledger) -> str:
    assert ledger.prior_decibans is not None
    assert ledger.posterior_decibans is not None
    before = f"{_percent(ledger.prior)} ({_decibans(ledger.prior_decibans)}; {ledger.population.rstrip('.')})"
    after = f"{_percent(ledger.posterior)} ({_decibans(ledger.posterior_decibans)}{_sureness(ledger)})"
    said = [
        f"{ledger.label}: pre-test probability {before}, post-test {after}.",
        f"For: {_weights(ledger.findings_for)}.",
        f"Against: {_weights(ledger.findings_against)}.",
    ]
    absent = _names(ledger.absent_that_mattered)
    if absent:
        said.append(f"Of these normal or absent: {absent}.")
    error = max((each.standard_error for each in ledger.entries), default=0.0)
    accuracy = "" if ledger.exact else f", with standard errors of at most {error:.1f} dB"
    said.append(
        f"Weights are {ledger.method}{accuracy}; they add up, and 10 dB is a factor of ten in the odds."
    )
    if ledger.prospects:
        results = "; ".join(
            f"{each.label}, {each.state_label} ({_decibans(each.decibans)}, expected in "
            f"{_percent(each.probability)}, then {_percent(each.posterior)})"
            for each in _both_ways(ledger.prospects)
        )
        said.append(f"Not known and weighty: {results}.")
    if ledger.weakest is not None:
        said.append(_for_clinician_weakest(ledger.weakest, ledger.posterior))
    said.append("The structure of the model is taken as given.")
    return " ".join(said)


def _sureness(ledger: Ledger) -> str:
    if ledger.interval is None:
        return ""
    low, high = map(_percent, ledger.interval)
    return f"; 95 % credible interval from the stated uncertainty of the numbers {low} to {high}"


def _for_clinician_weakest(weakest: WeakestNumber, posterior: float) -> str:
    number = weakest.number
    said = f"Weakest important number: {number.path} = {number.value:g} ({_origin(number)})"
    first, last = map(_percent, _range(weakest, posterior))
    if first == last:
        return f"{said}."
    over = "" if _reached(weakest) else ", as far as the other numbers allow,"
    return f"{said}; over its interval{over} the post-test probability goes from {first} to {last}."


def _certain(ledger: Ledger) -> tuple[str, str]:
    label_of = {each.variable: _name(each) for each in ledger.entries}
    reason = "; ".join(label_of[name] for name in ledger.decided_by)
    because = f"because of: {reason}" if reason else "whatever is observed"
    said = f"{ledger.label}: {ledger.certain} for certain in this model, {because}."
    patient = (
        f"{said} The model takes what was entered as true. It can be wrong, and so can what was entered: "
        "it proves nothing, and it cannot examine you."
    )
    clinician = (
        f"{said} There are no odds to be weighed; whether what was entered is right the model cannot tell."
    )
    return patient, clinician


def _both_ways(prospects: Sequence[Prospect]) -> list[Prospect]:
    """The weightiest result that would raise the odds, and the weightiest that would lower them."""
    raising = [each for each in prospects if each.decibans > 0.0][:1]
    lowering = [each for each in prospects if each.decibans < 0.0][:1]
    return raising + lowering


def _change(prospect: Prospect) -> str:
    return (
        f"{prospect.label}: with \u201c{prospect.state_label}\u201d it would be {_about(prospect.posterior)}"
    )


def _about(probability: float) -> str:
    said = spoken_frequency(probability)
    return said if said.startswith(("all", "fewer")) else f"about {said}"


def _names(entries: Sequence[Entry]) -> str:
    named = [_name(each) for each in entries[:_NAMED]]
    more = len(entries) - len(named)
    return "; ".join([*named, *([f"and {more} more"] if more else [])])


def _name(entry: Entry) -> str:
    if entry.state_label.startswith("{"):  # likelihoods
        return f"{entry.label} (uncertain)" if "(" not in entry.label else f"{entry.label}, uncertain"
    # One pair of brackets inside or after another is hard to read.
    if "(" in entry.label + entry.state_label:
        return f"{entry.label}, {entry.state_label}"
    return f"{entry.label} ({entry.state_label})"


def _weights(entries: Sequence[Entry]) -> str:
    """Observations with their weights; those that are not named are summed."""
    named = [f"{_name(each)} {_decibans(each.decibans or 0.0)}" for each in entries[:_NAMED]]
    rest = entries[_NAMED:]
    if rest:
        total = math.fsum(each.decibans or 0.0 for each in rest)
        named.append(f"{len(rest)} more {_decibans(total)}")
    return "; ".join(named) or "nothing of a deciban or more"


def _range(weakest: WeakestNumber, posterior: float) -> tuple[float, float]:
    """The least and the greatest probability as the number goes through its interval."""
    ends = [
        1.0 / (1.0 + 10.0 ** (-end / 10.0)) for end in (weakest.at_low, weakest.at_high) if end is not None
    ]
    return min([posterior, *ends]), max([posterior, *ends])


def _origin(number: Backing) -> str:
    between = f"95 % {number.low:g} to {number.high:g}, " if number.low is not None else ""
    size = f", n = {number.n:,}" if number.n else ""
    sources = f", {', '.join(number.sources)}" if number.sources else ""
    return f"{between}{number.grade}{size}{sources}"


def _percent(probability: float) -> str:
    if 0.001 <= probability <= 0.99:
        return f"{100.0 * probability:.2g} %"
    return spoken_frequency(probability)


def _decibans(weight: float) -> str:
    return f"{weight:+.1f} dB".replace("-", "\u2212")
