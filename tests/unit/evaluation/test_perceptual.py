import os
import subprocess
import sys

import numpy as np
import pytest

from vidpipe.evaluation import perceptual
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
    scores = strred(video, [noisy(video, level) for level in (0, 8, 40)])
    assert scores[0] == pytest.approx(0, abs=1e-6)
    assert scores[0] < scores[1] < scores[2]


def test_ms_ssim_falls_with_noise():
    video = clip(192)
    scores = [ms_ssim(video, noisy(video, level)) for level in (0, 8, 40)]
    assert scores[0] == pytest.approx(1, abs=1e-3)
    assert scores[0] > scores[1] > scores[2]


def test_ms_ssim_is_not_there_for_small_frames():
    assert ms_ssim(clip(64), clip(64)) is None


SCORE = """
import numpy as np
from vidpipe.evaluation.perceptual import strred

still = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
video = np.stack([np.roll(still, 2 * t, axis=1) for t in range(4)])
print(repr(strred(video, [video[::-1].copy()])))
"""


def test_strred_has_all_digits_the_same_with_kernels_for_another_processor():
    scores = {
        subprocess.run(
            [sys.executable, "-c", SCORE],
            env=os.environ | {"OPENBLAS_CORETYPE": kernels},
            stdout=subprocess.PIPE,
            check=True,
        ).stdout
        for kernels in ("Prescott", "Haswell")
    }
    assert len(scores) == 1


def test_numpy_is_left_as_it_was():
    before = set(np.__dict__)
    strred(clip(64), [clip(64)])
    assert {"int", "float", "product"}.isdisjoint(np.__dict__)
    assert set(np.__dict__) == before


def test_complex_eigenvalues_of_newer_numpy_change_nothing(monkeypatch):
    video = clip(64)
    real, noise = (video @ perceptual.LUMA).round(), noisy(video, 8) @ perceptual.LUMA
    videos = [luma.astype(np.uint8)[..., None] for luma in (real, noise)]
    expected = perceptual._strred(*videos)
    eig, eigvals = np.linalg.eig, np.linalg.eigvals

    def complex_eig(matrix):
        return tuple(part.astype(np.result_type(part, np.complex64)) for part in eig(matrix))

    monkeypatch.setattr(np.linalg, "eig", complex_eig)
    monkeypatch.setattr(np.linalg, "eigvals", lambda matrix: eigvals(matrix).astype(complex))
    assert perceptual._strred(*videos) == expected
    with perceptual._old_numpy():
        assert np.linalg.eigvals(np.eye(2)).dtype == float
        assert np.linalg.eigvals(np.array([[0.0, 1.0], [-1.0, 0.0]])).dtype == complex
    assert np.linalg.eig is complex_eig
