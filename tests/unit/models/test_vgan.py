import numpy as np
import torch
from support.network_layers import shapes

from vidpipe.models.clip_gan import ClipWindows
from vidpipe.models.noise import Prior
from vidpipe.models.vgan import Generator, MaskedObjective, Parts


def generator():
    torch.manual_seed(0)
    return Generator(latent=10, codes=3, size=32, frames=8, channels=3, width=16)


def test_the_parts_have_their_shapes_and_ranges():
    parts = generator().parts(torch.randn(2, 10))
    assert parts.foreground.shape == (2, 3, 8, 32, 32)
    assert parts.mask.shape == (2, 1, 8, 32, 32)
    assert parts.background.shape == (2, 3, 1, 32, 32)
    assert 0 <= parts.mask.min() <= parts.mask.max() <= 1
    assert parts.clips.abs().max() <= 1


def test_at_128_a_still_background_is_made_beside_the_volume():
    with torch.device("meta"):
        made = Generator(latent=100, codes=0, size=128, frames=8, channels=3, width=128)
        assert shapes(made.background, torch.empty(2, 100)) == [
            (128 * 8 * 8,), (64, 16, 16), (32, 32, 32), (16, 64, 64), (3, 128, 128)
        ]  # fmt: skip
        parts = made.parts(torch.empty(2, 100))
    assert parts.foreground.shape == parts.clips.shape == (2, 3, 8, 128, 128)
    assert parts.mask.shape == (2, 1, 8, 128, 128)
    assert parts.background.shape == (2, 3, 1, 128, 128)


def test_the_mask_says_what_is_seen():
    foreground, background = torch.randn(1, 3, 8, 4, 4), torch.randn(1, 3, 1, 4, 4)
    nothing, all_of_it = torch.zeros(1, 1, 8, 4, 4), torch.ones(1, 1, 8, 4, 4)
    hidden = Parts(foreground, nothing, background).clips
    assert torch.equal(hidden, background.expand_as(foreground))
    assert torch.equal(Parts(foreground, all_of_it, background).clips, foreground)


def test_the_generator_pays_for_the_mean_of_its_mask():
    real = ClipWindows(
        np.zeros((8, 32, 32, 3), np.uint8), np.arange(8, dtype=np.int32)[None], np.zeros(1, int),
        length=8, mirror=False, device=torch.device("cpu"),
    )  # fmt: skip
    objective = MaskedObjective(real, batch=2, prior=Prior(10, 3), mask_weight=0.1)
    made = generator()
    source, target = objective.sample_batch(made, torch.Generator().manual_seed(0))
    fake, costs = objective.generate_with_losses(made, source, target)
    assert torch.equal(fake, made(source))
    torch.testing.assert_close(costs, {"mask": 0.1 * made.parts(source).mask.mean()})
    costs["mask"].backward()
    assert made.moving.weight.grad[3].abs().sum() > 0
