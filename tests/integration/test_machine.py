"""The promise of `determinism: machine`: equal bits from one process to the next."""

import subprocess
import sys

import pytest
import torch
from support.project import ROOT, environment

from vidpipe.config.schema import CLIP_GAN_NAMES
from vidpipe.training.runtime import PORTABLE

CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=[pytest.mark.gpu, CUDA])])
def test_two_processes_learn_the_same_weights(tmp_path, device):
    free = {name: value for name, value in environment().items() if name not in PORTABLE}
    learning = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        command = [
            sys.executable,
            ROOT / "tests/support/train_clip_gans.py",
            device,
            tmp_path / name,
        ]
        learning.append(subprocess.Popen(command, env=free, stdout=subprocess.PIPE, text=True))
    one, other = (process.communicate()[0] for process in learning)
    assert [process.returncode for process in learning] == [0, 0]
    assert one.count("generator.safetensors") == len(CLIP_GAN_NAMES)
    assert one == other
