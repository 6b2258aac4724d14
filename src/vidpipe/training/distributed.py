"""Training on several devices, seen from inside a step: one process for each, of equal weights.

Every process draws the random numbers of the whole batch, and keeps those of its share. Gradients
are averaged between backward and step, in one flat sum: DDP and Fabric hook into backward, and do
not see gradient penalties (pytorch #47562). So the weights of all are, up to the rounding of sums,
what one process makes of the same batch, dropout and batch norm included.

With one process nothing here does anything.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

import torch
from torch import Tensor, distributed, nn
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _BatchNorm

Values = TypeVar("Values")
_INSIDE = ContextVar("inside an update", default=False)


def is_started() -> bool:
    """Return True in a process of several."""
    return distributed.is_available() and distributed.is_initialized()


def is_first() -> bool:
    """Return True in the process that measures, logs and writes."""
    return not is_started() or distributed.get_rank() == 0


@contextmanager
def sharing() -> Iterator[None]:
    """Share batches between the processes, until the end of the block.

    Outside, as where the first process measures diagnostics, each works for itself.
    """
    token = _INSIDE.set(is_started())
    try:
        yield
    finally:
        _INSIDE.reset(token)


def shares() -> int:
    """Return into how many shares a batch is divided: 1 outside of an update."""
    return distributed.get_world_size() if _INSIDE.get() else 1


def whole(count: int) -> int:
    """Return the size of the whole batch, of which a share has `count` samples."""
    return count * shares()


def own_share(values: Values, dim: int = 0) -> Values:
    """Return the share of this process.

    Args:
        values: Tensors of a whole batch: one, or a tuple or dataclass of such.
        dim: Their dimension of samples.
    """
    if shares() == 1 or values is None:
        return values
    parts: Any = values
    if isinstance(parts, Tensor):
        parts = parts.chunk(shares(), dim)[distributed.get_rank()]
    elif is_dataclass(parts):
        own = {field.name: own_share(getattr(parts, field.name), dim) for field in fields(parts)}
        parts = replace(parts, **own)  # type: ignore[type-var]
    else:
        # A named tuple is made of its parts, a plain one of a list of them.
        own_parts = [own_share(part, dim) for part in parts]
        parts = type(parts)(*own_parts) if hasattr(parts, "_fields") else tuple(own_parts)
    return parts


def average_gradients(optimizers: Iterable[torch.optim.Optimizer]) -> None:
    """Replace the gradients of all weights of some optimizers by their means over the shares."""
    if shares() == 1:
        return
    groups = (group for optimizer in optimizers for group in optimizer.param_groups)
    weights = (weight for group in groups for weight in group["params"])
    gradients = [weight.grad for weight in weights if weight.grad is not None]

    # One sum of all: it costs a few round trips, however many weights there are.
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    distributed.all_reduce(flat)
    flat /= shares()
    parts = torch.split(flat, [gradient.numel() for gradient in gradients])
    for gradient, part in zip(gradients, parts, strict=True):
        gradient.copy_(part.view_as(gradient))


def averaged(values: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the means of detached scalars over the shares."""
    if shares() == 1:
        return dict(values)
    means = torch.stack([value.float() for value in values.values()])
    distributed.all_reduce(means)
    return dict(zip(values, (means / shares()).unbind(), strict=True))


def gathered(values: Tensor) -> Tensor:
    """Return the values of the whole batch, detached."""
    if shares() == 1:
        return values
    own = values.detach().contiguous()
    parts = [torch.empty_like(own) for _ in range(shares())]
    distributed.all_gather(parts, own)
    return torch.cat(parts)


def follow_first(state: Mapping[str, Tensor], step: int) -> int:
    """Copy all tensors of the first process into those of the others; return its step."""
    if not is_started():
        return step
    tensors = list(state.values())
    # On the device of the weights, for NCCL moves nothing that is not on one.
    number = torch.tensor(step, device=tensors[0].device)
    for value in [*tensors, number]:
        distributed.broadcast(value, src=0)
    return int(number)


def share_layers(networks: Iterable[nn.Module]) -> None:
    """Let norms take their statistics of the whole batch, and dropout its mask."""
    shared = {_BatchNorm: SharedBatchNorm, nn.Dropout: SharedDropout}
    for layer in (layer for network in networks for layer in network.modules() if is_started()):
        for kind, shared_kind in shared.items():
            if isinstance(layer, kind):
                # Weights, statistics and names stay: optimizers and checkpoints hold on to them.
                layer.__class__ = shared_kind


class SharedBatchNorm(_BatchNorm):
    """Batch norm by the statistics of all shares; `nn.SyncBatchNorm` knows CUDA alone."""

    def _check_input_dim(self, input: Tensor) -> None: ...

    def forward(self, input: Tensor) -> Tensor:
        if not self.training or shares() == 1:
            return super().forward(input)
        # Mean and variance of the whole batch: shares are equal, so the means of means are means.
        dims = [0, *range(2, input.dim())]
        maps = input.to(torch.promote_types(input.dtype, torch.float32))
        mean = _mean(maps.mean(dims, keepdim=True))
        centred = maps - mean
        variance = _mean(centred.square().mean(dims, keepdim=True))

        # As torch has it, the running variance is the unbiased one.
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        assert self.momentum is not None
        count = whole(input.numel() // input.shape[1])
        unbiased = variance.detach().flatten() * (count / (count - 1))
        self.running_mean.lerp_(mean.detach().flatten(), self.momentum)
        self.running_var.lerp_(unbiased, self.momentum)
        self.num_batches_tracked.add_(1)

        # Not by `sqrt`, whose last bit differs from processor to processor.
        scale = (variance + self.eps).rsqrt()
        normalised = centred * scale
        if self.affine:
            shape = [1, -1] + [1] * (input.dim() - 2)
            normalised = normalised * self.weight.view(shape) + self.bias.view(shape)
        return normalised.to(input.dtype)


class SharedDropout(nn.Dropout):
    """Dropout by this share of the mask that one process would draw for the whole batch."""

    def forward(self, input: Tensor) -> Tensor:
        if not (self.training and self.p and shares() > 1):
            return super().forward(input)
        # In the layout of the input, by which torch fills a mask.
        ones = torch.cat([torch.ones_like(input)] * shares())
        return input * own_share(F.dropout(ones, self.p))


class _Mean(torch.autograd.Function):
    """The mean over the shares; so is its gradient, for losses are means over them too."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        total = values.clone()
        distributed.all_reduce(total)
        return total / distributed.get_world_size()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        (gradient,) = gradients
        return _mean(gradient)


def _mean(values: Tensor) -> Tensor:
    mean: Tensor = _Mean.apply(values)  # type: ignore[no-untyped-call]
    return mean
