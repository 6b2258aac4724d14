"""Nothing that DVC tracks depends on where, when, by whom or how it was made."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from support.project import copy, run

HERE = {
    "HOME": "ada", "USER": "ada", "LOGNAME": "ada", "LC_ALL": "C.UTF-8", "TZ": "UTC",
    "PYTHONHASHSEED": "0",
}  # fmt: skip
THERE = {
    "HOME": "zoë", "USER": "zoë", "LOGNAME": "zoë", "LC_ALL": "C", "TZ": "Pacific/Kiritimati",
    "PYTHONHASHSEED": "12345", "COLUMNS": "40", "TERM": "dumb",
}  # fmt: skip
NOBODY = 65534


def made(folder, umask, user, *, uid=None):
    """The lock of a run of everything, and what git holds of it."""
    project = copy(folder)
    home = folder / user["HOME"]
    home.mkdir()
    command = ["sh", "-c", f"umask {umask} && exec dvc repro"]
    if uid is not None:
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, uid, uid, follow_symlinks=False)
        ids = [f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]
        command = ["setpriv", *ids, *command]
    run(project, *command, **user | {"HOME": str(home), "TMPDIR": str(home)})
    tracked = [path for kind in ("metrics", "plots") for path in (project / kind).rglob("*.*")]
    files = {path.relative_to(project).as_posix(): path.read_bytes() for path in tracked}
    return (project / "dvc.lock").read_text(encoding="utf-8"), files


@pytest.mark.long
def test_two_runs_anywhere_give_one_lock(tmp_path):
    """The second begins minutes after the first, and as another user where we may be one."""
    other = NOBODY if os.geteuid() == 0 and shutil.which("setpriv") else None
    here = made(tmp_path / "here", "022", HERE)
    # Not under pytest's own folder, which other users may not enter.
    with tempfile.TemporaryDirectory(prefix="a far longer name, somewhere else ") as folder:
        there = made(Path(folder), "077", THERE, uid=other)
    assert here == there
    assert len(here[1]) >= 10
