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
def trained(tmp_path_factory):
    """A project in which pix2pix was run by Kedro, once for all workers of pytest; to be read."""
    home = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        home = home.parent  # of all workers of this run
    done = home / "trained/done"
    with FileLock(home / "trained.lock"):
        if not done.exists():
            project = copy(done.parent)
            run(project, "kedro", "run", "--pipelines=pix2pix")
            done.touch()
    return done.parent / "a project"
