import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from dvc.utils.serialize import modify_yaml

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project's parameters and presets, as they are shipped, in the current folder."""
    folder = tmp_path / "a project"
    shutil.copytree(ROOT / "conf", folder / "conf")
    shutil.copyfile(ROOT / "params.yaml", folder / "params.yaml")
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def rewritten(project: Path) -> Callable[[], str]:
    """The project's parameters, once DVC itself has written them."""

    def write() -> str:
        with modify_yaml(project / "params.yaml"):
            pass
        return (project / "params.yaml").read_text(encoding="utf-8")

    return write


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
