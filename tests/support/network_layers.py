"""What layers give."""

from torch import nn


def shapes(network, *inputs):
    """Shape after each layer with weights, in order."""
    seen = []
    for layer in network.modules():
        if isinstance(layer, nn.Linear | nn.modules.conv._ConvNd):
            layer.register_forward_hook(lambda *call: seen.append(tuple(call[-1].shape[1:])))
    network(*inputs)
    return seen
