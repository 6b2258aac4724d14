"""The workflows run what a person types; the package's metadata agree with what is tested."""

import re
import shlex
import tomllib

import pytest
from ruamel.yaml import YAML
from support.project import KEPT, ROOT

from vidpipe.cli import cli

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
PACKAGE = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
TARGETS = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


def jobs(file):
    return YAML(typ="safe").load(file.read_text(encoding="utf-8"))["jobs"].values()


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_every_step_of_a_workflow_is_a_command_that_exists(file):
    lines = [step["run"] for job in jobs(file) for step in job["steps"] if "run" in step]
    assert lines
    for program, *words in map(shlex.split, lines):
        match program.removeprefix(".venv/bin/"):
            case "make":
                assert words[0] in TARGETS
            case "bash":
                assert (ROOT / words[0]).is_file()
            case "vidpipe":
                command = cli.get_command(None, words.pop(0))
                command.make_context(command.name, words)
            case _:
                pytest.fail(f"{program}: nothing that a person is told to run")


def test_every_python_that_is_named_is_tested():
    minors = re.findall(r"Python :: 3\.(\d+)", str(PACKAGE["project"]["classifiers"]))
    assert PACKAGE["project"]["requires-python"] == f">=3.{minors[0]}"
    (matrix,) = (job["strategy"]["matrix"] for job in jobs(WORKFLOWS[-1]) if "strategy" in job)
    assert matrix["python"] == [f"3.{minor}" for minor in minors]


def test_the_lock_has_one_version_of_torch_and_the_package_a_range():
    (torch,) = (name for name in PACKAGE["project"]["dependencies"] if name.startswith("torch>"))
    assert "<3" in torch
    assert re.search(r"^torch==2\.\d+\.\d+$", (ROOT / "requirements.lock").read_text(), re.M)


def test_a_wheel_holds_what_a_new_project_starts_from():
    included = PACKAGE["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert all((ROOT / name).exists() for name in included)
    assert included == {name: f"vidpipe/template/{name}" for name in included}
    assert set(KEPT) - set(included) == {"src", "pyproject.toml", "dvc.yaml"}


def test_the_citation_is_of_this_version():
    citation = YAML(typ="safe").load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert str(citation["version"]) == PACKAGE["project"]["version"]
