"""The promise of `determinism: portable`, held on an emulated Haswell (Debian's qemu-user)."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from project import environment

SCRIPT = Path(__file__).parent / "weights.py"
HASWELL = ["qemu-x86_64", "-cpu", "Haswell"]
DRAW = """
import hashlib, sys
from pathlib import Path
from vidpipe.data.sources.actions import videos
for video in videos(seed=0, actors=1, seconds=0.2, folder=Path(sys.argv[1])):
    print(video.name, hashlib.sha256(video.path.read_bytes()).hexdigest())
"""
needs_emulator = pytest.mark.skipif(
    shutil.which(HASWELL[0]) is None, reason="needs Debian's qemu-user"
)


def output(*command):
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def trained(prefix, pairs, scratch):
    scratch.mkdir()
    return output(*prefix, sys.executable, str(SCRIPT), str(pairs), str(scratch))


@pytest.mark.slow
@needs_emulator
def test_weights_are_the_same_on_another_processor(trained_pairs, tmp_path):
    native = trained([], trained_pairs, tmp_path / "native")
    assert trained(HASWELL, trained_pairs, tmp_path / "emulated") == native


@pytest.mark.slow
@needs_emulator
def test_drawn_videos_are_the_same_on_another_processor(tmp_path):
    native = output(sys.executable, "-c", DRAW, str(tmp_path))
    assert len(native.splitlines()) == 9
    assert output(*HASWELL, sys.executable, "-c", DRAW, str(tmp_path)) == native
