"""The paper's XLNet: its number of parameters by formula, saved and read bit for bit, and one step of training at full size."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import torch

from empirics.experiments import yelp
from empirics.experiments.yelp import network
from empirics.experiments.yelp.generated import generated
from empirics.experiments.yelp.tokenization import encode, train_tokenizer
from tests.stored_run import ROOT


def formula(d: int, layers: int, heads: int, width: int, inner: int, pieces: int) -> int:
    """By the shapes of XLNet: (shape, how often) of everything in one layer, and around the layers."""
    attention = 5 * d * heads * width + 3 * heads * width + 2 * heads * width + 2 * d
    feed_forward = d * inner + inner + inner * d + d + 2 * d
    around = pieces * d + d + (d * d + d) + (2 * d + 2)
    return layers * (attention + feed_forward) + around


@pytest.mark.parametrize("size", network.SIZES)
def test_the_number_of_parameters(size):
    s = network.SIZES[size]
    expected = formula(s.d_model, s.n_layer, s.n_head, s.d_head, s.d_inner, s.pieces)
    assert sum(p.numel() for p in yelp.build_model(size).parameters()) == expected
    assert size != "full" or expected == network.PARAMETERS == 35_493_122


def test_another_number_is_an_error(monkeypatch):
    monkeypatch.setattr(network, "PARAMETERS", network.PARAMETERS + 1)
    with pytest.raises(RuntimeError, match="must have 35,493,123 parameters, but has 35,493,122"):
        network.build_model()


def test_saved_and_read_bit_for_bit(tmp_path):
    model = yelp.build_model("tiny", seed=3)
    model.save_pretrained(tmp_path)
    again = network.WideHeadsXLNet.from_pretrained(tmp_path)
    assert again.config.d_head == 24 != model.config.d_model // model.config.n_head
    assert type(again.config) is network.WideHeadsConfig
    assert model.state_dict().keys() == again.state_dict().keys()
    assert all(torch.equal(p, again.state_dict()[name]) for name, p in model.state_dict().items())


def test_weights_descend_from_the_seed_alone():
    before = torch.random.get_rng_state()
    one, two, other = (yelp.build_model("tiny", seed=seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(p, two[name]) for name, p in one.items())
    assert not torch.equal(one["logits_proj.weight"], other["logits_proj.weight"])
    assert torch.equal(before, torch.random.get_rng_state())
    for bad, kind in (("huge", ValueError), (None, ValueError)):
        with pytest.raises(kind, match="size must be one of full, tiny"):
            yelp.build_model(bad)


def test_every_parameter_but_one_has_a_gradient():
    """mask_emb is for texts with gaps; segments give r_s_bias and seg_embed gradients that are more than rounding."""
    texts = generated(20).texts
    model = yelp.build_model("tiny")
    value = network.loss(model(**encode(train_tokenizer(texts, 200), texts, 40)), torch.arange(20) % 2)
    value.backward()
    sizes = {name: None if p.grad is None else float(p.grad.abs().max()) for name, p in model.named_parameters()}
    assert [name for name, size in sizes.items() if size is None] == ["transformer.mask_emb"]
    assert min(size for size in sizes.values() if size is not None) > 1e-9


def test_a_torchvision_that_does_not_fit(tmp_path):
    """One that is built for another torch raises when it is imported, and transformers imports it where it is there."""
    (tmp_path / "torchvision.py").write_text("raise RuntimeError('operator torchvision::nms does not exist')", encoding="utf-8")
    script = "import empirics.experiments.yelp.network, sys; print(sys.modules.get('torchvision', 'none') is None)"
    path = os.pathsep.join((str(tmp_path), str(ROOT)))
    command, settings = [sys.executable, "-c", script], {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(command, capture_output=True, encoding="utf-8", cwd=tmp_path, env=settings)
    assert done.returncode == 0 and done.stdout.strip() == "False", done.stderr


def test_loss_and_error_are_means_over_the_batch():
    class Outputs:
        logits = torch.tensor([[1.0, 0.0], [0.0, 2.0], [0.5, 0.0]])

    targets = torch.tensor([0, 1, 1])
    expected = (torch.tensor([1.0, 2.0, -0.5]).neg().exp() + 1).log().mean()
    assert network.loss(Outputs, targets) == pytest.approx(float(expected), abs=1e-6)
    assert network.error(Outputs, targets) == pytest.approx(1 / 3)


def test_a_step_at_full_size():
    """Batch 2, length 128: the loss of untrained weights is near log 2, a step changes every parameter that has a gradient."""
    reviews = generated(40)
    model = yelp.build_model()
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    inputs = encode(train_tokenizer(reviews.texts), reviews.texts[:2])
    assert inputs["input_ids"].shape == (2, 128)
    optimizer = torch.optim.AdamW(model.parameters(), lr=4e-5, eps=1e-8)
    value = network.loss(model(**inputs), torch.tensor(reviews.labels[:2]))
    value.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    assert float(value.detach()) == pytest.approx(0.693, abs=0.2)
    same = [name for name, p in model.named_parameters() if torch.equal(p, before[name])]
    assert same == ["transformer.mask_emb"]
