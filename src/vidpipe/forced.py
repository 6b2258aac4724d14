"""Whether DVC wants what it runs made anew."""

import os
import re
from contextlib import suppress
from pathlib import Path

import psutil

SWITCHES = "fikpPqRsv"  # of `dvc repro` and `dvc exp run`, which take no value
FORCE = re.compile(rf"--force|-[{SWITCHES}]*f.*")  # `-fS a=1`: others may follow, with a value


def forced() -> bool:
    """Whether this is a stage of `dvc repro --force` or `dvc exp run --force`.

    DVC tells its stages all but that, so the words of its command are looked at. An experiment of
    the queue is not known for forced: that command does not say so.
    """
    if "DVC_STAGE" not in os.environ:
        return False
    for process in psutil.Process().parents():
        with suppress(psutil.Error):
            words = process.cmdline()
            first = [Path(word).stem for word in words[:3]]
            if "dvc" in first[:2] or first[1:] == ["-m", "dvc"]:
                return any(FORCE.fullmatch(word) for word in words)
    return False
