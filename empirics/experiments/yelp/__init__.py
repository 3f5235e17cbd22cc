"""The paper's Figure 4 (Sections 4.1.3 and 4.2, lines 399-420 and 466-471): a small XLNet tells good reviews from bad, at two batch sizes.

    from empirics.experiments import yelp
    model = yelp.build_model()          # 35,493,122 parameters, random

reviews.py        labelled reviews from CSV files, with every fault named by its line
generated.py      a corpus that is made up, for whoever has no reviews
corpora.py        the training and the validation set: a file, an installed package, or the made-up corpus
tokenization.py   a unigram tokenizer trained on the training set, and reviews as XLNet takes them
xlnet_classes.py  what is taken from transformers
network.py        the network, its loss and its error
training.py       the optimizer, its schedule, and how gradients are clipped
experiment.py     the runs, at full or reduced size, and their stores

What needs transformers is loaded when it is first used: bad arguments do not wait for it.
"""

from typing import TYPE_CHECKING, Any

from empirics.extra import require_extra

if TYPE_CHECKING:
    from empirics.experiments.yelp.network import build_model

__all__ = ["build_model"]

require_extra(__name__, "yelp")


def __getattr__(name: str) -> Any:
    if name != "build_model":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from empirics.experiments.yelp.network import build_model

    return build_model
