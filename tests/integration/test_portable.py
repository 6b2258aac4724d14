"""The promise of `determinism: portable`, held on emulated processors (Debian's qemu-user)."""

import shutil
import subprocess
import sys

import pytest
from support.bits import CLASSIFIERS, MODELS
from support.project import ROOT, environment

SCRIPT = ROOT / "tests/support/bits.py"
HASWELL, ROME = (["qemu-x86_64", "-cpu", name] for name in ("Haswell", "EPYC-Rome"))
LEARNT = [*CLASSIFIERS, *MODELS]
PACKED = ["pairs.npz", "pairs.png", "clips.npz", "clips.png", "digits.npz", "digits.png"]
DATA = ["videos", "frames", *PACKED]

pytestmark = pytest.mark.skipif(shutil.which(HASWELL[0]) is None, reason="needs Debian's qemu-user")


def made(prefix, scratch, *words):
    """md5 by path."""
    scratch.mkdir()
    done = subprocess.run(
        [*prefix, sys.executable, str(SCRIPT), str(scratch), *words],
        env=environment(PYTHONWARNINGS="ignore"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {path: md5 for md5, path in (line.split(" ", 1) for line in done.stdout.splitlines())}


def part(files, name):
    """Those of one file or folder."""
    return {path: md5 for path, md5 in files.items() if path.split("/")[0] == name}


@pytest.mark.slow
def test_data_and_trained_weights_have_the_same_bits_on_another_processor(tmp_path):
    here = made([], tmp_path / "native", "--brief")
    there = made(HASWELL, tmp_path / "emulated", "--brief")
    assert here == there
    assert all(part(here, name) for name in (*DATA, *MODELS))


# A layer of pix2pix as it paints: kernels that go by caches gave other bits on Rome.
LAYER = """
import hashlib

from vidpipe.training.runtime import start

start(device="cpu", precision="fp32", threads=2, determinism="portable")
import torch

torch.manual_seed(0)
layer = torch.nn.ConvTranspose2d(384, 96, 4, 2, 1, bias=False)
frames = torch.randn(2, 384, 8, 8).contiguous(memory_format=torch.channels_last).requires_grad_()
layer.weight.data = layer.weight.data.contiguous(memory_format=torch.channels_last)
made = layer(frames)
made.square().sum().backward()
for value in (made, frames.grad, layer.weight.grad):
    print(hashlib.md5(value.detach().contiguous().numpy().tobytes()).hexdigest())
"""


@pytest.mark.slow
def test_sums_do_not_go_by_the_sizes_of_caches():
    """Of the second level, Haswell is told to have 4 MiB, Rome 512 KiB."""
    started = [
        subprocess.Popen(
            [*prefix, sys.executable, "-c", LAYER],
            env=environment(PYTHONWARNINGS="ignore"),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        for prefix in ([], HASWELL, ROME)
    ]
    said = [process.communicate()[0] for process in started]
    assert said == 3 * [said[0]]
    assert len(said[0].split()) == 3


@pytest.fixture(scope="module")
def native(tmp_path_factory):
    return made([], tmp_path_factory.mktemp("bits") / "native")


@pytest.fixture(scope="module")
def emulated(tmp_path_factory):
    return made(HASWELL, tmp_path_factory.mktemp("bits") / "emulated")


@pytest.mark.long
def test_weights_have_the_same_bits_at_the_committed_sizes(tmp_path):
    here, there = (made(p, tmp_path / str(len(p)), "--laptop") for p in ([], ROME))
    assert here == there
    assert all(part(here, name) for name in MODELS)


@pytest.mark.long
@pytest.mark.parametrize("name", [*DATA, *LEARNT])
def test_bits_are_the_same_on_another_processor(native, emulated, name):
    here, there = part(native, name), part(emulated, name)
    assert here
    assert here == there


@pytest.mark.long
def test_what_was_compared_is_all_that_a_stage_makes(native):
    """Weights of both networks, a history, samples that move, and numbers."""
    assert {"pix2pix/samples/samples.mp4", "dcgan/samples/samples.gif"} <= set(native)
    for model in MODELS:
        kept = {f"{model}/{model}/{name}.safetensors" for name in ("generator", "discriminator")}
        kept |= {f"{model}/metrics.json", f"{model}/{model}/history.csv"}
        assert kept <= set(native)
