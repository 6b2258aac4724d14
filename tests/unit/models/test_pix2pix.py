import pytest
import torch

from vidpipe.models.pix2pix import Discriminator, Generator, NextFrameObjective, predict
from vidpipe.models.pixels import to_float
from vidpipe.models.windows import stack_window

SMALL = {"size": 64, "channels": 3, "width": 4, "dropout": 0.5}


def frames(count=12, size=64, seed=0):
    torch.manual_seed(seed)
    return torch.randint(0, 256, (count, 3, size, size), dtype=torch.uint8)


def consecutive(count):
    return torch.tensor([[i, i + 1] for i in range(count - 1)])


def task(**changes):
    plain = {"batch": 4, "l1_weight": 100.0, "noise": 0.0, "views": 0.0, "pushforward": 0}
    return NextFrameObjective(frames(), consecutive(12), **{**plain, **changes})


@pytest.mark.parametrize("size", [64, 128, 256, 512])
@pytest.mark.parametrize("residual", [True, False])
def test_the_depth_follows_the_size_down_to_one_pixel(size, residual):
    generator = Generator(size=size, channels=3, width=2, dropout=0.0, residual=residual).eval()
    seen = []
    generator.down[-1].register_forward_hook(lambda *call: seen.append(call[-1].shape[-2:]))
    assert generator(torch.zeros(1, 1, 3, size, size)).shape == (1, 3, size, size)
    assert seen == [(1, 1)]
    assert len(generator.down) == size.bit_length() - 1


def test_at_256_the_layers_are_those_of_the_paper():
    generator = Generator(size=256, channels=3, width=64, dropout=0.5, residual=False)
    widths = [
        part.out_channels
        for layer in generator.down
        for part in layer
        if isinstance(part, torch.nn.Conv2d)
    ]
    assert widths == [64, 128, 256, 512, 512, 512, 512, 512]
    assert [layer[1].in_channels for layer in generator.up] == [512, *[1024] * 4, 512, 256]
    dropouts = [any(isinstance(part, torch.nn.Dropout) for part in layer) for layer in generator.up]
    assert dropouts == [True, True, True, False, False, False, False]


def test_the_discriminator_sees_patches_of_70_pixels():
    discriminator = Discriminator(channels=3, width=4).eval()
    source = torch.zeros(1, 1, 3, 256, 256)
    target = torch.zeros(1, 3, 256, 256, requires_grad=True)
    logits = discriminator(source, target)
    assert logits.shape == (1, 1, 30, 30)
    logits[0, 0, 15, 15].backward()
    rows = target.grad.abs().sum(dim=(0, 1, 3)).nonzero()
    assert int(rows.max() - rows.min()) + 1 == 70


def test_a_residual_generator_starts_as_copy_last():
    generator = Generator(**SMALL, residual=True).eval()
    frame = to_float(frames(2))
    assert torch.equal(predict(generator, stack_window([frame])), frame)


def test_prediction_is_the_same_each_time_and_needs_no_batch():
    generator = Generator(**SMALL, residual=False).train()
    batch = stack_window([to_float(frames(3))])
    alone = torch.cat([predict(generator, window[None]) for window in batch])
    assert torch.equal(predict(generator, batch), predict(generator, batch))
    torch.testing.assert_close(alone, predict(generator, batch))


def test_the_target_is_the_frame_after_the_source():
    numbered = torch.arange(12, dtype=torch.uint8).reshape(12, 1, 1, 1).expand(12, 3, 64, 64) * 20
    game = NextFrameObjective(
        numbered, consecutive(12), batch=8, l1_weight=1.0, noise=0.0, views=0.0, pushforward=0
    )
    source, target = game.sample_batch(last, torch.Generator().manual_seed(0))
    step = (target - source[:, -1]) * 127.5
    torch.testing.assert_close(step, torch.full_like(step, 20.0))


def test_running_ahead_feeds_the_generator_its_own_output_without_a_gradient():
    calls = []

    def generator(window):
        calls.append(torch.is_grad_enabled())
        return window[:, -1] + 0.1

    game = task(pushforward=3)
    for seed in range(20):
        game.sample_batch(generator, torch.Generator().manual_seed(seed))
    assert calls
    assert not any(calls)


def test_running_ahead_never_leaves_the_pairs_it_was_given():
    torn = torch.tensor([[0, 1], [1, 2], [4, 5], [8, 9], [9, 10], [10, 11]])
    game = NextFrameObjective(
        frames(), torn, batch=2, l1_weight=1.0, noise=0.0, views=0.0, pushforward=5
    )
    assert [starts.tolist() for starts in game.starts] == [[0, 1, 4, 8, 9, 10], [0, 8, 9], [8]]


def test_both_frames_of_a_pair_are_seen_the_same_way():
    game = task(views=0.5, batch=8)
    game.frames = frames(1).expand(12, -1, -1, -1)
    source, target = game.sample_batch(last, torch.Generator().manual_seed(3))
    assert torch.equal(source[:, -1], target)
    changed = [
        not torch.allclose(row, to_float(game.frames[:1])[0], atol=1e-4) for row in source[:, -1]
    ]
    assert 0 < sum(changed) < 8


def test_noise_is_on_the_source_alone():
    source, target = task(noise=0.5).sample_batch(last, torch.Generator().manual_seed(0))
    on_grid = lambda x: torch.allclose((x + 1) * 127.5, ((x + 1) * 127.5).round(), atol=1e-3)  # noqa: E731
    assert on_grid(target)
    assert not on_grid(source)


def test_the_penalty_is_the_weighted_mean_absolute_error():
    source, target = torch.zeros(1, 1, 3, 64, 64), torch.full((1, 3, 64, 64), 0.5)
    fake, penalties = task().generate_with_losses(last, source, target)
    assert torch.equal(fake, source[:, -1])
    assert {name: value.item() for name, value in penalties.items()} == {"l1": 50.0}


def last(window):
    """A generator that copies the last frame."""
    return window[:, -1]


def test_a_window_of_several_frames_ends_before_its_target():
    numbered = torch.arange(12, dtype=torch.uint8).reshape(12, 1, 1, 1).expand(12, 3, 64, 64) * 20
    game = NextFrameObjective(
        numbered, consecutive(12), batch=8, l1_weight=1.0, noise=0.0, views=0.0, pushforward=2,
        history=3,
    )  # fmt: skip
    assert [starts.tolist() for starts in game.starts] == [
        [*range(9)],
        [*range(8)],
        [*range(7)],
    ]
    for seed in range(5):
        window, target = game.sample_batch(
            lambda w: w[:, -1] + 20 / 127.5, torch.Generator().manual_seed(seed)
        )
        frames_seen = torch.cat([window, target.unsqueeze(1)], dim=1)
        steps = frames_seen.diff(dim=1) * 127.5
        torch.testing.assert_close(steps, torch.full_like(steps, 20.0))


def test_networks_take_windows_of_several_frames():
    generator = Generator(**SMALL, residual=True, history=2)
    window = stack_window([to_float(frames(2)), to_float(frames(2, seed=1))])
    fake = predict(generator, window)
    assert torch.equal(fake, window[:, -1])
    logits = Discriminator(channels=3, width=4, history=2)(window, fake)
    assert logits.shape[:2] == (2, 1)
