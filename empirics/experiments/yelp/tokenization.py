"""Pieces of words: a unigram tokenizer trained on the corpus itself, and reviews as XLNet takes them, padded on the left.

A review becomes `pieces <sep> <cls>`, at most `length` of them, with <pad> before: the classifier reads the last position, which must be
<cls> for every review. <pad> has id 5 and is masked, as in XLNet's own vocabulary; segments are 0 for the text, 2 for <cls>, 3 for padding.
The paper pads "with zeros" (line 420). Before the text and masked, that is the same computation to the last bit, since no position
attends to padding: XLNet's first code did so. After the text, the classifier would read padding in the place of <cls>.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import torch
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers

from theory.exact import as_index

PIECES = 32_000  # XLNet's
LENGTH = 128  # the paper's (line 419)
SPECIAL = ("<unk>", "<s>", "</s>", "<cls>", "<sep>", "<pad>", "<mask>", "<eod>", "<eop>")  # XLNet's, in its order: ids 0 to 8
UNKNOWN, CLS, SEP, PAD = (SPECIAL.index(name) for name in ("<unk>", "<cls>", "<sep>", "<pad>"))
STEP = 1e-4  # of the trainer's scores
TEXT_SEGMENT, CLS_SEGMENT, PAD_SEGMENT = 0, 2, 3


def train_tokenizer(texts: Sequence[str], pieces: int = PIECES) -> Tokenizer:
    """A unigram tokenizer with at most `pieces` pieces, special ones included: fewer where the corpus has no more to give."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=as_index(pieces, "pieces", minimum=len(SPECIAL) + 1),
        special_tokens=list(SPECIAL),
        unk_token=SPECIAL[UNKNOWN],
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer, length=len(texts))
    scores = {piece: score for piece, score in json.loads(tokenizer.to_str())["model"]["vocab"] if piece not in SPECIAL}
    tokenizer.model = models.Unigram([*((name, 0.0) for name in SPECIAL), *_settled(scores)], unk_id=UNKNOWN)
    return tokenizer


def _settled(scores: dict[str, float]) -> list[tuple[str, float]]:
    """The pieces in one order, with scores that are the same every time.

    The trainer sums in an order that differs from process to process, and in that order it adds single characters that are left without a
    score: the lowest score of all, and 0.0001 more for every one. Here these all have the lowest.
    """
    lowest = min(scores.values())
    added = lowest + STEP * sum(len(piece) == 1 for piece in scores)
    settled = {p: round(lowest if len(p) == 1 and s < added else s, 6) for p, s in scores.items()}
    return sorted(settled.items(), key=lambda entry: (-entry[1], entry[0]))


def encode(tokenizer: Tokenizer, texts: Sequence[str], length: int = LENGTH) -> dict[str, torch.Tensor]:
    """`input_ids`, `attention_mask` (1 for what is no padding) and `token_type_ids` of every text, each (number of texts, length)."""
    length = as_index(length, "length", minimum=3)
    shape = (len(texts), length)
    ids, segments = torch.full(shape, PAD), torch.full(shape, PAD_SEGMENT)
    for row, found in enumerate(tokenizer.encode_batch(list(texts), add_special_tokens=False)):
        pieces = [*found.ids[: length - 2], SEP, CLS]
        ids[row, -len(pieces) :] = torch.tensor(pieces)
        segments[row, -len(pieces) :] = TEXT_SEGMENT
    segments[:, -1] = CLS_SEGMENT
    return {"input_ids": ids, "attention_mask": (segments != PAD_SEGMENT).float(), "token_type_ids": segments}
