from itertools import pairwise

import numpy as np
import pytest
import torch
from support import stages
from support.moving_pictures import INSIDE, drifting, texture
from support.predictors import Adding

from vidpipe.config.models import TrainingConfig
from vidpipe.models import pix2pix
from vidpipe.models.flow import look_up, optical_flow
from vidpipe.models.flow_generator import FlowGenerator
from vidpipe.models.pix2pix import (
    LEAST_CONTRAST,
    TRIES,
    TURNS,
    Discriminator,
    MotionObjective,
    NextFrameObjective,
    PairData,
    UNetGenerator,
    build,
    fitted_velocity,
    make_generator,
    objective,
    turned,
    turned_flow,
)
from vidpipe.models.pixels import to_float, to_uint8
from vidpipe.models.windows import Past, roll_out, stack_window

SMALL = {"size": 64, "channels": 3, "width": 4, "dropout": 0.5, "history": 1}
OBJECTIVES = {"none": NextFrameObjective, "flow": MotionObjective}


def frames(count=12, size=64, seed=0):
    torch.manual_seed(seed)
    return torch.randint(0, 256, (count, 3, size, size), dtype=torch.uint8)


def one_shot(given):
    """Data of frames that all follow each other."""
    return PairData(given, np.arange(len(given), 0, -1))


def task(motion="none", data=None, **changes):
    plain = {"batch": 4, "l1_weight": 100.0, "noise": 0.0, "views": 0.0, "pushforward": 0}
    plain |= {"history_dropout": 0.0, "latent": 0, "history": 2 if motion == "flow" else 1}
    return OBJECTIVES[motion](data or one_shot(frames()), **{**plain, **changes})


def drawn(game, seed=0, generator=None):
    return game.sample_batch(generator or Adding(), torch.Generator().manual_seed(seed))


def predict(generator, window):
    return roll_out(generator, window, 1)[:, 0]


def numbered():
    """Flat frames, each 20 levels lighter than the one before."""
    levels = 20 * torch.arange(12, dtype=torch.uint8)
    return levels.reshape(12, 1, 1, 1).expand(12, 3, 64, 64)


@pytest.mark.parametrize("size", [64, 128, 256, 512])
@pytest.mark.parametrize("residual", [True, False])
def test_the_depth_follows_the_size_down_to_one_pixel(size, residual):
    generator = UNetGenerator(
        size=size, channels=3, width=2, dropout=0.0, residual=residual, history=1
    ).eval()
    seen = []
    generator.down[-1].register_forward_hook(lambda *call: seen.append(call[-1].shape[-2:]))
    assert generator(Past(torch.zeros(1, 1, 3, size, size))).shape == (1, 3, size, size)
    assert seen == [(1, 1)]
    assert len(generator.down) == size.bit_length() - 1


def test_at_256_the_layers_are_those_of_the_paper():
    generator = UNetGenerator(
        size=256, channels=3, width=64, dropout=0.5, residual=False, history=1
    )
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
    discriminator = Discriminator(channels=3, width=4, history=1).eval()
    source = Past(torch.zeros(1, 1, 3, 256, 256))
    target = torch.zeros(1, 3, 256, 256, requires_grad=True)
    logits = discriminator(source, target)
    assert logits.shape == (1, 1, 30, 30)
    logits[0, 0, 15, 15].backward()
    rows = target.grad.abs().sum(dim=(0, 1, 3)).nonzero()
    assert int(rows.max() - rows.min()) + 1 == 70


def test_a_residual_generator_starts_as_copy_last():
    generator = UNetGenerator(**SMALL, residual=True).eval()
    frame = to_float(frames(2))
    assert torch.equal(predict(generator, stack_window([frame])), frame)


def test_prediction_is_the_same_each_time_and_needs_no_batch():
    generator = UNetGenerator(**SMALL, residual=False).train()
    batch = stack_window([to_float(frames(3))])
    alone = torch.cat([predict(generator, window[None]) for window in batch])
    assert torch.equal(predict(generator, batch), predict(generator, batch))
    torch.testing.assert_close(alone, predict(generator, batch))


