import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
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
