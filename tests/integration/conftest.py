import os

import pytest
from filelock import FileLock
from support.browser import browser
from support.project import copy, run


@pytest.fixture(scope="module")
def chromium():
    """A real browser; the test is skipped where there is none."""
    with browser() as chromium:
        yield chromium


@pytest.fixture(scope="session")
def reproduced(tmp_path_factory):
    """A project in which `dvc repro` ran every stage, once for all workers of pytest; to be read.

    It takes minutes, and a worker that needs it meanwhile waits: see LONG_FILES.
    """
    home = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        home = home.parent  # of all workers of this run
    done = home / "reproduced/done"
    with FileLock(home / "reproduced.lock"):
        if not done.exists():
            project = copy(done.parent)
            run(project, "dvc", "repro")
            assert "Data and pipelines are up to date." in run(project, "dvc", "status")
            done.touch()
    return done.parent / "a project"
