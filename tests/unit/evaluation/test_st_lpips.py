import logging
from importlib import metadata

import pytest
import torch
from torch.nn import functional as F

from vidpipe.evaluation import st_lpips

# Of the blurred, the shifted and the recoloured frame below, by the code of stlpips_pytorch 0.0.2.
AUTHORS = [0.11437151, 0.00661129, 0.16829297]


@pytest.fixture(autouse=True)
def _nothing_loaded():
    st_lpips.load.cache_clear()
    yield
    st_lpips.load.cache_clear()


def frames(*shape):
    """Coarse noise, in [-1, 1]."""
    coarse = torch.rand(*shape, generator=torch.Generator().manual_seed(0)) * 2 - 1
    return coarse.repeat_interleave(8, -1).repeat_interleave(8, -2)


def blurred(batch, sigma):
    at = torch.arange(-6, 7)
    bell = torch.exp(-(at**2) / (2 * sigma**2))
    kernel = (bell[:, None] * bell / bell.sum() ** 2).expand(batch.shape[1], 1, -1, -1)
    return F.conv2d(F.pad(batch, (6, 6, 6, 6), mode="reflect"), kernel, groups=batch.shape[1])


def test_distances_are_those_of_the_authors():
    reference = frames(1, 3, 8, 8)
    distance = st_lpips.load()
    others = (blurred(reference, 1.0), reference.roll(1, -1), reference.flip(1))
    assert [distance(other, reference).item() for other in others] == pytest.approx(
        AUTHORS, abs=1e-6
    )


def test_equal_frames_are_0_apart_and_blur_grows():
    reference = frames(2, 3, 4, 4)
    distance = st_lpips.load()
    scores = [distance(blurred(reference, sigma), reference) for sigma in (0.5, 0.8, 1.2)]
    assert distance(reference.clone(), reference).tolist() == [0, 0]
    assert (torch.stack([torch.zeros(2), *scores]).diff(dim=0) > 0).all()


def test_a_shift_counts_less_than_blur_of_a_smaller_error():
    reference = frames(1, 3, 8, 8)
    shift, blur = reference.roll(1, -1), blurred(reference, 1.5)
    assert F.mse_loss(blur, reference) < F.mse_loss(shift, reference)
    distance = st_lpips.load()
    assert distance(shift, reference) < distance(blur, reference) / 5


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_bits_depend_neither_on_the_batch_nor_on_the_layout(layout):
    reference = frames(2, 3, 4, 4)
    batch = blurred(reference, 0.8)
    distance = st_lpips.load()
    alone = [
        distance(one, other) for one, other in zip(batch.split(1), reference.split(1), strict=True)
    ]
    assert distance(batch.contiguous(memory_format=layout), reference).equal(torch.cat(alone))


def test_grey_frames_have_the_distance_of_three_equal_channels():
    reference = frames(1, 1, 4, 4)
    distance = st_lpips.load()
    colour = [batch.expand(-1, 3, -1, -1) for batch in (-reference, reference)]
    assert distance(-reference, reference).equal(distance(*colour))


def test_frames_of_one_colour_have_finite_distances():
    black = torch.full((1, 3, 64, 64), -1.0)
    distance = st_lpips.load()
    assert distance(black, black) == 0
    assert 0 < distance(-black, black) < float("inf")


@pytest.mark.parametrize("size", [21, 130])
def test_frames_of_any_size_from_21_pixels_on_are_measured(size):
    reference = torch.rand(1, 3, size, size, generator=torch.Generator().manual_seed(0))
    assert st_lpips.load()(-reference, reference) > 0.01


def test_without_the_wheel_one_line_says_what_to_install(monkeypatch, caplog):
    def missing(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", missing)
    with caplog.at_level(logging.WARNING):
        assert st_lpips.load() is None
        assert st_lpips.load() is None
    (line,) = caplog.messages
    assert "got no file" in line
    assert line.endswith(st_lpips.INSTALL)


def test_weights_of_another_hash_are_refused(monkeypatch, tmp_path, caplog):
    path = tmp_path / st_lpips.FILE
    path.parent.mkdir(parents=True)
    path.write_bytes(b"other weights")
    monkeypatch.setattr(
        metadata, "distribution", lambda _: metadata.PathDistribution(tmp_path / "i")
    )
    with caplog.at_level(logging.WARNING):
        assert st_lpips.load() is None
    (line,) = caplog.messages
    assert str(path) in line
    assert "expected the file with sha256 b356b382f960..., got " in line
    assert line.endswith(st_lpips.INSTALL)
