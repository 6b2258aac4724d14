"""Agreement of what the package states with what is tested and shipped."""

import os
import re
import subprocess
import sys
import tomllib

import pytest
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


def make_env(folder, *arguments, **extra):
    """Run `make env` of this project's Makefile in a folder that has nothing else."""
    for name in ("Makefile", "requirements.lock", "requirements.hashes", "pyproject.toml"):
        (folder / name).write_text((ROOT / name).read_text() if name == "Makefile" else "")
    make = ["make", "env", f"PYTHON={folder / 'a-python'}", *arguments]
    return subprocess.run(
        make, cwd=folder, env=os.environ | extra, capture_output=True, text=True, check=False
    )


def program(file, text):
    """A program of the shell."""
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)


@pytest.mark.parametrize("minor", [10, 11])
def test_make_says_which_python_is_too_old_before_it_makes_anything(tmp_path, minor):
    assert PACKAGE["project"]["requires-python"] == ">=3.11"
    pretend = f"import sys; sys.version_info = (3, {minor}); exec(sys.argv[1])"
    program(tmp_path / "a-python", f'[ "$1" = -c ] && exec "{sys.executable}" -c "{pretend}" "$2"')
    done = make_env(tmp_path)
    assert done.returncode == 2  # of the check, or of the stub, which makes no environment
    assert ("is Python 3.10: expected 3.11 or newer" in done.stderr) == (minor == 10)
    assert ("-m venv" in done.stdout) == (minor == 11)


@pytest.mark.parametrize(("asked", "installer"), [([], "uv"), (["UV="], "pip")])
def test_make_installs_by_uv_where_there_is_one_unless_told_otherwise(tmp_path, asked, installer):
    program(tmp_path / "a-python", '[ "$1" = -c ] || mkdir -p .venv/bin')
    for name in ("uv", "pip"):
        program(tmp_path / "bin" / name, f'echo {name} "$UV_EXTRA_INDEX_URL" "$@" >> calls')
    path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
    done = make_env(tmp_path, *asked, PATH=path, PIP_EXTRA_INDEX_URL="https://an.index")
    assert done.returncode == 0, done.stderr
    calls = (tmp_path / "calls").read_text().splitlines()
    assert [call.split()[0] for call in calls] == [installer] * 3
    # uv is told of the index that pip reads by itself.
    assert all(("https://an.index" in call) == (installer == "uv") for call in calls)
    assert ["--require-hashes" in call for call in calls] == [True, False, False]


def test_the_lock_has_one_version_of_torch_and_the_package_a_range():
    (torch,) = (name for name in PACKAGE["project"]["dependencies"] if name.startswith("torch>"))
    assert "<3" in torch
    assert re.search(r"^torch==2\.\d+\.\d+$", (ROOT / "requirements.lock").read_text(), re.M)


def test_every_file_of_the_lock_but_torch_has_its_hashes():
    lock = (ROOT / "requirements.lock").read_text()
    hashes = (ROOT / "requirements.hashes").read_text()
    pinned = dict(re.findall(r"^([a-z0-9.-]+)==(\S+)", lock, re.M))
    hashed = re.findall(
        r"^([a-z0-9.-]+)==(\S+).*((?:\n +--hash=sha256:[0-9a-f]{64}.*)+)$", hashes, re.M
    )
    assert {name: version for name, version, _ in hashed if name in pinned} == {
        name: version for name, version in pinned.items() if name != "torch"
    }
    assert len(hashed) == len(re.findall(r"^\S", hashes, re.M)), "a package without a hash"
    assert not re.search("^(nvidia|triton|cuda)", hashes, re.M), "of a CUDA build of torch"
    assert "://" not in hashes, "an index"


def test_every_package_of_the_code_has_a_page_of_its_docstrings():
    folders = {file.parent.name for file in (ROOT / "src/vidpipe").glob("*/__init__.py")}
    pages = {file.stem: file.read_text() for file in (ROOT / "docs/api").glob("*.md")}
    assert folders == pages.keys() - {"index"}
    assert all(f"::: vidpipe.{name}\n" in pages[name] for name in folders)
    assert all(f"[{name}]({name}.md)" in pages["index"] for name in folders)


def test_a_wheel_holds_what_a_new_project_starts_from():
    included = PACKAGE["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert all((ROOT / name).exists() for name in included)
    assert included == {name: f"vidpipe/template/{name}" for name in included}
    made = {"dvc.yaml", "plots/live/nothing.csv"}  # by `vidpipe new` itself
    assert set(KEPT) - set(included) == {"src", "pyproject.toml", *made}


def test_the_citation_is_of_this_version():
    assert str(parsed("CITATION.cff")["version"]) == PACKAGE["project"]["version"]
