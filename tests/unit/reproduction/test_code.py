from functools import partial
from types import ModuleType

import pytest
from support.project import ROOT

from vidpipe.models import dcgan, gan3d
from vidpipe.pipeline_registry import STAGES, register_pipelines
from vidpipe.reproduction.code import UNCOUNTED, Imports, by_folder, code_of, counted
from vidpipe.utils.errors import UserError

DCGAN, GAN3D = "src/vidpipe/models/dcgan.py", "src/vidpipe/models/gan3d.py"


@pytest.fixture(scope="module")
def imports():
    return Imports(ROOT)


def holding(*values):
    """A function that has the values in its closure."""

    def function():
        return values

    return function


def make_train_node(network: ModuleType):
    def train_node():
        return network.Generator

    return train_node


def test_a_function_is_its_own_module_and_what_its_closure_holds():
    assert code_of(register_pipelines) == {"src/vidpipe/pipeline_registry.py"}
    assert code_of(make_train_node(gan3d)) == {GAN3D}
    assert code_of(holding()) == set()  # a test's module is not of the package

    node = make_train_node(dcgan)

    def wraps():
        return node

    assert code_of(wraps) == {DCGAN}


def test_classes_and_functions_in_a_closure_count_as_their_modules():
    network, loss = gan3d.Generator, register_pipelines

    def node():
        return network, loss

    assert code_of(node) == {GAN3D, "src/vidpipe/pipeline_registry.py"}


def test_the_arguments_of_a_partial_count():
    def train(network, name):
        return network, name

    assert code_of(partial(train, gan3d, name="gan3d")) == {GAN3D}
    assert code_of(partial(train, network=dcgan, name=ModuleType("numpy"))) == {DCGAN}
    assert code_of(partial(partial(train, gan3d), name=dcgan)) == {GAN3D, DCGAN}


@pytest.mark.parametrize("stage", ["dcgan_train", "pairs", "pix2pix_evaluate"])
def test_the_code_of_a_node_is_in_the_stage(stage, imports):
    (node,) = register_pipelines()[stage].nodes
    files = code_of(node.func)
    assert files
    assert all((ROOT / file).is_file() for file in files)
    closure = imports.closure(files)
    assert files <= set(closure)
    assert closure == sorted(closure)


def test_modules_that_cannot_change_bytes_are_not_counted(imports):
    closure = imports.closure(["src/vidpipe/pipelines/digits/train.py"])
    modules = {file.removeprefix("src/")[:-3].replace("/", ".") for file in closure}
    assert "vidpipe.training.loop" in modules
    assert all(counted(module) for module in modules)
    assert not counted("vidpipe.config.models")
    assert counted("vidpipe.configuration")
    assert UserError.__module__ in UNCOUNTED


@pytest.fixture
def project(tmp_path):
    package = tmp_path / "src/vidpipe"
    scores = [f"evaluation/{name}" for name in ("one", "two", "three")]
    names = ["a/__init__", "a/one", "a/two", "a/three", "b/one", "b/c/one", "b/c/two", "d/one"]
    for name in [
        *names,
        "models/one",
        "models/two",
        "models/c/one",
        "models/c/two",
        "top",
        *scores,
    ]:
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / f"{name}.py").touch()
    (package / "a/__pycache__").mkdir()
    (package / "a/__pycache__/one.pyc").touch()
    (package / "a/.#one.py").touch()
    return tmp_path


@pytest.mark.parametrize(
    ("files", "folded"),
    [
        (["a/one", "a/two", "a/three"], ["a"]),
        (["a/one", "a/two"], ["a"]),
        (["a/one"], ["a/one.py"]),
        (["b/c/one", "b/one"], ["b/c/one.py", "b/one.py"]),  # one file is no folder
        (["b/c/one", "b/c/two"], ["b/c"]),
        (["b/c/one", "b/c/two", "b/one"], ["b"]),
        (["d/one", "top"], ["d/one.py", "top.py"]),
        (["models/one", "models/c/one"], ["models/c/one.py", "models/one.py"]),
        (["evaluation/one", "evaluation/two"], ["evaluation/one.py", "evaluation/two.py"]),
        (["models/one", "models/c/one", "models/c/two"], ["models/c", "models/one.py"]),
    ],
)
def test_a_folder_stands_for_its_files_where_they_are_half_of_it(project, files, folded):
    found = by_folder(project, [f"src/vidpipe/{file}.py" for file in files])
    assert found == [f"src/vidpipe/{name}" for name in folded]


def unused(stage, imports):
    """The files that a stage is made stale by and does not run."""
    files = set().union(*(code_of(node.func) for node in register_pipelines()[stage].nodes))
    closure = imports.closure(files)
    named = [ROOT / path for path in by_folder(ROOT, closure)]
    found = {file for path in named for file in (path, *path.rglob("*.py")) if file.is_file()}
    counted = {file.relative_to(ROOT).as_posix() for file in found if file.name != "__init__.py"}
    assert counted >= set(closure)
    return counted - set(closure)


@pytest.mark.parametrize("stage", STAGES)
def test_a_long_stage_is_made_stale_by_what_it_runs_alone(stage, imports):
    files = unused(stage, imports)
    exact = ("src/vidpipe/models/", "src/vidpipe/evaluation/")
    assert not any(file.startswith(exact) for file in files)
    if stage.endswith(("_train", "_fetch", "_frames")):
        # It stands in a folder of which every training runs the rest.
        assert files <= {"src/vidpipe/training/single.py"}
