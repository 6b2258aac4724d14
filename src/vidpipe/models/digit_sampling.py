"""Pictures of digits from a trained generator."""

import torch
from jaxtyping import UInt8
from torch import Tensor

from vidpipe.models.noise import FromNoiseGenerator, Noise
from vidpipe.models.pixels import to_uint8

BATCH = 500  # pictures generated at a time


@torch.no_grad()
def sample_digits(
    generator: FromNoiseGenerator, noise: Noise, device: torch.device
) -> UInt8[Tensor, "n 1 28 28"]:
    """Generate a picture from each row of noise, batch by batch; leaves evaluation mode on."""
    generator.eval()
    # In batches, so that memory does not grow with the number of pictures.
    batches = torch.split(noise, BATCH)
    return torch.cat([to_uint8(generator(batch.to(device))) for batch in batches])
