"""Whether DVC wants what it runs made anew."""

import os
import re
import subprocess
from contextlib import suppress
from pathlib import Path

import psutil

SWITCHES = "fikpPqRsv"  # of `dvc repro` and `dvc exp run`, which take no value
FORCE = re.compile(rf"--force|-[{SWITCHES}]*f.*")  # `-fS a=1`: others may follow, with a value
# Of an experiment of the queue: the commit it waited as, in which DVC pickled its options.
QUEUED = ("exec-run", "refs/exps/exec/EXEC_MERGE:./.dvc/tmp/repro.dat")
PICKLED = b"\x8c\x05force\x94\x88"  # `"force": True`; searched for, so that nothing is unpickled


def forced() -> bool:
    """Whether this is a stage of `dvc repro --force` or `dvc exp run --force`.

    DVC tells its stages all but that, so the words of its command are looked at; for an experiment
    of the queue, what DVC wrote down when it was queued.
    """
    if "DVC_STAGE" not in os.environ:
        return False
    for process in psutil.Process().parents():
        with suppress(psutil.Error):
            words = process.cmdline()
            first = [Path(word).stem for word in words[:3]]
            if "dvc" in first[:2] or first[1:] == ["-m", "dvc"]:
                return any(FORCE.fullmatch(word) for word in words) or _queued(words)
    return False


def _queued(words: list[str]) -> bool:
    command, options = QUEUED
    if command not in words:
        return False
    git = ["git", "cat-file", "blob", options]
    return PICKLED in subprocess.run(git, capture_output=True, check=False).stdout
