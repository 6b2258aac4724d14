import numpy as np
import pytest

from vidpipe.evaluation.perceptual import ms_ssim, strred


def clip(size, count=4):
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (size // 8, size // 8, 3), dtype=np.uint8)
    still = coarse.repeat(8, axis=0).repeat(8, axis=1)
    return np.stack([np.roll(still, 2 * t, axis=1) for t in range(count)])


def noisy(video, level):
    noise = np.random.default_rng(1).normal(0, level, video.shape)
    return np.clip(video + noise, 0, 255).astype(np.uint8)


def test_strred_is_nothing_for_equal_videos_and_grows_with_noise():
    video = clip(64)
    scores = [strred(video, noisy(video, level)) for level in (0, 8, 40)]
    assert scores[0] == pytest.approx(0, abs=1e-6)
    assert scores[0] < scores[1] < scores[2]


def test_ms_ssim_falls_with_noise():
    video = clip(192)
    scores = [ms_ssim(video, noisy(video, level)) for level in (0, 8, 40)]
    assert scores[0] == pytest.approx(1, abs=1e-3)
    assert scores[0] > scores[1] > scores[2]


def test_ms_ssim_is_not_there_for_small_frames():
    assert ms_ssim(clip(64), clip(64)) is None


def test_numpy_is_left_as_it_was():
    before = set(np.__dict__)
    strred(clip(64), clip(64))
    assert {"int", "float", "product"}.isdisjoint(np.__dict__)
    assert set(np.__dict__) == before
