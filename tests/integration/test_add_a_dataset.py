"""docs/how-to/add-a-dataset.md, followed."""

import inspect
import re
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from support import archives
from support.http_server import serve
from support.project import ROOT

from vidpipe.config import datasets
from vidpipe.data.datasets.record import Place
from vidpipe.data.download.published import own_files

PAGE = (ROOT / "docs/how-to/add-a-dataset.md").read_text(encoding="utf-8")
PYTHON, YAML = (re.findall(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL) for kind in ("python", "yaml"))
MODULE, _, FILES, BLOCK, _, TEST = PYTHON
_, PARAMETERS = YAML


@pytest.fixture
def kth() -> ModuleType:
    """The page's module, with the function that finds a user's copies."""
    module = ModuleType("kth")
    vars(module).update(Path=Path, own_files=own_files)  # "among its imports"
    exec(MODULE + FILES, vars(module))
    return module


@pytest.fixture
def place(tmp_path: Path) -> Place:
    folder = tmp_path / "videos"
    folder.mkdir()
    return Place(key="sources.clips.kth", project=tmp_path, folder=folder)


def test_the_pages_module_passes_the_pages_test(kth: ModuleType, place: Place):
    names = {"kth": kth, "archives": archives, "serve": serve, "Place": Place}
    exec(TEST, names)
    names["test_a_persons_videos_are_a_group"](place)


def test_the_users_own_copy_is_found(kth: ModuleType, place: Place):
    copy = archives.zipped(place.project / "walking.zip", {"a.avi": b"video"})
    found = kth.files(archive=str(place.project), actions=["walking"], place=place)
    assert list(found.values()) == [copy]


def test_the_block_takes_the_values_and_the_functions_take_the_block(kth: ModuleType):
    names = dict(vars(datasets))
    exec(BLOCK, names)
    block = names["Kth"](**yaml.safe_load(PARAMETERS)["kth"])
    assert block.actions == ["walking", "boxing"]
    for function in (kth.videos, kth.files):
        assert {*inspect.signature(function).parameters} == {*names["Kth"].model_fields, "place"}
