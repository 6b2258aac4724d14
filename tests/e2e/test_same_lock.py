"""Nothing that DVC tracks depends on where, when, by whom or how it was made."""

import pytest
from project import copy, run

HERE = {
    "HOME": "ada", "USER": "ada", "LOGNAME": "ada", "LC_ALL": "C.UTF-8", "TZ": "UTC",
    "PYTHONHASHSEED": "0",
}  # fmt: skip
THERE = {
    "HOME": "zoë", "USER": "zoë", "LOGNAME": "zoë", "LC_ALL": "C", "TZ": "Pacific/Kiritimati",
    "PYTHONHASHSEED": "12345", "COLUMNS": "40", "TERM": "dumb",
}  # fmt: skip


def made(folder, umask, user):
    """The lock of a run of everything, and what git holds of it."""
    project = copy(folder)
    home = folder / user["HOME"]
    home.mkdir()
    run(project, "sh", "-c", f"umask {umask} && exec dvc repro", **user | {"HOME": str(home)})
    tracked = [path for kind in ("metrics", "plots") for path in (project / kind).rglob("*.*")]
    files = {path.relative_to(project).as_posix(): path.read_bytes() for path in tracked}
    return (project / "dvc.lock").read_text(encoding="utf-8"), files


@pytest.mark.long
def test_two_runs_anywhere_give_one_lock(tmp_path_factory):
    """The second begins minutes after the first, so the clock differs too."""
    here = made(tmp_path_factory.mktemp("here"), "022", HERE)
    there = made(tmp_path_factory.mktemp("a far longer name, somewhere else"), "077", THERE)
    assert here == there
    assert len(here[1]) >= 10
