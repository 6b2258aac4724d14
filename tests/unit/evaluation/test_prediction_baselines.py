import pytest
import torch
from support.moving_pictures import INSIDE, drifting, texture

from vidpipe.evaluation.fidelity import ROUNDING, gradient_energy, mse
from vidpipe.evaluation.prediction_baselines import (
    COPY_LAST,
    FITTED_FLOW,
    HISTORY,
    baselines,
    blur_copies,
    copy_last,
)
from vidpipe.models.flow_generator import extrapolate

NEWEST = torch.tensor([[1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]])
VELOCITY = (0.6, -0.4)
FRAMES = drifting(HISTORY + 4, VELOCITY)
WINDOW, NEXT = FRAMES[None, :HISTORY], FRAMES[HISTORY:]
STILL = texture().expand(2, HISTORY, -1, -1, -1)


def all_of_them(velocity=NEWEST):
    return baselines(torch.full((3, 64, 64), 0.5), velocity)


def error(predicted):
    return (predicted[0] - NEXT)[INSIDE].square().mean((1, 2, 3))


@pytest.mark.parametrize("name", all_of_them())
def test_each_predicts_as_many_frames_as_asked_from_each_window(name):
    windows = torch.stack([WINDOW[0], STILL[0]])
    predictor = all_of_them()[name]
    frames = predictor(windows, 3)
    assert frames.shape == (2, 3, 3, 64, 64)
    assert frames.isfinite().all()
    torch.testing.assert_close(frames[:1], predictor(WINDOW, 3), atol=1e-3, rtol=0)


def test_a_copy_stands_still():
    assert torch.equal(copy_last(WINDOW, 3)[0], WINDOW[0, -1].expand(3, -1, -1, -1))
    assert all_of_them()[COPY_LAST] is copy_last


def test_a_blurred_copy_loses_a_little_detail_once():
    noise = torch.rand(1, 2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    frames = blur_copies(noise, 3)[0]
    assert torch.equal(frames[0], frames[2])
    ratio = gradient_energy(frames[:1]) / gradient_energy(noise[:, -1])
    assert 0.1 < ratio.item() < 0.9
    torch.testing.assert_close(frames[0].mean(), noise[0, -1].mean(), atol=0.01, rtol=0)


def test_a_mix_is_a_tenth_of_the_mean_frame():
    mixed = all_of_them()["mean_mix"](WINDOW, 2)
    expected = 0.9 * WINDOW[:, -1] + 0.1 * 0.5
    torch.testing.assert_close(mixed, torch.stack([expected] * 2, dim=1))


@pytest.mark.parametrize("name", ["constant_flow", FITTED_FLOW])
def test_motion_goes_on_as_it_was(name):
    found = error(all_of_them()[name](WINDOW, 4))
    assert (found < 0.1 * error(copy_last(WINDOW, 4))).all()


def test_constant_flow_is_the_newest_and_fitted_flow_what_was_fitted():
    # The motion turns at the last frame: what came before must not count.
    window = torch.stack([WINDOW[0, 2], *WINDOW[0, 1:]])[None]
    found = all_of_them()
    constant, newest = found["constant_flow"](window, 2), found[FITTED_FLOW](window, 2)
    torch.testing.assert_close(constant, newest, atol=1e-3, rtol=0)
    others = all_of_them(torch.full((2, 4), 0.1))[FITTED_FLOW](window, 2)
    assert (constant - others).abs().max() > 0.01


def test_what_is_extrapolated_without_weights_stands_still():
    frames = all_of_them(torch.zeros(2, 4))[FITTED_FLOW](WINDOW, 3)
    torch.testing.assert_close(frames, copy_last(WINDOW, 3), atol=1e-4, rtol=0)
    flows = torch.randn(1, 4, 2, 8, 8, generator=torch.Generator().manual_seed(0))
    assert not extrapolate(flows, torch.zeros(2, 4)).any()


@pytest.mark.parametrize("name", [COPY_LAST, "constant_flow", FITTED_FLOW])
def test_where_nothing_moves_nothing_is_predicted_to(name):
    frames = all_of_them()[name](STILL, 3)
    assert mse(frames.flatten(0, 1), STILL[:, :3].flatten(0, 1)).tolist() == 6 * [ROUNDING]
