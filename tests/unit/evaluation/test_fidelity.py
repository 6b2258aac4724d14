import math

import pytest
import torch

from vidpipe.evaluation.fidelity import ROUNDING, mse, psnr, ssim


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


def test_a_frame_is_scored_alone():
    rng = torch.Generator().manual_seed(0)
    one, other = torch.rand(2, 4, 3, 32, 32, generator=rng)
    torch.testing.assert_close(ssim(one, other)[2], ssim(one[2:3], other[2:3])[0])
