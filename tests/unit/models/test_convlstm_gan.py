import pytest
import torch
from support.network_layers import shapes
from torch import nn

from vidpipe.models.clip_codes import MOTION_DIVERGENCE
from vidpipe.models.convlstm_gan import LSTMS, ConvLstm, Discriminator, Generator, Source


def generator(*, size=32, frames=8, width=8, skips=False):
    torch.manual_seed(0)
    return Generator(
        latent=10, codes=0, size=size, frames=frames, channels=3, width=width,
        skips=skips,
    )  # fmt: skip


def source(count=1, size=32, seed=1):
    rng = torch.Generator().manual_seed(seed)
    noise = torch.randn(count, 10, generator=rng)
    return Source(noise, torch.rand(count, 3, size, size, generator=rng) * 2 - 1)


@pytest.mark.parametrize("size", [32, 64, 128, 256])
def test_clips_have_the_shape_that_is_asked_for_at_every_size(size):
    with torch.device("meta"):
        made = generator(size=size, frames=16, width=16)
        given = Source(torch.empty(2, 10), torch.empty(2, 3, size, size))
        assert made(given).shape == (2, 3, 16, size, size)


@pytest.mark.parametrize("frames", [8, 16])
def test_at_128_five_layers_unroll_every_frame_at_a_sixteenth_of_the_side(frames):
    with torch.device("meta"):
        made = generator(size=128, frames=frames, width=128)
        given = Source(torch.empty(2, 10), torch.empty(2, 3, 128, 128))
        *enlarged, colours = shapes(made, given)[-5:]
    assert made.report.base == 8
    assert sum(isinstance(layer, ConvLstm) for layer in made.modules()) == LSTMS == 5
    assert enlarged == [(128 // 2**n, frames, 8 * 2**n, 8 * 2**n) for n in range(1, 5)]
    assert colours == (3, frames, 128, 128)


@pytest.mark.parametrize("skips", [False, True])
def test_the_same_picture_with_other_noise_moves_otherwise(skips):
    made = generator(skips=skips)
    one, other = source(seed=1), source(seed=2)
    first, second = made(one), made(Source(other.noise, one.image))
    assert not torch.allclose(first.diff(dim=2), second.diff(dim=2))


@pytest.mark.parametrize("skips", [False, True])
def test_the_same_noise_with_another_picture_makes_another_clip(skips):
    made = generator(skips=skips)
    one, other = source(seed=1), source(seed=2)
    first, second = made(one), made(Source(one.noise, other.image))
    assert not torch.allclose(first, second)
    assert first.abs().max() <= 1


def test_with_skips_the_picture_reaches_the_last_layer_at_full_size():
    made = generator(skips=True)
    nn.init.zeros_(made.report.colours[1].weight)
    for channel in range(3):
        made.report.colours[1].weight.data[channel, -3 + channel, 0, 1, 1] = 1.0
    nn.init.zeros_(made.report.colours[1].bias)
    image = source().image.abs()
    shown = made(Source(source().noise, image))
    torch.testing.assert_close(shown, image.tanh().unsqueeze(2).expand(-1, -1, 8, -1, -1))


def test_a_convlstm_layer_remembers():
    torch.manual_seed(0)
    layer = ConvLstm(2, 4)
    maps = [torch.randn(1, 2, 4, 4) for _ in range(3)]
    changed = [maps[0] + 1, *maps[1:]]
    last, last_changed = layer(maps)[-1], layer(changed)[-1]
    assert last.shape == (1, 4, 4, 4)
    assert not torch.allclose(last, last_changed)
    assert torch.equal(layer(maps)[0], layer([maps[0], *changed[1:]])[0])


def test_a_convlstm_layer_goes_by_the_equations():
    torch.manual_seed(0)
    layer = ConvLstm(1, 1)
    one, two = torch.randn(2, 1, 1, 3, 3)
    gates = layer.from_input(one)
    memory = gates[:, 1:2].sigmoid() * gates[:, 3:].tanh()
    shown = gates[:, 2:3].sigmoid() * memory.tanh()
    gates = layer.from_input(two) + layer.from_hidden(shown)
    memory = gates[:, :1].sigmoid() * memory + gates[:, 1:2].sigmoid() * gates[:, 3:].tanh()
    torch.testing.assert_close(layer([one, two])[1], gates[:, 2:3].sigmoid() * memory.tanh())


def test_the_discriminator_looks_at_the_picture_too():
    torch.manual_seed(0)
    discriminator = Discriminator(
        size=32, frames=8, channels=3, width=4, norm="none", dropout=0.0,
        frame_discriminator=True, augment=0.5,
    ).eval()  # fmt: skip
    clips = torch.rand(1, 3, 8, 32, 32)
    one, other = discriminator(source(seed=1), clips), discriminator(source(seed=2), clips)
    assert one.shape == (1, 2)
    assert (one != other).all()


def coded(frames=8, bounded=False):
    torch.manual_seed(0)
    return Generator(
        latent=10, codes=3, labels=("run", "jump", "walk"), size=8, frames=frames, channels=4,
        width=16, skips=False, bounded=bounded, motion=4, encoder=8, memory=12,
    ).eval()  # fmt: skip


def source_of(made, seed=1, count=2):
    rng = torch.Generator().manual_seed(seed)
    return made.source(made.prior.draw(count, rng), torch.randn(count, 4, 8, 8, generator=rng))


def test_with_an_encoder_a_clip_begins_with_its_picture_and_goes_on():
    made = coded()
    given = source_of(made)
    clips = made(given)
    assert torch.equal(clips[:, :, 0], given.image)
    assert (clips.diff(dim=2) != 0).flatten(3).any(3).all()
    assert set(made.components(given)) == {"foreground", "mask", "background"}


def test_the_background_is_the_picture_at_first_and_then_one_without_what_moves():
    made = coded()
    given = source_of(made)
    background = made.parts(given).background
    assert torch.equal(background[:, :, 0], given.image)
    behind = background[:, :, 1:]
    assert torch.equal(behind, behind[:, :, :1].expand_as(behind))
    assert not torch.allclose(behind[:, :, 0], given.image)


def test_a_background_of_pixels_keeps_within_their_range():
    made = coded(bounded=True)
    given = source_of(made)
    made.continuation.background.change.bias.data += 2
    assert made.parts(given).background[:, :, 1:].max() == 1
    assert made(Source(given.noise, given.image.clamp(-1, 1))).abs().max() <= 1


@pytest.mark.parametrize(
    ("batch", "alone"),
    [
        (16, [7, 15]),
        (9, [7]),
        (8, [7]),
        (7, [5]),
        (6, [5]),
        (5, [3]),
        (4, [3]),
        (3, []),
        (2, []),
        (1, []),
    ],
)
def test_every_eighth_clip_has_no_background_while_it_trains(batch, alone):
    made = coded().train()
    given = source_of(made, count=batch)
    parts = made.parts(given)
    covered = (parts.mask[:, :, 1:] == 1).flatten(1).all(1)
    assert covered.nonzero().flatten().tolist() == alone
    assert torch.equal(parts.clips[covered][:, :, 1:], parts.foreground[covered][:, :, 1:])
    assert torch.equal(parts.clips[:, :, 0], given.image)
    made.eval()
    assert (made.parts(given).mask < 1).all()


def test_with_an_encoder_five_layers_unroll_every_frame():
    made, unrolled = coded(), []
    for layer in made.modules():
        if isinstance(layer, ConvLstm):
            layer.register_forward_hook(lambda _layer, _given, maps: unrolled.append(len(maps)))
    made(source_of(made))
    assert unrolled == [8] * LSTMS


def test_the_recurrent_layers_reach_the_foreground():
    made = coded().train()
    assert made.continuation.foreground.width == 2 * 16
    made(source_of(made)).square().mean().backward()
    still = [
        name
        for name, parameter in made.continuation.named_parameters()
        if parameter.grad is None or not parameter.grad.any()
    ]
    assert not still


def test_codes_of_motion_cost_a_fifth():
    made = coded()
    given = source_of(made)
    clips = torch.randn(2, 4, 8, 8, 8)
    losses = []
    for weight in (made.motion_divergence, MOTION_DIVERGENCE):
        made.motion_divergence = weight
        torch.manual_seed(0)
        losses.append(made.encode(clips, given)[1]["motion_divergence"])
    torch.testing.assert_close(losses[1], 5 * losses[0])


def test_the_picture_conditions_the_walk():
    made = coded()
    one, other = source_of(made, 1), source_of(made, 2)
    _, motion = made.unroll(one)
    _, moved = made.unroll(Source(one.noise, other.image))
    assert not torch.allclose(motion, moved)


def test_with_an_encoder_the_picture_reaches_all_frames_to_come():
    made = coded()
    one, other = source_of(made, 1), source_of(made, 2)
    content, motion = made.unroll(one)
    first, second = (
        made.continuation.parts(content[:, :3], motion, picture).foreground
        for picture in (one.image, other.image)
    )
    assert (first != second).flatten(3).any(3).all()


def test_of_real_clips_the_motion_alone_is_encoded():
    made = coded()
    given = source_of(made)
    clips = torch.randn(2, 2, 4, 8, 8, 8)
    (content, motion), (same, moved) = (made.encode(real, given)[0] for real in clips)
    assert torch.equal(content, given.noise[:, :10])
    assert torch.equal(content, same)
    assert not torch.allclose(motion, moved)
