import pytest
from support.project import copy, run


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A project in which pix2pix was run by Kedro."""
    project = copy(tmp_path_factory.mktemp("kedro"))
    run(project, "kedro", "run", "--pipelines=pix2pix")
    return project


@pytest.fixture(scope="session")
def trained_pairs(trained):
    """The pairs of that project."""
    return trained / "data/05_model_input/pairs.npz"
