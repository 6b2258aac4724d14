from types import SimpleNamespace

import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import node
from support.project import ROOT

from vidpipe import hooks
from vidpipe.config.loader import check, read
from vidpipe.hooks import Workbench

OUTPUT = "mlp_gan_model"


def train_mlp_gan(train, checkpoints): ...


def look(train): ...


STEPS = "params:mlp_gan.train"
TRAINING = node(train_mlp_gan, [STEPS, "checkpoints"], OUTPUT, name="mlp_gan_train")
LOOKING = node(look, [STEPS], "x", name="look")


@pytest.fixture(autouse=True)
def _identity_is_that_of_the_parameters(monkeypatch):
    monkeypatch.setattr(
        hooks, "identity", lambda project, node, params, files: str(*params.values())
    )


class Process:
    """What a run of Kedro does with the hooks, up to the node that trains."""

    def __init__(self, project, steps=1, node=TRAINING):
        self.bench, self.node = Workbench(), node
        self.bench.project, self.bench.params = project, check(read(ROOT / "params.yaml"))
        catalog = DataCatalog({STEPS: MemoryDataset(steps)})
        self.bench.after_catalog_created(catalog)
        self.scratch = catalog.load("scratch")
        inputs = self.bench.before_node_run(node, catalog, {STEPS: steps})
        self.kept = inputs.get("checkpoints")

    def ends_well(self):
        self.bench.after_dataset_saved(OUTPUT, self.node)
        self.is_killed()

    def is_killed(self):
        """All that the system does for it."""
        for held in [*self.bench.kept.values(), self.bench.work]:
            held.lock.release()


@pytest.fixture
def stopped(tmp_path):
    """A project in which training was killed, and left a file."""
    process = Process(tmp_path)
    (process.kept / "1.safetensors").touch()
    process.is_killed()
    return tmp_path


def left(process):
    return [path.name for path in process.kept.iterdir() if path.name != "lock"]


def test_the_next_run_finds_what_was_kept(stopped):
    assert left(Process(stopped)) == ["1.safetensors"]


def test_a_run_that_ends_well_leaves_nothing(stopped):
    Process(stopped).ends_well()
    assert left(Process(stopped)) == []


@pytest.fixture
def ended(stopped, monkeypatch):
    """A project whose training has ended, and DVC was killed before it recorded that."""
    monkeypatch.setenv(hooks.BY_DVC, "mlp_gan_train")
    Process(stopped).ends_well()
    return stopped


def test_what_dvc_has_not_recorded_is_found_by_dvc(ended):
    process = Process(ended)
    assert left(process) == ["1.safetensors"]
    process.is_killed()
    assert left(Process(ended)) == ["1.safetensors"]


def test_what_dvc_has_not_recorded_is_found_by_no_forced_run(ended, monkeypatch):
    monkeypatch.setattr(hooks, "forced", lambda: True)
    assert left(Process(ended)) == []


def test_what_dvc_has_not_recorded_is_not_found_by_kedro(ended, monkeypatch):
    monkeypatch.delenv(hooks.BY_DVC)
    assert left(Process(ended)) == []


@pytest.mark.parametrize("other", [LOOKING, TRAINING], ids=["another stage", "other steps"])
def test_what_dvc_has_recorded_is_gone_with_the_next(ended, other):
    Process(ended, steps=2, node=other).is_killed()
    assert left(Process(ended)) == []


def test_other_parameters_find_nothing(stopped):
    assert left(Process(stopped, steps=2)) == []


def stop(project, steps, *, saved=True):
    process = Process(project, steps=steps)
    if saved:
        (process.kept / f"{steps}.safetensors").touch()
    process.is_killed()


def test_trainings_stopped_together_all_go_on(stopped):
    others = range(2, 2 + hooks.OTHERS)
    for steps in others:
        stop(stopped, steps)
    for steps in others:
        process = Process(stopped, steps=steps)
        assert left(process) == [f"{steps}.safetensors"]
        process.is_killed()


def test_those_that_saved_nothing_take_the_place_of_none(stopped):
    for steps in range(2, 3 + hooks.OTHERS):
        stop(stopped, steps, saved=False)
    assert left(Process(stopped)) == ["1.safetensors"]
    assert len(list((stopped / ".vidpipe/checkpoints").glob("mlp_gan_train-*"))) == 1


def test_one_that_was_taken_up_again_is_no_longer_the_oldest(stopped):
    stop(stopped, 2)
    stop(stopped, 1)
    for steps in range(3, 2 + hooks.OTHERS):
        stop(stopped, steps)
    stop(stopped, 0)
    assert left(Process(stopped)) == ["1.safetensors"]


def test_the_oldest_of_other_parameters_go(stopped):
    for steps in range(2, 3 + hooks.OTHERS):
        stop(stopped, steps)
    assert len(list((stopped / ".vidpipe/checkpoints").glob("mlp_gan_train-*"))) == hooks.OTHERS + 1
    assert left(Process(stopped)) == []


def test_what_another_process_holds_is_neither_shared_nor_cleared(stopped, caplog):
    first = Process(stopped)
    second = Process(stopped)
    assert second.kept.is_relative_to(second.scratch)
    assert "another process does the same" in caplog.text
    Process(stopped, steps=2)
    assert left(first) == ["1.safetensors"]


def test_a_forced_run_finds_nothing(stopped, monkeypatch):
    monkeypatch.setattr(hooks, "forced", lambda: True)
    assert left(Process(stopped)) == []


def test_a_work_tree_elsewhere_finds_nothing(stopped, tmp_path_factory):
    assert left(Process(tmp_path_factory.mktemp("elsewhere"))) == []


def test_a_copy_of_the_project_goes_on_with_its_own(stopped, tmp_path_factory, monkeypatch):
    monkeypatch.setenv("DVC_ROOT", str(stopped))
    assert left(Process(tmp_path_factory.mktemp("temp"))) == ["1.safetensors"]


def test_nodes_that_train_nothing_keep_nothing(tmp_path):
    assert Process(tmp_path, node=LOOKING).kept is None


def test_scratch_of_killed_processes_is_cleared_and_that_of_others_stays(stopped):
    first = Process(stopped, node=LOOKING)
    second = Process(stopped)
    there = sorted((stopped / ".vidpipe").glob("work-*"))
    assert there == sorted([first.scratch, second.scratch])


def begins(project):
    """What a run of Kedro does first."""
    context = SimpleNamespace(
        project_path=project, config_loader={"parameters": read(ROOT / "params.yaml")}
    )
    Workbench().after_context_created(context)


def test_a_stage_keeps_the_lock_that_dvc_may_tear(tmp_path, monkeypatch):
    begins(tmp_path)
    (tmp_path / "dvc.lock").write_text("stages: whole")
    begins(tmp_path)
    assert not (tmp_path / ".vidpipe").exists(), "DVC has not started it"
    monkeypatch.setenv("DVC_STAGE", "digits")
    begins(tmp_path)
    assert (tmp_path / ".vidpipe/dvc.lock").read_text() == "stages: whole"
