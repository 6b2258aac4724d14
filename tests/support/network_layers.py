"""What layers give."""

from torch import Tensor


def shapes(network, *inputs):
    """Shape after each layer with weights, in order; norms have none."""
    seen = []
    for layer in network.modules():
        weight = getattr(layer, "weight", None)
        if isinstance(weight, Tensor) and weight.dim() > 1:
            layer.register_forward_hook(lambda *call: seen.append(tuple(call[-1].shape[1:])))
    network(*inputs)
    return seen