@pytest.mark.parametrize("motion", OBJECTIVES)
def test_the_target_is_the_frame_after_the_source(motion):
    source, target = drawn(task(motion, one_shot(numbered()), batch=8))
    step = (target - source.last) * 127.5
    torch.testing.assert_close(step, torch.full_like(step, 20.0))


@pytest.mark.parametrize("motion", OBJECTIVES)
def test_running_ahead_feeds_the_generator_its_own_output_without_a_gradient(motion):
    generator = Adding(0.1, history=2)
    game = task(motion, pushforward=3)
    for seed in range(20):
        drawn(game, seed, generator)
    assert generator.calls
    assert not any(call["gradients"] for call in generator.calls)


TORN = np.array([3, 2, 1, 0, 2, 1, 0, 0, 4, 3, 2, 1])


@pytest.mark.parametrize("motion", OBJECTIVES)
def test_running_ahead_never_leaves_the_pairs_it_was_given(motion):
    game = task(motion, PairData(frames(), TORN), history=1, pushforward=5)
    assert [starts.tolist() for starts in game.starts] == [[0, 1, 4, 8, 9, 10], [0, 8, 9], [8]]


@pytest.mark.parametrize(("history", "expected"), [(2, [[0, 8, 9], [8]]), (3, [[8]]), (4, [])])
def test_no_window_crosses_a_cut(history, expected):
    game = task("none", PairData(frames(), TORN), history=history, pushforward=5)
    assert [starts.tolist() for starts in game.starts] == expected


def test_both_frames_of_a_pair_are_seen_the_same_way():
    game = task(views=0.5, batch=8)
    game.frames = frames(1).expand(12, -1, -1, -1)
    source, target = drawn(game, 3)
    assert torch.equal(source.last, target)
    changed = [
        not torch.allclose(row, to_float(game.frames[:1])[0], atol=1e-4) for row in source.last
    ]
    assert 0 < sum(changed) < 8


@pytest.mark.parametrize("motion", OBJECTIVES)
def test_noise_is_on_the_source_alone(motion):
    source, target = drawn(task(motion, noise=0.5))
    on_grid = lambda x: torch.allclose((x + 1) * 127.5, ((x + 1) * 127.5).round(), atol=1e-3)  # noqa: E731
    assert on_grid(target)
    assert not on_grid(source.frames)
    assert motion == "none" or on_grid(source.motion.last_real), "it is what the frame is made of"


def test_the_penalty_is_the_weighted_mean_absolute_error():
    source, target = Past(torch.zeros(1, 1, 3, 64, 64)), torch.full((1, 3, 64, 64), 0.5)
    fake, penalties = task().generate_with_losses(Adding(), source, target)
    assert torch.equal(fake, source.last)
    assert {name: value.item() for name, value in penalties.items()} == {"l1": 50.0}


@pytest.mark.parametrize("motion", OBJECTIVES)
def test_a_window_of_several_frames_ends_before_its_target(motion):
    game = task(motion, one_shot(numbered()), batch=8, pushforward=2, history=3)
    assert [starts.tolist() for starts in game.starts] == [
        [*range(9)],
        [*range(8)],
        [*range(7)],
    ]
    for seed in range(5):
        source, target = drawn(game, seed, Adding(20 / 127.5, history=3))
        frames_seen = torch.cat([source.frames, target.unsqueeze(1)], dim=1)
        steps = frames_seen.diff(dim=1) * 127.5
        torch.testing.assert_close(steps, torch.full_like(steps, 20.0))


def test_networks_take_windows_of_several_frames():
    generator = UNetGenerator(**{**SMALL, "history": 2}, residual=True)
    window = stack_window([to_float(frames(2)), to_float(frames(2, seed=1))])
    fake = predict(generator, window)
    assert torch.equal(fake, window[:, -1])
    logits = Discriminator(channels=3, width=4, history=2)(Past(window), fake)
    assert logits.shape[:2] == (2, 1)


def explained(window, flows):
    """Share of the change from frame to frame that flow explains, away from the edges."""
    earlier, later = window[:-1], window[1:]
    error = (look_up(earlier, flows) - later)[INSIDE].square().mean()
    return 1 - (error / (earlier - later)[INSIDE].square().mean()).item()


