"""A corpus that is made up: reviews of places, whose sentiment is in their words, negations included, and can be learned from them.

Nothing is downloaded and nobody's texts are used. A review says something good or bad of some aspects; most of what it says, not all of
it, has the sentiment of its label, so that no classifier is always right; names of places and dishes carry no sentiment, and can be
learned by heart.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from empirics.experiments.yelp.reviews import Reviews
from theory.exact import as_index


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


ASPECTS = _words(
    """food service staff kitchen waiter waitress menu pizza pasta soup salad bread steak fish coffee tea dessert cake wine beer room bed
    bath view pool parking price bill table music light garden bar lunch breakfast dinner shop counter clerk owner delivery order"""
)
GOOD = _words(
    """good great tasty fresh friendly excellent lovely clean quick warm delicious perfect charming cheap honest cosy polite generous
    superb wonderful pleasant crisp tender helpful attentive"""
)
BAD = _words(
    """bad awful bland stale rude terrible dirty slow cold greasy dreadful noisy dull expensive dishonest cramped careless stingy poor
    horrible unpleasant soggy tough useless sloppy"""
)
DEGREES = ("", "", "", "very ", "really ", "quite ", "so ")
ENDS = (
    "we went there on {day} with {name}",
    "my {who} told me about {name}",
    "this was visit number {count} to {name}",
    "{name} is near my work",
)
DAYS = _words("monday tuesday wednesday thursday friday saturday sunday")
PEOPLE = _words("brother sister boss neighbour friend doctor teacher cousin")
SYLLABLES = _words("ba be bo da di do fa fe ga go ka ki la le lo ma mi mo na no pa po ra re ri sa so ta ti to va vi za zo")
AGREES = 0.8  # of what a review says, the share that has the sentiment of its label
NEGATED = 0.25


def generated(count: int, seed: int = 0) -> Reviews:
    """`count` reviews, half of either label in expectation; the same ones for the same seed. ValueError for a count below 2."""
    count = as_index(count, "count", minimum=2)
    draw = np.random.Generator(np.random.PCG64DXSM(np.random.SeedSequence(as_index(seed, "seed"), spawn_key=(count,))))
    labels = draw.integers(0, 2, size=count).tolist()
    texts = tuple(_review(draw, label) for label in labels)
    return Reviews(texts, tuple(labels), f"{count:,} reviews made up for this purpose")


def _review(draw: np.random.Generator, label: int) -> str:
    opinions = [_opinion(draw, bool(label) == (draw.random() < AGREES)) for _ in range(draw.integers(2, 6))]
    name = "".join(_one(draw, SYLLABLES) for _ in range(draw.integers(2, 5))) + "'s"
    end = _one(draw, ENDS).format(day=_one(draw, DAYS), who=_one(draw, PEOPLE), count=draw.integers(2, 40), name=name)
    return ". ".join([*opinions, end]) + "."


def _opinion(draw: np.random.Generator, is_good: bool) -> str:
    """A sentence of that sentiment: a word of it, or the negation of a word of the other."""
    is_negated = draw.random() < NEGATED
    word = _one(draw, GOOD if is_good != is_negated else BAD)
    return f"the {_one(draw, ASPECTS)} was {'not ' if is_negated else ''}{_one(draw, DEGREES)}{word}"


def _one(draw: np.random.Generator, words: Sequence[str]) -> str:
    return words[int(draw.integers(len(words)))]
