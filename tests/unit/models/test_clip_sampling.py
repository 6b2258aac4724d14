import pytest
import torch
from torch import nn

from vidpipe.models.clip_gan import ClipGenerator
from vidpipe.models.clip_sampling import BATCH, ClipSampler
from vidpipe.models.noise import CODE, Prior
from vidpipe.utils.errors import UserError

CPU = torch.device("cpu")


class Brighter(ClipGenerator):
    """From a picture on, each frame is brighter by four grey levels."""

    from_picture = True

    def __init__(self, labels=()):
        super().__init__()
        self.prior, self.frames = Prior(4, len(labels), labels), 3
        self.anchor = nn.Parameter(torch.zeros(()))

    def source(self, noise, pictures):
        return pictures

    def forward(self, pictures):
        steps = torch.arange(self.frames).view(1, 1, -1, 1, 1) * 4 / 127.5
        return pictures[:, :, None] + steps


def greys(clips):
    return clips[0, :, 0, 0, 0].tolist()


@pytest.mark.parametrize(("frames", "vectors"), [(4, 2), (5, 2), (6, 3), (7, 3), (64, 32)])
def test_a_longer_clip_goes_on_from_its_last_frame_and_shows_it_once(frames, vectors):
    sampler = ClipSampler("convlstm_gan", Brighter(), CPU)
    noise = sampler.draw_noise(2, frames, torch.Generator().manual_seed(0))
    assert noise.shape == (2, vectors, 4)
    clips = sampler(noise, torch.full((2, 4, 4, 3), 10, dtype=torch.uint8))
    assert clips.shape[1] >= frames
    assert greys(clips)[:frames] == [min(10 + 4 * t, 255) for t in range(frames)]


def test_noise_of_a_clip_as_trained_is_what_the_prior_draws():
    sampler = ClipSampler("convlstm_gan", Brighter(), CPU)
    for frames in (2, 3):
        drawn = sampler.draw_noise(5, frames, torch.Generator().manual_seed(1))
        assert drawn.equal(sampler.generator.prior.draw(5, torch.Generator().manual_seed(1)))


def test_a_longer_clip_shows_one_label_all_along():
    sampler = ClipSampler("convlstm_gan", Brighter(("walk", "run")), CPU)
    for labels in (None, torch.tensor([1, 0, 1])):
        noise = sampler.draw_noise(3, 9, torch.Generator().manual_seed(2), labels)
        codes = noise[:, :, :2]
        assert codes.sum(2).eq(CODE).all()
        assert codes.eq(codes[:, :1]).all()
        if labels is not None:
            assert codes[:, 0].argmax(1).equal(labels)


def test_a_generator_of_one_length_names_it():
    generator = Brighter()
    generator.from_picture = False
    with pytest.raises(UserError, match="--frames 4: gan3d makes clips of 3 frames"):
        ClipSampler("gan3d", generator, CPU).draw_noise(1, 4, torch.Generator())


def test_batches_do_not_show_in_the_clips():
    sampler = ClipSampler("convlstm_gan", Brighter(), CPU)
    count = BATCH + 3
    pictures = torch.arange(count, dtype=torch.uint8).view(-1, 1, 1, 1).expand(-1, 4, 4, 3)
    clips = sampler(sampler.draw_noise(count, 3, torch.Generator()), pictures)
    assert clips[:, 0, 0, 0, 0].tolist() == list(range(count))
    assert clips[:, 2, 0, 0, 0].tolist() == [grey + 8 for grey in range(count)]
