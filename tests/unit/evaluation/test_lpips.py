import hashlib

import pytest
import torch
from torch import nn

from vidpipe.evaluation import lpips
from vidpipe.utils.errors import UserError

NETWORK = nn.Sequential(
    nn.Conv2d(3, 64, 11, stride=4, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
    nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
    nn.Conv2d(192, 384, 3, padding=1), nn.ReLU(),
    nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(),
    nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(),
)  # fmt: skip
SLICES = {0: 1, 3: 2, 6: 3, 8: 4, 10: 5}  # of the layers of torchvision's AlexNet in that package
SHIFT = torch.tensor([-0.030, -0.088, -0.188]).view(1, 3, 1, 1)
SCALE = torch.tensor([0.458, 0.448, 0.450]).view(1, 3, 1, 1)
FRAMES = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.fixture(scope="module")
def state():
    """Keys and shapes of the package's state dict, with random values."""
    torch.manual_seed(0)
    tensors = {"scaling_layer.shift": SHIFT, "scaling_layer.scale": SCALE}
    for number, (layer, part) in enumerate(SLICES.items()):
        kernel = torch.randn_like(NETWORK[layer].weight)
        tensors[f"net.slice{part}.{layer}.weight"] = kernel / kernel[0].numel() ** 0.5
        tensors[f"net.slice{part}.{layer}.bias"] = 0.1 * torch.randn(len(kernel))
        tensors[f"lin{number}.model.1.weight"] = torch.rand(1, len(kernel), 1, 1)
        # The package has these twice.
        tensors[f"lins.{number}.model.1.weight"] = tensors[f"lin{number}.model.1.weight"]
    return tensors


def saved(content, folder):
    path = folder / "alex.pth"
    torch.save(content, path)
    return str(path), hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def distance(state, tmp_path):
    return lpips.load(*saved(state, tmp_path))


@torch.no_grad()
def published(state, frames, reference):
    """The distance as the paper writes it, layer by layer of torchvision's network."""
    total = torch.zeros(len(frames))
    pair = [(batch - SHIFT) / SCALE for batch in (frames, reference)]
    number = 0
    for index, layer in enumerate(NETWORK):
        if index in SLICES:
            name = f"net.slice{SLICES[index]}.{index}"
            layer.load_state_dict({k: state[f"{name}.{k}"] for k in ("weight", "bias")})
        pair = [layer(x) for x in pair]
        if index - 1 in SLICES:
            one, other = (x / (x.norm(dim=1, keepdim=True) + 1e-10) for x in pair)
            weighed = (one - other).square() * state[f"lin{number}.model.1.weight"]
            total += weighed.sum(1).mean((1, 2))
            number += 1
    return total


def test_the_distance_is_that_of_the_paper(state, distance):
    other = FRAMES.roll(3, -1)
    expected = published(state, FRAMES, other)
    assert distance(FRAMES, other).tolist() == pytest.approx(expected.tolist(), rel=1e-5)
    assert expected.min() > 0.01


def test_equal_frames_are_0_apart_and_grey_ones_are_measured(distance):
    assert distance(FRAMES, FRAMES.clone()).tolist() == [0, 0]
    assert distance(-FRAMES[:, :1], FRAMES[:, :1]).min() > 0


def test_the_smallest_frames_have_31_pixels(distance):
    assert distance(-FRAMES[..., :31, :31], FRAMES[..., :31, :31]).isfinite().all()


@pytest.mark.parametrize("content", [b"no weights", b"", b"PK\x03\x04 and no more"])
def test_what_torch_did_not_save_is_refused(tmp_path, content):
    path = tmp_path / "alex.pth"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"lpips_weights: .*alex.pth: expected the state dict of"):
        lpips.load(str(path), hashlib.sha256(content).hexdigest())


def test_objects_beside_tensors_are_refused(tmp_path):
    with pytest.raises(UserError, match="or one with more than tensors"):
        lpips.load(*saved(nn.ReLU(), tmp_path))


def test_other_networks_are_refused(state, tmp_path):
    with pytest.raises(UserError, match="got a list"):
        lpips.load(*saved([1], tmp_path))
    without = {name: tensor for name, tensor in state.items() if name != "lin4.model.1.weight"}
    with pytest.raises(UserError, match=r"got no float32 lin4\.model\.1\.weight of shape \(1, 256"):
        lpips.load(*saved(without, tmp_path))
    other = state | {"net.slice1.0.weight": torch.zeros(64, 3, 3, 3)}
    with pytest.raises(UserError, match=r"got no float32 net\.slice1\.0\.weight of shape"):
        lpips.load(*saved(other, tmp_path))


def test_a_file_of_another_hash_is_refused(state, tmp_path):
    path, digest = saved(state, tmp_path)
    with pytest.raises(
        UserError, match=f"expected the file with sha256 {'0' * 64}, got .*{digest}"
    ):
        lpips.load(path, "0" * 64)
