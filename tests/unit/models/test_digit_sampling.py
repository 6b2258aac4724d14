import torch

from vidpipe.models.digit_sampling import BATCH, sample_digits
from vidpipe.models.noise import FromNoiseGenerator, Prior
from vidpipe.models.pixels import to_uint8


class Brightness(FromNoiseGenerator):
    """Pictures whose brightness is the first number of noise; notes how many are asked for."""

    def __init__(self):
        super().__init__()
        self.prior, self.asked = Prior(1, 0), []

    def forward(self, noise):
        self.asked.append(len(noise))
        return noise[:, :1, None, None].expand(-1, 1, 28, 28).clamp(-1, 1)


def test_every_row_of_noise_becomes_its_picture_batch_by_batch():
    generator, noise = Brightness(), torch.linspace(-1, 1, BATCH + 3)[:, None]
    pictures = sample_digits(generator, noise, torch.device("cpu"))
    assert generator.asked == [BATCH, 3]
    assert not generator.training
    assert torch.equal(pictures[:, 0, 0, 0], to_uint8(noise)[:, 0])
    assert pictures.shape == (BATCH + 3, 1, 28, 28)
