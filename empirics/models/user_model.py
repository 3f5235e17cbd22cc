"""A user's model with its loss and its data: checked, parameters by name, the gradient of a batch, and everything left as it was."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from empirics.models.examples import Batch, Examples
from empirics.sampling.streams import torch_generator
from theory.exact import did_you_mean, shown

#: A batch on which a model is tried before anything is measured.
TRIAL = 2

#: Layers whose noise is dropout of their own activations. A subclass may draw something else.
DROPOUTS = frozenset({
    nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, nn.FeatureAlphaDropout,
    nn.MultiheadAttention, nn.RNN, nn.LSTM, nn.GRU,
})  # fmt: skip
#: Those among them that drop channels, and take what has too few dimensions for channels of one example.
OF_CHANNELS = frozenset({nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.FeatureAlphaDropout})


class NotAMeanError(ValueError):
    """The loss of a batch is not the mean over its examples."""


class UserModel:
    """A torch module, a loss and a data set, as they are handed to `gradient_noise` and `measure`.

    Attributes:
        model, loss: as given; outputs are model(inputs), model(*inputs) for a tuple, model(**inputs) for a dict.
        examples: the data set, `len(examples)` of them.
        parameters: {name: parameter} of what is differentiated, in the model's order; a tied one once, under its first name.
        aliases: {name: other names} of the tied ones.
        frozen: names of parameters without requires_grad.
        device: where all parameters are; batches are moved there.

    Args:
        parameters: which parameters to look at, by name or as the parameters themselves; None for all that require a gradient.
        collate: of a list of the data set's items to (inputs, targets), as a DataLoader's `collate_fn`.

    Raises TypeError or ValueError that names the argument, what it was and what it must be. Nothing is computed: `try_out` does that.
    """

    def __init__(
        self,
        model: nn.Module,
        loss: Callable[[Any, Any], Tensor],
        dataset: Any,
        *,
        parameters: Iterable[str | nn.Parameter] | None = None,
        collate: Callable[[list[Any]], Any] | None = None,
    ) -> None:
        if not isinstance(model, nn.Module):
            raise TypeError(f"model must be a torch.nn.Module, but was {shown(model)}")
        if not callable(loss) or isinstance(loss, type):
            raise TypeError(f"loss must be a function of outputs and targets that gives their mean loss, but was {shown(loss)}")
        self.model, self.loss = model, loss
        self.examples = Examples(dataset, collate)
        names = _names(model)
        self.frozen = tuple(each[0] for p, each in names.items() if not p.requires_grad)
        chosen = _chosen(names, parameters)
        self.parameters: dict[str, nn.Parameter] = {names[p][0]: p for p in chosen}
        self.aliases = {names[p][0]: names[p][1:] for p in chosen if len(names[p]) > 1}
        self.device = _one_device(model)
        _require_gradients_of(model)

    @property
    def dtype(self) -> torch.dtype:
        """The widest of the parameters."""
        return max((p.dtype for p in self.parameters.values()), key=lambda dtype: torch.finfo(dtype).bits)

    def batch(self, indices: Sequence[int] | np.ndarray) -> Batch:
        """The examples with these indices, on the model's device."""
        with torch.inference_mode(False):  # of its tensors no gradient would come, wherever they have been made
            return self.examples.batch(indices).to(self.device).map(lambda x: x.clone() if x.is_inference() else x)

    def outputs(self, inputs: Any) -> Any:
        """model(inputs), in whatever mode the model is."""
        positional, named = call_arguments(inputs)
        return self.model(*positional, **named)

    def loss_of(self, batch: Batch) -> Tensor:
        """loss(model(inputs), targets), a number that can be differentiated. ValueError for a loss that is none, and for what raises."""
        return self.outputs_and_loss(batch)[1]

    def outputs_and_loss(self, batch: Batch) -> tuple[Any, Tensor]:
        """model(inputs) as well."""
        try:
            outputs = self.outputs(batch.inputs)
            value = self.loss(outputs, batch.targets)
        except Exception as error:
            told = f"raised {shown(error, 200)}"
            raise ValueError(f"model and loss must have a value on every batch, but on one of {len(batch)} {told}") from error
        return outputs, self.number(value)

    def gradient(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss of a batch (detached) and the gradient by parameter name; zeros for a parameter that it does not depend on.

        `parameter.grad` is left alone; the gradients of sparse embeddings are made dense. Call it inside `undisturbed`.
        """
        value = self.loss_of(batch)
        if not value.requires_grad:
            return value.detach(), {name: torch.zeros_like(p) for name, p in self.parameters.items()}
        found = torch.autograd.grad(value, list(self.parameters.values()), allow_unused=True)
        pairs = zip(self.parameters.items(), found, strict=True)
        return value.detach(), {name: torch.zeros_like(p) if g is None else dense(g) for (name, p), g in pairs}

    def try_out(self) -> tuple[str, ...]:
        """One batch of two examples forward and backward, before any work: names of the parameters that the loss does not depend on.

        ValueError that says what is wrong: a model or a loss that raises, a loss that is no number or not finite, no gradient at all.
        """
        batch = self.batch(range(min(TRIAL, len(self.examples))))
        with self.undisturbed():
            value = self.loss_of(batch)
            require_finite(value, "the first examples")
            if not value.requires_grad:
                raise ValueError("loss must depend on the parameters of the model, but its value has no gradient")
            try:
                found = torch.autograd.grad(value, list(self.parameters.values()), allow_unused=True)
            except Exception as error:
                raise ValueError(f"loss must have a gradient, but the backward pass raised {shown(error, 200)}") from error
        for name, g in zip(self.parameters, found, strict=True):
            if g is not None and not torch.isfinite(dense(g)).all():
                raise ValueError(f"loss must have a finite gradient, but that of {name} is not, on the first examples")
        unused = tuple(name for name, g in zip(self.parameters, found, strict=True) if g is None)
        if len(unused) == len(self.parameters):
            raise ValueError(f"loss must depend on parameters, but depends on none of {', '.join(unused[:5])}")
        return unused

    @staticmethod
    def number(value: Any) -> Tensor:
        """What a loss gave, as a tensor without dimensions. ValueError for what is no real number."""
        if not isinstance(value, Tensor) or value.numel() != 1 or value.is_complex():
            told = f"a tensor of shape {tuple(value.shape)}" if isinstance(value, Tensor) else shown(value)
            raise ValueError(f"loss must give one real number, the mean over the examples of a batch, but gave {told}")
        return value.reshape(())

    @contextmanager
    def undisturbed(self, seed: int | np.random.SeedSequence | None = None) -> Iterator[None]:
        """Inside, gradients are recorded whatever the caller's mode; afterwards buffers, modes and torch's random state are as before.

        `seed`: torch's generators start from it, inside. Parameters and their .grad are nobody's business here: do not touch them.
        """
        modes = [(module, module.training) for module in self.model.modules()]
        buffers = [(buffer, buffer.detach().clone()) for buffer in self.model.buffers() if not is_lazy(buffer)]
        places = [(module, dict(module._buffers)) for module in self.model.modules()]
        cuda = [self.device] if self.device.type == "cuda" else []
        with torch.random.fork_rng(devices=cuda), torch.inference_mode(False), torch.enable_grad():
            if seed is not None:
                self._start_from(seed if isinstance(seed, np.random.SeedSequence) else np.random.SeedSequence(seed))
            try:
                yield
            finally:
                for module, training in modes:
                    module.training = training
                for module, held in places:  # a model may have put others in their place: self.n = self.n + 1
                    module._buffers.clear()
                    module._buffers.update(held)
                with torch.no_grad():
                    for buffer, before in buffers:
                        buffer.copy_(before)

    def _start_from(self, sequence: np.random.SeedSequence) -> None:
        """The generators that models draw from: torch's of the CPU, and the one of the model's device."""
        torch.set_rng_state(torch_generator(sequence, torch.device("cpu")).get_state())
        if self.device.type == "cuda":
            with torch.cuda.device(self.device):
                torch.cuda.manual_seed(int(sequence.generate_state(1, np.uint64)[0] >> np.uint64(1)))

    def draws(self, batch: Batch) -> bool:
        """Whether torch's random state moves as the batch goes through model and loss, whatever becomes of what is drawn."""
        with self.undisturbed(seed=0):
            before = self._random_states()
            self.gradient(batch)
            return any(not torch.equal(one, two) for one, two in zip(before, self._random_states(), strict=True))

    def _random_states(self) -> list[Tensor]:
        return [torch.get_rng_state(), *([torch.cuda.get_rng_state(self.device)] if self.device.type == "cuda" else [])]

    def dropouts(self) -> list[nn.Module]:
        """Layers of torch's that draw for every example by itself, where the examples are in front of what goes through them."""
        return [module for module in self.model.modules() if type(module) in DROPOUTS]

    @contextmanager
    def without_noise(self) -> Iterator[None]:
        """Inside, dropout layers draw nothing; everything else keeps its mode, so that what couples examples still does."""
        modes = [(module, module.training) for module in self.dropouts()]
        for module, _ in modes:
            module.training = False
        try:
            yield
        finally:
            for module, training in modes:
                module.training = training


def call_arguments(inputs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """What a model is called with: the inputs alone, a tuple's items one by one, a dict's by name."""
    if isinstance(inputs, dict):
        return (), inputs
    return (tuple(inputs), {}) if isinstance(inputs, tuple | list) else ((inputs,), {})


def dense(gradient: Tensor) -> Tensor:
    """A gradient as an ordinary tensor: sparse embeddings have others."""
    return gradient.to_dense() if gradient.is_sparse else gradient


def require_finite(loss: Tensor, where: str) -> float:
    """The loss as a float; ValueError for NaN and infinity."""
    value = float(loss.detach())
    if not math.isfinite(value):
        raise ValueError(f"loss must be finite, but was {value} on {where}")
    return value


def _names(model: nn.Module) -> dict[nn.Parameter, tuple[str, ...]]:
    """All names of every parameter, the first one first."""
    found: dict[nn.Parameter, tuple[str, ...]] = {}
    for name, parameter in model.named_parameters(remove_duplicate=False):
        found[parameter] = (*found.get(parameter, ()), name)
    for parameter, names in found.items():
        if is_lazy(parameter):
            raise ValueError(f"model must be initialised, but {names[0]} is lazy: call the model once before")
        if parameter.is_meta:
            raise ValueError(f"model must have values, but {names[0]} is on the device 'meta'")
        if parameter.is_complex():
            raise ValueError(f"model must have real parameters, but {names[0]} is complex")
    return found


def _chosen(names: dict[nn.Parameter, tuple[str, ...]], asked: Iterable[str | nn.Parameter] | None) -> list[nn.Parameter]:
    """In the model's order, each once."""
    if asked is None:
        trainable = [p for p in names if p.requires_grad]
        if not trainable:
            raise ValueError(f"model must have a parameter that requires a gradient, but has none among its {len(names)}")
        return trainable
    if isinstance(asked, str | Tensor) or not isinstance(asked, Iterable):
        raise TypeError(f"parameters must be names of parameters, such as ['0.weight'], or None for all, but was {shown(asked)}")
    by_name = {name: p for p, each in names.items() for name in each}
    wanted = set()
    for item in asked:
        if isinstance(item, str):
            if item not in by_name:
                raise ValueError(f"parameters must be names of the model's, but had {shown(item)}{did_you_mean(item, by_name)}")
            parameter = by_name[item]
        elif isinstance(item, nn.Parameter) and item in names:
            parameter = item
        else:
            raise ValueError(f"parameters must be names of the model's parameters, or these themselves, but had {shown(item)}")
        if not parameter.requires_grad:
            raise ValueError(f"parameters must require a gradient, but {names[parameter][0]} is frozen")
        wanted.add(parameter)
    if not wanted:
        raise ValueError("parameters must have one name at least, but had none")
    return [p for p in names if p in wanted]


def _require_gradients_of(model: nn.Module) -> None:
    """ValueError for what nobody can train."""
    for name, tensor in (*model.named_parameters(), *model.named_buffers()):
        if tensor.is_inference():
            raise ValueError(f"model must be made or loaded outside of torch.inference_mode(), but its {name} was made within")


def _one_device(model: nn.Module) -> torch.device:
    devices = {p.device for p in model.parameters()}
    if len(devices) > 1:
        raise ValueError(f"model must be on one device, but its parameters are on {', '.join(sorted(map(str, devices)))}")
    return devices.pop()
