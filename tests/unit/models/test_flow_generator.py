"""The generator that moves the last real frame: shapes, motion that is told, and what it learns."""

from dataclasses import replace

import pytest
import torch
from support import games
from support.moving_pictures import INSIDE, drifting, texture, uniform

from vidpipe.evaluation.fidelity import gradient_energy
from vidpipe.models.flow_generator import (
    MULTIPLES,
    FlowGenerator,
    extrapolate,
    fit_velocity,
    past_of,
)
from vidpipe.models.windows import go_on, padded, roll_out
from vidpipe.training.loop import fit

HISTORY = 5
NEWEST = torch.tensor([[1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]])


def made(*, size=64, channels=3, width=4, history=HISTORY, velocity=None):
    """An untrained generator, in which some velocity may have been fitted."""
    torch.manual_seed(0)
    generator = FlowGenerator(size=size, channels=channels, width=width, history=history)
    if velocity is not None:
        generator.velocity.data.copy_(velocity)
    return generator.eval()


def looking(generator, multiple):
    """The generator, with all weight of its blend on one multiple of the displacement."""
    bias = generator.head.bias.data.view(-1, 4)
    bias[2 : 2 + len(MULTIPLES)] = -100.0
    bias[2 + MULTIPLES.index(multiple)] = 0.0
    return generator


@pytest.mark.parametrize(
    ("size", "channels", "history"), [(64, 3, 2), (64, 1, 5), (128, 3, 3), (256, 1, 2)]
)
def test_frames_of_any_size_and_colours_are_continued(size, channels, history):
    generator = made(size=size, channels=channels, width=2, history=history)
    window = drifting(history, (1.0, 0.0), size=size, channels=channels)[None]
    frames = roll_out(generator, window, 2)
    assert frames.shape == (1, 2, channels, size, size)
    assert frames.isfinite().all()


def test_noise_chooses_a_future_and_keeps_to_it():
    torch.manual_seed(0)
    generator = FlowGenerator(size=64, channels=3, width=4, history=2, latent=3)
    for part in generator.parameters():  # an untrained head would hear nothing of it
        torch.nn.init.normal_(part, 0.0, 0.1)
    window = drifting(2, (1.0, 0.0))[None].expand(3, -1, -1, -1, -1)
    noise = torch.tensor([[0.0, 0.0, 0.0], [3.0, 0.0, 0.0], [0.0, 0.0, 3.0]])
    past = replace(generator.begin(window), noise=noise)
    middle, *others = go_on(generator, past, 3)
    torch.testing.assert_close(roll_out(generator, window[:1], 3)[0], middle)
    assert all((other - middle).abs().mean() > 1e-3 for other in others)
    assert torch.equal(generator.advance(past)[1].noise, noise)


def test_without_a_velocity_it_stands_still():
    window = drifting(HISTORY, (1.0, 0.5))[None]
    frames = roll_out(made(), window, 3)
    torch.testing.assert_close(frames, window[:, -1:].expand_as(frames), atol=1e-3, rtol=0)


@pytest.mark.parametrize("multiple", [0.6, 1.2])
def test_a_constant_velocity_is_followed_and_the_picture_stays_sharp(multiple):
    velocity = (0.75, -0.5)
    generator = looking(made(velocity=NEWEST), multiple)
    # The flow that is told points backwards, to where each frame comes from.
    flows = -uniform(velocity, count=HISTORY - 1)[None]
    past = past_of(drifting(HISTORY, velocity)[None], flows)
    for step in range(1, 9):
        with torch.no_grad():
            frame, past = generator.advance(past)
        moved = HISTORY - 1 + multiple * step
        expected = texture(velocity[0] * moved, velocity[1] * moved)
        torch.testing.assert_close(frame[0][INSIDE], expected[INSIDE], atol=0.03, rtol=0)
        ratio = gradient_energy(frame[INSIDE]) / gradient_energy(expected[INSIDE][None])
        assert ratio.item() >= 0.9


def test_motion_is_seen_in_the_window_itself():
    # Before training, the blend is mostly of looks at 0.6 and 1.2 times the way.
    velocity = (0.5, 0.25)
    frames = drifting(HISTORY + 4, velocity)
    found = roll_out(made(velocity=NEWEST), frames[None, :HISTORY], 4)[0]
    real = frames[HISTORY:]
    error = (found - real)[INSIDE].square().mean((1, 2, 3))
    copied = (frames[HISTORY - 1] - real)[INSIDE].square().mean((1, 2, 3))
    assert (error < 0.5 * copied).all()


def test_a_picture_alone_has_no_motion_to_go_on_with():
    window = padded(texture()[None, None], HISTORY)
    frames = roll_out(made(velocity=NEWEST), window, 3)
    torch.testing.assert_close(frames, window[:, -1:].expand_as(frames), atol=1e-3, rtol=0)


def test_prediction_does_not_hang_on_the_batch():
    generator = made(velocity=NEWEST)
    torch.nn.init.normal_(generator.head.weight, std=0.1)
    windows = torch.stack([drifting(HISTORY, (0.5, 0.0), seed=seed) for seed in range(3)])
    together = roll_out(generator, windows, 2)
    alone = torch.cat([roll_out(generator, window[None], 2) for window in windows])
    torch.testing.assert_close(together, alone, atol=1e-3, rtol=0)
    assert (together - windows[:, -1:]).abs().max() > 0.1


def test_one_window_is_learnt_by_heart():
    state, objective = games.pix2pix(
        motion="flow", history=2, frames=drifting_bytes(3, (1.0, 0.5)),
        adversarial_weight=0.0, learning_rate=1e-2, ema=0.0,
        task={"noise": 0.0, "views": 0.0, "pushforward": 0, "history_dropout": 0.0},
    )  # fmt: skip
    reports = list(fit(state, objective, steps=60, report_every=10, seed=0, autocast=games.plain))
    assert reports[-1].values["l1"] < 0.5 * reports[0].values["l1"]


def drifting_bytes(count, velocity):
    return ((drifting(count, velocity) + 1) * 127.5).round().to(torch.uint8)


def test_flows_and_their_means_are_weighted_the_newest_first():
    flows = torch.zeros(1, 2, 2, 2, 2)
    flows[0, 0, 0] = 1.0  # the older one: across
    flows[0, 1, 1] = torch.tensor([[4.0, 0.0], [0.0, 0.0]])  # the newest: down, at one corner
    velocity = extrapolate(flows, torch.tensor([[0.5, 0.25], [2.0, 0.0]]))
    assert velocity[0, 0].tolist() == [[0.25, 0.25], [0.25, 0.25]]
    assert velocity[0, 1].tolist() == [[4.0, 2.0], [2.0, 2.0]]


def test_the_weights_that_made_a_motion_are_found():
    rng = torch.Generator().manual_seed(0)
    shared = 2 * torch.randn(2, 20, 2, 2, 1, 1, generator=rng)
    batches = list(shared + torch.randn(2, 20, 2, 2, 8, 8, generator=rng))
    weights = torch.tensor([[0.7, -0.2], [0.1, 0.3]])
    found = fit_velocity(batches, [extrapolate(flows, weights) for flows in batches])
    torch.testing.assert_close(found, weights, atol=0.01, rtol=0)


def test_of_what_stood_still_nothing_goes_on():
    still = torch.zeros(3, 4, 2, 8, 8)
    assert torch.equal(fit_velocity([still], [still[:, 0]]), torch.zeros(2, 4))
