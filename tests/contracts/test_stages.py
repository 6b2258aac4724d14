"""Agreement of stages with pipelines, dvc.lock with code and parameters, tests with modules."""

import ast
import json
import zlib
from pathlib import Path

import pytest
from pydantic import BaseModel
from ruamel.yaml import YAML
from support.project import ROOT

from vidpipe.config import datasets as params_sources
from vidpipe.config import models as params_gans
from vidpipe.config import schema as params
from vidpipe.pipeline_registry import STAGES, SUMS
from vidpipe.reproduction.code import counted
from vidpipe.reproduction.dvc_yaml import FILE
from vidpipe.reproduction.record import md5
from vidpipe.serving.published import read_index
from vidpipe.tracking.descriptions import score_table
from vidpipe.utils.hashing import sha256

SOURCES = sorted((ROOT / "src/vidpipe").rglob("*.py"))
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
SHIPPED = ROOT / "src/vidpipe/shipped"


def stages():
    return YAML(typ="safe").load((ROOT / FILE).read_text(encoding="utf-8"))["stages"]


def test_every_stage_is_a_pipeline_and_every_sum_is_made_of_stages():
    assert list(stages()) == list(STAGES)
    assert {stage for parts in SUMS.values() for stage in parts} == set(STAGES)


def test_a_stage_depends_on_its_own_code_alone():
    deps = {name: set(stage["deps"]) for name, stage in stages().items()}
    for name in ("pix2pix_train", "pix2pix_evaluate"):
        assert "src/vidpipe/models/pix2pix.py" in deps[name]
    assert "src/vidpipe/training" in deps["pix2pix_train"], "whole, as a folder"
    assert not any("evaluation" in dep for dep in deps["pix2pix_train"])
    for name in ("footage_fetch", "footage_frames", "pairs"):
        assert not any("models/" in dep or "training/" in dep for dep in deps[name])
    everything = set().union(*deps.values())
    free = ("config/", "tracking/mlflow_tracker.py", "hooks.py", "cli.py", "commands/")
    starts = tuple(f"src/vidpipe/{name}" for name in free)
    assert all((ROOT / start).exists() for start in starts)
    assert not any(dep.startswith(starts) for dep in everything)


def test_no_stage_depends_on_code_that_cannot_change_its_bytes():
    deps = {dep for stage in stages().values() for dep in stage["deps"] if dep.startswith("src/")}
    files = {
        file.relative_to(ROOT / "src")
        for dep in deps
        for file in ([ROOT / dep] if dep.endswith(".py") else (ROOT / dep).rglob("*.py"))
        if file.name != "__init__.py"
    }
    assert all(counted(".".join(file.with_suffix("").parts)) for file in files)
    for name in ("utils/errors.py", "tracking/protocol.py", "config/models.py"):
        assert not any(f"src/vidpipe/{name}".startswith(dep) for dep in deps)


def test_the_lock_was_made_by_this_code_and_these_parameters():
    lock = YAML(typ="safe").load((ROOT / "dvc.lock").read_text(encoding="utf-8"))["stages"]
    values = YAML(typ="safe").load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    stale = []
    for name, stage in stages().items():
        if name not in lock:
            stale.append(f"{name}: never run")
            continue
        recorded = {dep["path"]: dep["md5"] for dep in lock[name]["deps"]}
        for dep in stage["deps"]:
            if not dep.startswith("src/"):
                continue
            if recorded.get(dep) != md5(ROOT, dep):
                stale.append(f"{name}: {dep}")
        for key in stage.get("params", []):
            if isinstance(key, dict):
                continue  # of another file, by the name of the data set
            value = values
            for part in key.split("."):
                value = value[part]
            if lock[name]["params"]["params.yaml"].get(key) != value:
                stale.append(f"{name}: {key}")
        if lock[name]["cmd"] != stage["cmd"]:
            stale.append(f"{name}: cmd")
    assert not stale, "run `dvc repro` and commit dvc.lock, metrics/ and plots/"


def test_no_parameter_has_a_default_but_optional_blocks():
    for model in (vars(params_sources) | vars(params_gans) | vars(params)).values():
        if isinstance(model, type) and issubclass(model, BaseModel):
            for name, field in model.model_fields.items():
                assert field.is_required() or field.default is None, f"{model.__name__}.{name}"


def test_blocks_of_parameters_compute_nothing_for_no_stage_counts_them():
    for module in (params_sources, params_gans, params):
        for node in ast.walk(ast.parse(Path(module.__file__).read_text(encoding="utf-8"))):
            for member in node.body if isinstance(node, ast.ClassDef) else ():
                if isinstance(member, FUNCTIONS):
                    decorators = {ast.unparse(d).partition("(")[0] for d in member.decorator_list}
                    assert decorators & {"model_validator", "field_validator"}, member.name


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT / "src")))
def test_files_and_public_names_have_docstrings(path: Path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
    if path.name == "__init__.py" and path.parent.name != "io":
        assert len(tree.body) == 1, "stages do not count packages' __init__.py: no code there"
    public = [
        n for n in tree.body if isinstance(n, (*FUNCTIONS, ast.ClassDef)) and n.name[0] != "_"
    ]
    silent = [node.name for node in public if not ast.get_docstring(node)]
    assert silent == []


# What has no test of its own name: names, wiring, and what other tests hold whole.
UNTESTED = {
    "__main__.py": "starts `cli.py`, in every test of tests/integration/",
    "settings.py": "names for Kedro, read in every run of tests/integration/",
    "models/shapes.py": "names of types",
    "utils/errors.py": "an exception without code",
    "pipelines/wiring.py": "dvc.yaml is made of it, tests/unit/test_pipeline_registry.py runs it",
    "pipelines/clips/pipeline.py": "the same",
    "pipelines/data/pipeline.py": "the same",
    "pipelines/digits/pipeline.py": "the same",
    "pipelines/prediction/pipeline.py": "the same",
    "pipelines/report/pipeline.py": "the same",
}


def test_every_module_has_a_file_of_tests_at_its_place_and_every_file_a_module():
    def inside(folder: Path, pattern: str) -> set[Path]:
        return {file.relative_to(folder) for file in folder.rglob(pattern)}

    modules = {file for file in inside(ROOT / "src/vidpipe", "*.py") if file.stem != "__init__"}
    tests = inside(ROOT / "tests/unit", "test_*.py")
    tested = {test.with_name(test.name.removeprefix("test_")) for test in tests}
    assert modules - tested == {Path(name) for name in UNTESTED}
    assert tested <= modules


@pytest.mark.parametrize("model", sorted(read_index(str(SHIPPED)).models))
def test_shipped_models_are_those_that_were_scored(model):
    """After a retraining: vidpipe models pack MODEL ... --half --out src/vidpipe/shipped"""
    folder = SHIPPED / model
    for name, file in read_index(str(SHIPPED)).models[model].items():
        assert sha256(folder / name) == file.sha256
        stored = len(zlib.compress((folder / name).read_bytes()))
        assert stored < 4_000_000, "of the repository, for good, as git stores it"
    scores = json.loads((ROOT / f"metrics/{model}.json").read_text(encoding="utf-8"))
    assert score_table(model, scores) in (folder / "card.md").read_text(encoding="utf-8")
