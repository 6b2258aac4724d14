"""Agreement of what the package states with what is tested and shipped."""

import re
import tomllib

from ruamel.yaml import YAML
from support.project import KEPT, ROOT

PACKAGE = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def parsed(name):
    return YAML(typ="safe").load((ROOT / name).read_text(encoding="utf-8"))


def test_every_python_that_is_named_is_tested():
    minors = re.findall(r"Python :: 3\.(\d+)", str(PACKAGE["project"]["classifiers"]))
    assert PACKAGE["project"]["requires-python"] == f">=3.{minors[0]}"
    matrix = parsed(".github/workflows/tests.yml")["jobs"]["fast"]["strategy"]["matrix"]
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
    assert str(parsed("CITATION.cff")["version"]) == PACKAGE["project"]["version"]
