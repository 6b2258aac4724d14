"""Before anything imports torch: the instruction set that the project promises its bits for."""

import os
import sys
from collections.abc import Callable, Iterator

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, settings

from vidpipe.training.runtime import pin_instructions

pin_instructions("portable")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

# The cores are the workers' of pytest. Two threads of torch in each would wait for one another, and
# waiting takes a core too: on a busy machine ten small steps then take minutes.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# A busy machine makes nothing wrong: no test asks the clock.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


# Minutes each. Workers of pytest take files as they come: the longest first, or one of them would
# run alone at the end. The first makes a project, for which the last has to wait: between them is
# what does without.
LONG_FILES = [
    "test_clip_gans.py",
    "test_own_files.py",
    "test_kill.py",
    "test_how_to.py",
    "test_notebook.py",
    "test_dvc.py",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest; all others stay as they are."""
    rank = {name: number for number, name in enumerate(LONG_FILES)}
    items.sort(key=lambda item: rank.get(item.path.name, len(rank)))


@pytest.fixture(autouse=True)
def _torch_as_it_was() -> Iterator[None]:
    """What a test starts by `runtime.start` ends with it: threads, and errors of operators."""
    torch = sys.modules.get("torch")
    threads = torch.get_num_threads() if torch else 1
    yield
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(threads)
        torch.set_deterministic_debug_mode("default")


@pytest.fixture
def vidpipe() -> Callable[..., Result]:
    """Run a command of `vidpipe`; a mistake of the user's must not end in a traceback."""
    from vidpipe.cli import cli

    def run(*arguments: str, code: int = 0) -> Result:
        result = CliRunner().invoke(cli, arguments)
        expected = (type(None), SystemExit)
        assert isinstance(result.exception, expected), repr(result.exception)
        assert result.exit_code == code, result.output
        return result

    return run
