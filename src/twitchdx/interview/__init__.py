"""One question after another, each with the reason why, until no answer is likely to change what to do."""

from __future__ import annotations

from twitchdx.interview.choosing import choose_question, weigh_offers
from twitchdx.interview.interviewing import MOST, Interview
from twitchdx.interview.repertoire import Offer, Repertoire
from twitchdx.interview.wording import Item, Question

__all__ = ["MOST", "Interview", "Item", "Offer", "Question", "Repertoire", "choose_question", "weigh_offers"]