@pytest.mark.parametrize("views", [0.0, 1.0])
@pytest.mark.parametrize("ahead", [0, 2])
def test_flows_fit_the_frames_in_every_view_and_backwards(views, ahead):
    game = task("flow", one_shot(to_uint8(drifting(9, (0.9, -0.5)))), views=views, history=3)
    past, target = game._draw(torch.arange(24) % 4, ahead, torch.Generator().manual_seed(0))
    motion = past.motion
    assert motion.flows.shape == (24, 2, 2, 64, 64)
    for window, flows, following in zip(past.frames, motion.flows, target, strict=True):
        assert explained(window, flows) > 0.9
        # The motion is steady: as many times the last flow leads to the target.
        to_target = torch.stack([window[-1], following])
        assert explained(to_target, (ahead + 1) * flows[-1:]) > 0.9
    assert torch.equal(motion.last_real, past.last)
    assert not motion.displacement.any()
    directions = {tuple(flow.mean((1, 2)).sign().tolist()) for flow in motion.flows[:, -1]}
    assert len(directions) == (4 if views else 1)


def test_views_are_as_they_were_but_for_turns_and_contrast():
    moving = to_uint8(drifting(4, (0.9, -0.5)))
    source, _ = drawn(task("flow", one_shot(moving), views=1.0, history=2, batch=24))
    levels = source.last.abs().amax((1, 2, 3)) / to_float(moving).abs().max()
    assert (levels > 0.8 * LEAST_CONTRAST).all()
    assert (levels <= 1 + 1e-3).all()
    assert len(set(levels.tolist())) > 12


@pytest.mark.parametrize("motion", OBJECTIVES)
def test_a_window_may_begin_with_a_still(motion):
    moving = one_shot(to_uint8(drifting(9, (0.9, -0.5))))
    source, target = drawn(task(motion, moving, history=4, batch=16, history_dropout=1.0))
    stills = [[torch.equal(*pair) for pair in pairwise(window)] for window in source.frames]
    assert all(still == sorted(still, reverse=True) for still in stills), "it begins with it"
    assert {sum(still) for still in stills} == {1, 2, 3}
    assert (target - source.last).abs().max() > 0.1, "the target still moves"
    if motion == "flow":
        moved = [[bool(flow.any()) for flow in flows] for flows in source.motion.flows]
        assert moved == [[not stands for stands in still] for still in stills]


def test_the_same_seed_draws_the_same_windows():
    game = task("flow", views=0.5, noise=0.1, history=3, history_dropout=0.5)
    (one, target), (other, again), (another, _) = (drawn(game, seed) for seed in (1, 1, 2))
    assert torch.equal(one.frames, other.frames)
    assert torch.equal(one.motion.flows, other.motion.flows)
    assert torch.equal(target, again)
    assert not torch.equal(one.frames, another.frames)


@pytest.mark.parametrize("ahead", [0, 2])
@pytest.mark.parametrize("motion", OBJECTIVES)
def test_of_several_futures_the_nearest_is_learnt_from(motion, ahead, monkeypatch):
    monkeypatch.setattr(pix2pix, "TRIES", 40)

    class Choosing(Adding):
        """A noise of 1 goes on as the footage does."""

        def advance(self, past):
            frame = past.last + 20 / 127.5 * past.noise[:, :1, None, None]
            return frame, past.after(frame, past.motion)

    game = task(motion, one_shot(numbered()), history=2, latent=3, pushforward=ahead)
    # The first number that is drawn says how far to run ahead.
    rng = torch.Generator()
    seed = next(
        n for n in range(99) if torch.randint(ahead + 1, (), generator=rng.manual_seed(n)) == ahead
    )
    source, _ = drawn(game, seed, generator=Choosing())
    torch.testing.assert_close(source.noise[:, 0], torch.ones(4), atol=0.3, rtol=0)
    # Each window has draws of its own, and each noise belongs to the past that it led to.
    assert len(set(source.noise[:, 1].tolist())) == 4
    steps = (source.last - source.frames[:, 0])[:, 0, 0, 0] * 127.5 / 20
    expected = source.noise[:, 0] if ahead else torch.ones(4)
    torch.testing.assert_close(steps, expected, atol=1e-4, rtol=0)
    if motion == "flow":
        assert source.motion.flows.shape == (4, 1, 2, 64, 64)


