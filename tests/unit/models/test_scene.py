import numpy as np
import torch

from vidpipe.models.clip_gan import ClipWindows
from vidpipe.models.noise import Prior
from vidpipe.models.scene import MaskedObjective, Parts, mask_mean
from vidpipe.models.vgan import Generator


def generator():
    torch.manual_seed(0)
    return Generator(latent=10, codes=3, size=32, frames=8, channels=3, width=16)


def test_the_mask_says_what_is_seen():
    foreground, background = torch.randn(1, 3, 8, 4, 4), torch.randn(1, 3, 1, 4, 4)
    nothing, all_of_it = torch.zeros(1, 1, 8, 4, 4), torch.ones(1, 1, 8, 4, 4)
    hidden = Parts(foreground, nothing, background).clips
    assert torch.equal(hidden, background.expand_as(foreground))
    assert torch.equal(Parts(foreground, all_of_it, background).clips, foreground)


def test_parts_are_shown_as_clips_of_their_own():
    parts = generator().parts(torch.randn(2, 10))
    shown = parts.shown()
    assert list(shown) == ["foreground", "mask", "background"]
    assert {part.shape for part in shown.values()} >= {(2, 3, 8, 32, 32)}
    assert torch.equal(shown["mask"], (2 * parts.mask - 1).expand(2, 3, 8, 32, 32))
    assert torch.equal(shown["background"][:, :, 0], shown["background"][:, :, 7])


def test_the_mean_of_the_mask_is_measured_as_it_is_sampled():
    made, noise = generator(), torch.randn(2, 10)
    measured = mask_mean(made, noise)
    assert made.training
    assert measured == made.eval().parts(noise).mask.mean().item()


def test_the_generator_pays_for_the_mean_of_its_mask():
    real = ClipWindows(
        np.zeros((8, 32, 32, 3), np.uint8), np.arange(8, dtype=np.int32)[None], np.zeros(1, int),
        length=8, mirror=False, device=torch.device("cpu"),
    )  # fmt: skip
    objective = MaskedObjective(real, batch=2, prior=Prior(10, 3), mask_weight=0.1)
    made = generator()
    source, target = objective.sample_batch(made, torch.Generator().manual_seed(0))
    fake, costs = objective.generate(made, source, target)
    assert torch.equal(fake, made(source))
    torch.testing.assert_close(costs, {"mask": 0.1 * made.parts(source).mask.mean()})
    costs["mask"].backward()
    assert made.moving.weight.grad[3].abs().sum() > 0
