"""Pieces of words: the same ones in every process, padding before the text, and zeros in its place the same computation."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import pytest
import torch

from empirics.experiments.yelp import network
from empirics.experiments.yelp.generated import generated
from empirics.experiments.yelp.tokenization import CLS, PAD, SEP, SPECIAL, encode, train_tokenizer
from tests.stored_run import ROOT

SCRIPT = """
import hashlib
from empirics.experiments.yelp.generated import generated
from empirics.experiments.yelp.tokenization import train_tokenizer
print(hashlib.sha256(train_tokenizer(generated(300).texts, 200).to_str().encode()).hexdigest())
"""


@pytest.fixture(scope="module")
def texts():
    return generated(300).texts


def test_another_process_trains_the_same_tokenizer(texts):
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, encoding="utf-8", cwd=ROOT, check=True)
    assert done.stdout.strip() == hashlib.sha256(train_tokenizer(texts, 200).to_str().encode()).hexdigest()


def test_pieces_are_as_many_as_asked_or_as_there_are(texts):
    assert train_tokenizer(texts, 200).get_vocab_size() == 200
    few = train_tokenizer(texts, 32_000)
    assert len(SPECIAL) < few.get_vocab_size() < 1000
    assert [few.id_to_token(i) for i in range(len(SPECIAL))] == list(SPECIAL)
    with pytest.raises(ValueError, match="pieces must be at least 10, but was 9"):
        train_tokenizer(texts, 9)


def test_a_text_is_its_pieces(texts):
    """Nothing is lost: pieces put together are the text, with a mark where a word begins."""
    tokenizer = train_tokenizer(texts, 200)
    for text in texts[:20]:
        found = tokenizer.encode(text)
        assert "".join(found.tokens).replace("▁", " ").strip() == text and 0 not in found.ids
    assert tokenizer.encode("the food was ☃").ids[-1] == 0  # <unk>


def test_padding_is_before_the_text_and_masked(texts):
    tokenizer = train_tokenizer(texts, 200)
    made = encode(tokenizer, ["the food was good", texts[0] * 9], 16)
    ids, mask, segments = (made[name] for name in ("input_ids", "attention_mask", "token_type_ids"))
    pieces = tokenizer.encode("the food was good").ids
    assert ids[0].tolist() == [PAD] * (14 - len(pieces)) + [*pieces, SEP, CLS]
    assert mask[0].tolist() == [0.0] * (14 - len(pieces)) + [1.0] * (len(pieces) + 2)
    assert segments[0].tolist() == [3] * (14 - len(pieces)) + [0] * (len(pieces) + 1) + [2]
    assert ids[1].tolist() == [*tokenizer.encode(texts[0] * 9).ids[:14], SEP, CLS] and mask[1].min() == 1


def test_zeros_before_the_text_are_the_same_computation(texts):
    """The loss and every gradient to the last bit, whatever the id of the padding; not so where padding is not masked."""
    inputs = encode(train_tokenizer(texts, 200), ["the food was good", "the staff was rude"], 16)
    targets, model = torch.tensor([1, 0]), network.build_model("tiny").eval()

    def computed(**changed):
        value = network.loss(model(**(inputs | changed)), targets)
        found = torch.autograd.grad(value, list(model.parameters()), allow_unused=True)
        return value, [g for g in found if g is not None]

    zeros = inputs["input_ids"] * (inputs["input_ids"] != PAD)
    (one, first), (two, second) = computed(), computed(input_ids=zeros)
    assert (zeros == 0).any() and one == two and all(map(torch.equal, first, second))
    assert computed(attention_mask=torch.ones(2, 16))[0] != one
