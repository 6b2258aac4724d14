"""The promise of `determinism: portable`, held on an emulated Haswell (Debian's qemu-user)."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from project import environment

SCRIPT = Path(__file__).parent / "weights.py"
HASWELL = ["qemu-x86_64", "-cpu", "Haswell"]


def trained(prefix, pairs, scratch):
    scratch.mkdir()
    command = [*prefix, sys.executable, str(SCRIPT), str(pairs), str(scratch)]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.skipif(shutil.which(HASWELL[0]) is None, reason="needs Debian's qemu-user")
def test_weights_are_the_same_on_another_processor(trained_pairs, tmp_path):
    native = trained([], trained_pairs, tmp_path / "native")
    assert trained(HASWELL, trained_pairs, tmp_path / "emulated") == native