def test_of_several_futures_the_first_has_no_noise():
    choices = task("flow", latent=3)._choices(torch.Generator().manual_seed(0))
    assert choices.shape == (4, TRIES, 3)
    assert not choices[:, 0].any()
    assert choices[:, 1:].all()


def test_the_noise_of_futures_changes_no_other_draw_and_is_not_drawn_without(monkeypatch):
    source, target = drawn(task("flow", views=1.0, history_dropout=0.5, latent=2))
    monkeypatch.setattr(torch, "randn", None)
    plain, same = drawn(task("flow", views=1.0, history_dropout=0.5))
    assert plain.noise is None
    assert torch.equal(source.frames, plain.frames)
    assert torch.equal(target, same)


def test_flows_are_estimated_a_few_pairs_at_a_time_and_of_pairs_alone():
    moving = to_uint8(drifting(24, (0.6, 0.2), size=64))
    runs = np.append(np.arange(20, 0, -1), np.zeros(4, int))
    game = task("flow", PairData(moving, runs))
    alone = optical_flow(to_float(moving[17:18]), to_float(moving[18:19]))
    torch.testing.assert_close(game.forward_flows[17:18], alone, atol=1e-3, rtol=0)
    back = optical_flow(to_float(moving[18:19]), to_float(moving[17:18]))
    torch.testing.assert_close(game.backward_flows[17:18], back, atol=1e-3, rtol=0)
    assert not game.forward_flows[19:].any()


def test_the_eight_turns_differ_and_turn_arrows_too():
    picture = texture()[None]
    rng = torch.Generator().manual_seed(0)
    flow = 2 * torch.randn(1, 2, 64, 64, generator=rng)
    seen = [turned(picture, turn) for turn in range(TURNS)]
    assert len({frame.contiguous().numpy().tobytes() for frame in seen}) == TURNS == 8
    for turn, frame in enumerate(seen):
        found = look_up(frame, turned_flow(flow, turn))
        expected = turned(look_up(picture, flow), turn)
        torch.testing.assert_close(found, expected, atol=1e-4, rtol=0)


@pytest.mark.parametrize(("factor", "places"), [(1, range(12)), (-1, [0, 1] * 6), (0, [0] * 12)])
def test_the_velocity_is_fitted_to_how_motion_goes_on(factor, places):
    """What is seen moves on, swings to and fro, or stands still."""
    moving = to_uint8(torch.stack([texture(0.8 * place, 0.4 * place) for place in places]))
    velocity = fitted_velocity(one_shot(moving), history=2)
    assert velocity.shape == (2, 1)
    assert velocity.sum().item() == pytest.approx(factor, abs=0.1)


def config(**model):
    block = stages.params("pix2pix", history_dropout=0.2)
    small = {"width": 4, "discriminator_width": 2, **model}
    return TrainingConfig(block.model.model_copy(update=small), block.train)


def test_a_model_of_motion_is_built_with_its_velocity_fitted():
    data = one_shot(to_uint8(drifting(8, (0.8, 0.4))))
    chosen = config(motion="flow", history=3)
    networks = build(chosen, data)
    assert isinstance(networks.generator, FlowGenerator)
    assert networks.generator.velocity.sum().item() == pytest.approx(1, abs=0.1)
    game = objective(chosen, data)
    assert isinstance(game, MotionObjective)
    assert (game.history, game.history_dropout) == (3, 0.2)
    again = make_generator(**networks.architecture)
    again.load_state_dict(networks.generator.state_dict())
    source, target = drawn(game, generator=networks.generator)
    assert networks.discriminators["discriminator"](source, target).shape[:2] == (4, 1)


def test_the_model_of_the_report_paints_from_one_frame():
    data = one_shot(frames())
    chosen = config(motion="none", history=1, residual=False)
    networks = build(chosen, data)
    assert isinstance(networks.generator, UNetGenerator)
    assert type(objective(chosen, data)) is NextFrameObjective
    window = stack_window([to_float(frames(2))])
    generator = networks.generator.eval()
    past = generator.begin(window)
    assert past.motion is None
    assert torch.equal(predict(generator, window), generator(past))
    first = networks.generator.down[0][0]
    assert first.in_channels == 3
    assert next(networks.discriminators["discriminator"].parameters()).shape[:2] == (2, 6)
