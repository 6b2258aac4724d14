"""Of what moves as a formula says, flow is known; what is looked up there is known too."""

import math

import pytest
import torch
from support.moving_pictures import INSIDE, drifting, texture, uniform

from vidpipe.models.flow import (
    _look_up,
    blur,
    compose,
    gathered,
    halve,
    look_up,
    look_up_sharp,
    optical_flow,
)
from vidpipe.models.pix2pix import TURNS, turned, turned_flow

BLACK = torch.full((1, 3, 64, 64), -1.0)
NOISE = torch.rand(2, 1, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.mark.parametrize("velocity", [(0.3, 0.0), (0.0, -0.5), (1.25, 0.75), (-2.4, 1.6)])
def test_the_flow_of_a_picture_that_moves_is_its_motion_backwards(velocity):
    earlier, later = drifting(2, velocity).split(1)
    error = (optical_flow(earlier, later) + uniform(velocity))[INSIDE].abs()
    assert error.mean() < 0.1
    # Where the texture is nearly flat, less is known.
    assert error.max() < 0.3


@pytest.mark.parametrize("frame", [texture()[None], NOISE[0], BLACK])
def test_what_stands_still_has_no_flow(frame):
    assert optical_flow(frame, frame).abs().max() < 1e-4


def test_a_black_frame_that_turns_white_has_not_moved():
    assert optical_flow(BLACK, -BLACK).abs().max() < 1e-4


@pytest.mark.parametrize(
    ("earlier", "later"),
    [(texture()[None], (texture()[None] + 1).clamp(max=1)), (texture()[None], BLACK), (*NOISE,)],
)
def test_flow_is_finite_whatever_changes(earlier, later):
    flow = optical_flow(earlier, later)
    assert flow.isfinite().all()
    assert not flow.requires_grad


@pytest.mark.parametrize("turn", range(TURNS))
def test_flow_turns_with_the_frames(turn):
    earlier, later = drifting(2, (1.3, -0.6)).split(1)
    found = optical_flow(turned(earlier, turn), turned(later, turn))
    expected = turned_flow(optical_flow(earlier, later), turn)
    torch.testing.assert_close(found, expected, atol=1e-3, rtol=0)


def test_flow_of_a_frame_does_not_hang_on_its_batch():
    frames = torch.cat([drifting(3, (0.7, 0.2)), NOISE[:, 0]])
    together = optical_flow(frames[:-1], frames[1:])
    alone = [optical_flow(frames[n : n + 1], frames[n + 1 : n + 2]) for n in range(4)]
    torch.testing.assert_close(together, torch.cat(alone), atol=1e-3, rtol=0)


@pytest.mark.parametrize("sides", [(16, 16), (24, 40), (65, 71)])
def test_frames_of_any_sides_have_flow(sides):
    frames = drifting(2, (0.5, 0.5), size=80)[..., : sides[0], : sides[1]]
    flow = optical_flow(frames[:1], frames[1:])
    assert flow.shape == (1, 2, *sides)
    assert (flow.mean((2, 3)) + 0.5).abs().max() < 0.3


@pytest.mark.parametrize("look", [look_up, look_up_sharp])
def test_flow_points_to_where_a_pixel_comes_from(look):
    maps = NOISE[0]
    found = look(maps, uniform((2.0, -1.0)))
    torch.testing.assert_close(found[..., 1:, :-2], maps[..., :-1, 2:], atol=1e-4, rtol=0)
    # Beyond the edge, it is repeated.
    torch.testing.assert_close(found[..., 0, :-2], maps[..., 0, 2:], atol=1e-4, rtol=0)
    torch.testing.assert_close(found[..., 1:, -1], maps[..., :-1, -1], atol=1e-4, rtol=0)


def test_between_pixels_a_sharp_look_is_closer_to_the_truth():
    found = {look: look(texture()[None], uniform((0.5, 0.5))) for look in (look_up, look_up_sharp)}
    errors = {
        look: (maps[0] - texture(-0.5, -0.5))[INSIDE].abs().mean() for look, maps in found.items()
    }
    assert errors[look_up_sharp] < 0.75 * errors[look_up]


@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
def test_plain_sums_and_their_gradient_are_those_of_torch(mode):
    rng = torch.Generator().manual_seed(0)
    maps, weights = torch.randn(2, 2, 3, 16, 16, generator=rng).double()
    # Some positions lie beyond the edge.
    flow = (4 * torch.randn(2, 2, 16, 16, generator=rng)).double().requires_grad_()
    x, y = torch.arange(16) + flow[:, 0], torch.arange(16).unsqueeze(1) + flow[:, 1]
    sums = [gathered(maps, x, y, mode=mode), _look_up(maps, flow, mode=mode)]
    torch.testing.assert_close(*sums)
    gradients = [torch.autograd.grad((found * weights).sum(), flow)[0] for found in sums]
    assert gradients[0].abs().max() > 0
    torch.testing.assert_close(*gradients)


@pytest.mark.parametrize("look", [look_up, look_up_sharp])
def test_gradients_reach_the_flow_and_not_the_maps(look):
    maps = texture()[None].requires_grad_()
    flow = uniform((0.3, 0.4)).clone().requires_grad_()
    look(maps, flow).square().sum().backward()
    assert maps.grad is None
    assert flow.grad.abs().max() > 0
    assert not look(maps, flow.detach()).requires_grad


def test_two_translations_are_one():
    found = compose(uniform((1.5, -2.0)), uniform((-0.5, 0.25)))
    torch.testing.assert_close(found, uniform((1.0, -1.75)), atol=1e-5, rtol=0)


def test_the_first_flow_is_looked_up_where_the_second_points():
    stretch = torch.zeros(1, 2, 64, 64)
    stretch[:, 0] = 0.1 * torch.arange(64)
    found = compose(stretch, uniform((3.0, 0.0)))[0, 0, :, :-3]
    expected = (3 + 0.1 * (torch.arange(61) + 3)).expand(64, 61)
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=0)


def test_halving_takes_means_and_leaves_out_an_odd_line():
    maps = torch.arange(15.0).view(1, 1, 3, 5)
    torch.testing.assert_close(halve(maps), torch.tensor([[[[3.0, 5.0]]]]))


def test_blur_spreads_a_point_evenly_and_keeps_what_is_flat():
    point = torch.zeros(1, 1, 15, 15)
    point[..., 7, 7] = 1
    spread = blur(point, 1.0)
    assert spread.sum() == pytest.approx(1)
    torch.testing.assert_close(spread, spread.mT)
    assert spread[0, 0, 7, 8] / spread[0, 0, 7, 7] == pytest.approx(0.60653, abs=1e-4)
    flat = torch.full((2, 3, 9, 9), 0.7)
    torch.testing.assert_close(blur(flat, 2.5), flat)


@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
def test_what_is_looked_up_nowhere_is_no_number(mode):
    nowhere = torch.full((1, 8, 8), math.nan)
    assert gathered(torch.zeros(1, 1, 8, 8), nowhere, nowhere, mode=mode).isnan().all()
