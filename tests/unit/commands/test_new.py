import re
import shutil
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from support.project import run

from vidpipe.commands import new
from vidpipe.config.loader import check, read
from vidpipe.reproduction.code import INSTALLED, check_installed, installed


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_project_has_all_but_the_code(here, vidpipe):
    output = vidpipe("new", "my films").output
    project = here / "my films"
    check(read(project / "params.yaml"))
    assert (project / "data/01_raw/glyphs/9.png").is_file()
    assert (project / "conf/presets/scale/smoke.yaml").is_file()
    assert (project / ".dvc/config").is_file()
    assert (project / ".git").is_dir()
    assert 'cd "my films"' in output
    stages = YAML(typ="safe").load((project / "dvc.yaml").read_text())["stages"]
    assert all(INSTALLED in stage["deps"] for stage in stages.values())
    assert not any(dep.startswith("src/") for stage in stages.values() for dep in stage["deps"])


def test_its_stages_run_with_the_package_that_it_names_alone(here, vidpipe, monkeypatch):
    vidpipe("new", "mine")
    project = here / "mine"
    check_installed(project)
    (project / INSTALLED).write_text("vidpipe 0.0.1\nsha256 0\n")
    with pytest.raises(ValueError, match=r"got vidpipe 0\.0\.1 sha256 0; `vidpipe dvc-yaml` takes"):
        check_installed(project)
    monkeypatch.chdir(project)
    vidpipe("dvc-yaml", "--check", code=1)
    vidpipe("dvc-yaml")
    assert (project / INSTALLED).read_text() == installed()
    check_installed(project)


def test_a_catalog_of_another_version_is_named(here, vidpipe, monkeypatch):
    vidpipe("new", "mine")
    monkeypatch.chdir(here / "mine")
    catalog = here / "mine/conf/base/catalog.yml"
    catalog.write_text(catalog.read_text().replace("pairs_sheet:", "old_sheet:"))
    assert (
        "expected pairs_sheet, which the stage pairs writes" in vidpipe("dvc-yaml", code=1).output
    )


def test_it_may_be_a_folder_of_a_repository(here, vidpipe):
    run(here, "git", "init", "--quiet")
    (here / "mine").mkdir()
    vidpipe("new", "mine")
    assert not (here / "mine/.git").exists()


@pytest.mark.parametrize("name", ["full", "full/file"])
def test_what_is_there_is_not_overwritten(here, vidpipe, name):
    (here / "full").mkdir()
    (here / "full/file").write_text("mine")
    assert f"{name}: expected a new or an empty folder" in vidpipe("new", name, code=1).output
    assert [path.name for path in (here / "full").iterdir()] == ["file"]


def test_parameters_that_the_package_was_built_with_are_named_if_they_are_not_the_default(
    here, vidpipe, monkeypatch
):
    assert "not the default" not in vidpipe("new", "plain").output
    template = here / "template"
    shutil.copytree(here / "plain", template, ignore=shutil.ignore_patterns(".git"))
    params = template / "params.yaml"
    one_fewer = params.read_text().replace("threads: 2", "threads: 1")
    params.write_text(re.sub(r"steps: \d+", "steps: 12", one_fewer, count=1))
    monkeypatch.setattr(new, "TEMPLATE", template)
    said = vidpipe("new", "mine").output
    assert "params.yaml has 2 values that are not the default" in said
    assert "vidpipe preset laptop && vidpipe preset steady && vidpipe preset portable" in said
    assert "steps: 12\n" in (here / "mine/params.yaml").read_text()
