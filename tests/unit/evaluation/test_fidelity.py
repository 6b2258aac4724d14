import math

import pytest
import torch

from vidpipe.evaluation.fidelity import (
    ROUNDING,
    gradient_energy,
    moving_share,
    mse,
    psnr,
    ssim,
)
from vidpipe.evaluation.motion import measure_motion
from vidpipe.models.flow import blur
from vidpipe.models.pixels import to_float, to_uint8


def test_psnr_is_that_of_the_definition():
    one = torch.zeros(1, 3, 32, 32)
    assert psnr(mse(one, one + 0.2)).item() == pytest.approx(10 * math.log10(4 / 0.04), abs=1e-4)


def test_no_error_counts_as_that_of_rounding_and_stays_finite():
    one = torch.rand(2, 3, 32, 32)
    assert mse(one, one).tolist() == [ROUNDING, ROUNDING]
    assert psnr(mse(one, one)).isfinite().all()


def test_ssim_is_one_for_equal_frames_and_falls_with_noise():
    rng = torch.Generator().manual_seed(0)
    one = torch.rand(1, 3, 32, 32, generator=rng) * 2 - 1
    noise = torch.randn(1, 3, 32, 32, generator=rng)
    scores = [ssim(one, one + level * noise).item() for level in (0.0, 0.1, 0.5)]
    assert scores[0] == pytest.approx(1.0, abs=1e-5)
    assert scores[0] > scores[1] > scores[2]


@pytest.mark.filterwarnings("ignore")  # torchmetrics' own, of packages that are not here
@pytest.mark.parametrize("shape", [(2, 3, 64, 64), (1, 1, 21, 40)])
def test_ssim_is_that_of_torchmetrics(shape):
    from torchmetrics.functional.image import structural_similarity_index_measure as reference

    rng = torch.Generator().manual_seed(0)
    one = blur(torch.rand(shape, generator=rng) * 2 - 1, 1.0)
    other = (one + 0.1 * torch.randn(shape, generator=rng)).clamp(-1, 1)
    expected = reference(other, one, data_range=2.0, reduction="none").double()
    torch.testing.assert_close(ssim(other, one), expected, atol=2e-6, rtol=0)


def test_a_frame_is_scored_alone():
    rng = torch.Generator().manual_seed(0)
    one, other = torch.rand(2, 4, 3, 32, 32, generator=rng)
    torch.testing.assert_close(ssim(one, other)[2], ssim(one[2:3], other[2:3])[0])


def test_gradient_energy_is_the_mean_square_of_slopes():
    ramp = (0.1 * torch.arange(8)).expand(2, 3, 8, 8).clone()
    ramp[1] += 0.05 * torch.arange(8).unsqueeze(1)
    assert gradient_energy(ramp).tolist() == pytest.approx([0.01, 0.0125], abs=1e-6)
    assert gradient_energy(torch.full((1, 3, 8, 8), 0.7)).tolist() == [0]


def test_blur_lowers_gradient_energy():
    frames = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    energies = [gradient_energy(blur(frames, sigma)).item() for sigma in (0.4, 0.8, 1.6)]
    assert gradient_energy(frames).item() > energies[0] > energies[1] > energies[2]


@pytest.mark.parametrize(("change", "share"), [(0.0, 0.0), (0.29, 0.0), (0.31, 0.25), (-2.0, 0.25)])
def test_a_pixel_has_moved_if_a_channel_changes_enough(change, share):
    before = torch.zeros(1, 3, 8, 8)
    after = before.clone()
    after[:, 1, :4, :4] = change
    assert moving_share(before, after).tolist() == [share]


def test_motion_is_counted_as_in_clips():
    frames = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    frames = to_float(to_uint8(frames))
    counted = measure_motion(to_uint8(frames)[None].permute(0, 1, 3, 4, 2)).moving_share
    torch.testing.assert_close(moving_share(frames[:1], frames[1:]).float(), counted.float())
