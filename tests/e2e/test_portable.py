"""The promise of `determinism: portable`, held on an emulated Haswell (Debian's qemu-user)."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from e2e.bits import JUDGES, MODELS
from project import environment

SCRIPT = Path(__file__).parent / "bits.py"
HASWELL = ["qemu-x86_64", "-cpu", "Haswell"]
LEARNT = [*JUDGES, *MODELS]
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


@pytest.fixture(scope="module")
def native(tmp_path_factory):
    return made([], tmp_path_factory.mktemp("bits") / "native")


@pytest.fixture(scope="module")
def emulated(tmp_path_factory):
    return made(HASWELL, tmp_path_factory.mktemp("bits") / "emulated")


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
