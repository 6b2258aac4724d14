import logging

import numpy as np
import pytest
import torch
from support import detectors

from vidpipe.evaluation import fvd
from vidpipe.utils.errors import UserError

CPU = torch.device("cpu")
PARAMETER = "gan3d.evaluate.fvd_weights"


def clips(count, seed, *, channels=3, most=256):
    rng = torch.Generator().manual_seed(seed)
    return torch.randint(most, (count, 9, 4, 4, channels), generator=rng, dtype=torch.uint8)


@pytest.fixture
def detector(tmp_path, monkeypatch):
    weights = detectors.installed(tmp_path, monkeypatch)
    return fvd.load(weights, frames=9, parameter=PARAMETER)


def gaussian_distance(first, second):
    """Fréchet distance of two Gaussians, by the eigenvalues of the product of covariances."""
    covariances = [np.cov(features, rowvar=False) for features in (first, second)]
    roots = np.sqrt(np.linalg.eigvals(covariances[0] @ covariances[1]).astype(complex)).real
    means = first.mean(0) - second.mean(0)
    return means @ means + sum(map(np.trace, covariances)) - 2 * roots.sum()


def seen(pixels):
    values = pixels.numpy() / 127.5 - 1
    return np.concatenate(
        [values.mean((1, 2, 3)), np.abs(np.diff(values, axis=1)).mean((1, 2, 3))], 1
    )


def test_the_distance_is_that_of_the_features_of_whole_clips(detector):
    made, held_out, real = clips(20, 0, most=200), clips(11, 1), clips(30, 2)
    sets = {"": made, "_held_out": held_out}
    scores = fvd.distances(detector, sets, real, np.arange(30) // 3, seed=0, device=CPU)
    assert set(scores) == {"fvd", "fvd_held_out", "fvd_floor"}
    assert scores["fvd"] == pytest.approx(gaussian_distance(seen(made), seen(real)), rel=1e-4)
    other = gaussian_distance(seen(held_out), seen(real))
    assert scores["fvd_held_out"] == pytest.approx(other, rel=1e-4)
    assert 0 < scores["fvd_floor"] < scores["fvd"]


def test_grey_clips_are_shown_as_coloured_ones(detector):
    grey = clips(3, 0, channels=1)
    coloured = fvd.features(detector, grey.expand(-1, -1, -1, -1, 3), CPU)
    assert fvd.features(detector, grey, CPU).equal(coloured)


def test_nothing_is_loaded_that_is_not_asked_for():
    assert fvd.load(None, frames=16, parameter=PARAMETER) is None


def test_of_clips_too_short_one_line_says_why(tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        assert fvd.load(str(tmp_path / "none.pt"), frames=8, parameter=PARAMETER) is None
    (line,) = caplog.messages
    assert line == "FVD is not measured: its network needs clips of at least 9 frames, got 8"


@pytest.mark.parametrize("content", [b"no TorchScript", b""])
def test_any_other_file_is_refused_before_its_code_runs(tmp_path, monkeypatch, content):
    path = tmp_path / "other.pt"
    path.write_bytes(content)
    monkeypatch.setattr(torch.jit, "load", lambda *_, **__: pytest.fail("loaded"))
    with pytest.raises(
        UserError, match=rf"^{PARAMETER}: .*other.pt: expected .* {fvd.SHA256}, got"
    ):
        fvd.load(str(path), frames=16, parameter=PARAMETER)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match=f"{PARAMETER}: expected a file of weights at .*none.pt"):
        fvd.load(str(tmp_path / "none.pt"), frames=16, parameter=PARAMETER)
