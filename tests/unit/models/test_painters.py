import pytest
import torch
from support.network_layers import shapes
from torch.nn import functional as F

from vidpipe.models.painters import (
    BackgroundPainter,
    ConditionalNorm,
    ConditionalPainter,
    DoublingConv,
    DoublingConv3d,
    TransposedPainter,
    shifted_in_time,
)

SIZES = {"size": 32, "width": 32, "channels": 4}


@pytest.mark.parametrize("side", [1, 2, 5])
def test_a_doubling_convolution_is_nearest_and_then_3_by_3(side):
    torch.manual_seed(0)
    layer = DoublingConv(3, 5)
    maps = torch.randn(2, 3, side, side)
    enlarged = F.interpolate(maps, scale_factor=2, mode="nearest")
    expected = F.conv2d(enlarged, layer.weight, layer.bias, padding=1)
    torch.testing.assert_close(layer(maps), expected)


def test_a_doubling_convolution_of_clips_leaves_time_as_it_is():
    torch.manual_seed(0)
    layer = DoublingConv3d(3, 5)
    clips = torch.randn(2, 3, 6, 4, 4)
    enlarged = F.interpolate(clips, scale_factor=(1, 2, 2), mode="nearest")
    expected = F.conv3d(enlarged, layer.weight, layer.bias, padding=1)
    torch.testing.assert_close(layer(clips), expected)


def test_channels_come_from_the_frames_around_within_a_clip():
    # Two clips of three frames; a value tells its frame and its channel.
    frames = torch.arange(6.0).view(6, 1, 1, 1) + 10 * torch.arange(8.0).view(1, 8, 1, 1)
    shifted = shifted_in_time(frames, 3)[:, :, 0, 0] - 10 * torch.arange(8.0)
    assert shifted[:, 0].tolist() == [0, 0, 1, 3, 3, 4]
    assert shifted[:, 1].tolist() == [1, 2, 2, 4, 5, 5]
    for channel in range(2, 8):
        assert shifted[:, channel].tolist() == [0, 1, 2, 3, 4, 5]


def test_a_conditional_norm_scales_and_shifts_what_is_normal():
    torch.manual_seed(0)
    layer = ConditionalNorm(3, 2)
    maps, condition = 5 + 2 * torch.randn(4, 3, 6, 6), torch.randn(4, 2)
    scale, shift = layer.steer(condition)[:, :, None, None].chunk(2, 1)
    normal = (layer(maps, condition) - shift) / (1 + scale)
    torch.testing.assert_close(normal.mean((0, 2, 3)), torch.zeros(3), atol=1e-4, rtol=0)
    torch.testing.assert_close(
        normal.var((0, 2, 3), correction=0), torch.ones(3), atol=1e-3, rtol=0
    )


def test_a_condition_steers_the_picture_of_its_own_frame():
    torch.manual_seed(0)
    painter = ConditionalPainter(numbers=6, condition=5, **{**SIZES, "size": 16}).eval()
    vectors, condition = torch.randn(8, 6), torch.randn(8, 5)
    other = condition.clone()
    other[0] += 1
    differs = (painter(vectors, condition, 8) != painter(vectors, other, 8)).flatten(1).any(1)
    # Each of two layers hands a share of the channels on to the next frame.
    assert differs.tolist() == [True] * 3 + [False] * 5


def test_the_side_doubles_from_4_and_the_transposed_painter_halves_channels():
    painter = TransposedPainter(numbers=6, **SIZES)
    assert shapes(painter, torch.randn(2, 6)) == [(512,), (16, 8, 8), (8, 16, 16), (4, 32, 32)]


def test_channels_shrink_more_slowly_where_layers_are_steered():
    painter = ConditionalPainter(numbers=6, condition=5, size=64, width=128, channels=4)
    seen = shapes(painter, torch.randn(2, 6), torch.randn(2, 5), 2)
    maps = [shape for shape in seen if len(shape) == 3]
    assert maps == [(72, 8, 8), (40, 16, 16), (24, 32, 32), (16, 64, 64), (4, 64, 64)]


def test_a_small_side_gets_one_layer_more_that_keeps_it():
    painter = ConditionalPainter(numbers=6, condition=5, size=8, width=32, channels=8)
    assert [layer.doubles for layer in painter.layers] == [True, False]
    assert painter(torch.randn(4, 6), torch.randn(4, 5), 2).shape == (4, 8, 8, 8)


@pytest.mark.parametrize("size", [8, 32, 64])
def test_a_background_is_of_the_size_that_is_asked_for(size):
    painter = BackgroundPainter(numbers=6, size=size, width=16, channels=3)
    assert painter(torch.randn(2, 6)).shape == (2, 3, size, size)
