from types import SimpleNamespace

import pytest
from kedro.framework.hooks.manager import _create_hook_manager
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import Pipeline, node
from kedro.runner import SequentialRunner
from support.project import ROOT
from torch.distributed.elastic.rendezvous.dynamic_rendezvous import DynamicRendezvousHandler

from vidpipe import hooks
from vidpipe.config.loader import check, read
from vidpipe.data.cluster import VARIABLE, Cluster
from vidpipe.data.workers import processes, processors
from vidpipe.hooks import STORE_OF_EACH_START, Workbench

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
        self.checkpoints = inputs.get("checkpoints")

    def ends_well(self):
        self.bench.after_dataset_saved(OUTPUT, self.node)
        self.is_killed()

    def is_killed(self):
        """All that the system does for it."""
        for folder in [*self.bench.trainings.values(), self.bench.scratch]:
            folder.lock.release()


@pytest.fixture
def stopped(tmp_path):
    """A project in which training was killed, and left a file."""
    process = Process(tmp_path)
    (process.checkpoints / "1.safetensors").touch()
    process.is_killed()
    return tmp_path


def left(process):
    return [path.name for path in process.checkpoints.iterdir() if path.name != "lock"]


def test_kedro_passes_the_checkpoints_of_the_training_to_the_node(tmp_path):
    workbench = Workbench()
    workbench.project, workbench.params = tmp_path, check(read(ROOT / "params.yaml"))
    catalog = DataCatalog({STEPS: MemoryDataset(1)})
    workbench.after_catalog_created(catalog)
    hooks_of_kedro = _create_hook_manager()
    hooks_of_kedro.register(workbench)
    received = []
    training = node(
        lambda steps, checkpoints: received.append(checkpoints) or steps,
        *([STEPS, "checkpoints"], OUTPUT),
        name="mlp_gan_train",
    )
    SequentialRunner().run(Pipeline([training]), catalog, hooks_of_kedro)
    assert received == [tmp_path / ".vidpipe/checkpoints/mlp_gan_train-1"]
    assert not received[0].exists(), "the model is in its place"
    workbench.scratch.lock.release()


def test_lost_processes_find_no_store_of_torchs_that_is_older_than_they_are(monkeypatch):
    [name] = STORE_OF_EACH_START
    monkeypatch.setenv(name, "0")
    is_shared = DynamicRendezvousHandler.use_agent_store.fget
    assert is_shared(None)
    parameters = {"parameters": read(ROOT / "params.yaml")}
    context = SimpleNamespace(project_path=ROOT, config_loader=parameters)
    Workbench().after_context_created(context)
    assert not is_shared(None)


def test_the_next_run_finds_what_was_kept(stopped):
    assert left(Process(stopped)) == ["1.safetensors"]


def test_a_run_that_ends_well_leaves_nothing(stopped):
    Process(stopped).ends_well()
    assert left(Process(stopped)) == []


def test_other_parameters_find_nothing(stopped):
    assert left(Process(stopped, steps=2)) == []


def stop(project, steps, *, saved=True):
    process = Process(project, steps=steps)
    if saved:
        (process.checkpoints / f"{steps}.safetensors").touch()
    process.is_killed()


def test_trainings_stopped_together_all_go_on(stopped):
    others = range(2, 2 + hooks.MOST_STOPPED)
    for steps in others:
        stop(stopped, steps)
    for steps in others:
        process = Process(stopped, steps=steps)
        assert left(process) == [f"{steps}.safetensors"]
        process.is_killed()


def test_those_that_saved_nothing_take_the_place_of_none(stopped):
    for steps in range(2, 3 + hooks.MOST_STOPPED):
        stop(stopped, steps, saved=False)
    assert left(Process(stopped)) == ["1.safetensors"]
    assert len(list((stopped / ".vidpipe/checkpoints").glob("mlp_gan_train-*"))) == 1


def test_one_that_was_taken_up_again_is_no_longer_the_oldest(stopped):
    stop(stopped, 2)
    stop(stopped, 1)
    for steps in range(3, 2 + hooks.MOST_STOPPED):
        stop(stopped, steps)
    stop(stopped, 0)
    assert left(Process(stopped)) == ["1.safetensors"]


def test_the_oldest_of_other_parameters_go(stopped):
    for steps in range(2, 3 + hooks.MOST_STOPPED):
        stop(stopped, steps)
    assert (
        len(list((stopped / ".vidpipe/checkpoints").glob("mlp_gan_train-*")))
        == hooks.MOST_STOPPED + 1
    )
    assert left(Process(stopped)) == []


def test_what_another_process_holds_is_neither_shared_nor_cleared(stopped, caplog):
    first = Process(stopped)
    second = Process(stopped)
    assert second.checkpoints.is_relative_to(second.scratch)
    assert "another process does the same" in caplog.text
    Process(stopped, steps=2)
    assert left(first) == ["1.safetensors"]


def test_a_work_tree_elsewhere_finds_nothing(stopped, tmp_path_factory):
    assert left(Process(tmp_path_factory.mktemp("elsewhere"))) == []


def test_a_copy_of_the_project_goes_on_with_its_own(stopped, tmp_path_factory, monkeypatch):
    monkeypatch.setenv("DVC_ROOT", str(stopped))
    assert left(Process(tmp_path_factory.mktemp("temp"))) == ["1.safetensors"]


def test_nodes_that_train_nothing_keep_nothing(tmp_path):
    assert Process(tmp_path, node=LOOKING).checkpoints is None


def test_scratch_of_killed_processes_is_cleared_and_that_of_others_stays(stopped):
    first = Process(stopped, node=LOOKING)
    second = Process(stopped)
    there = sorted((stopped / ".vidpipe").glob("work-*"))
    assert there == sorted([first.scratch, second.scratch])


@pytest.mark.parametrize(
    ("runtime", "fastest", "times"),
    [
        ({"determinism": "portable"}, {"device": "cuda", "precision": "bf16"}, 1),
        ({"determinism": "portable"}, {"device": "cpu", "precision": "bf16"}, 1),
        ({"determinism": "portable"}, {"device": "cpu", "precision": "fp32"}, 0),
        # A GPU that is there and not used is said, whatever the bits.
        ({"determinism": "machine"}, {"device": "cuda", "precision": "bf16"}, 1),
        (
            {"determinism": "machine", "device": "auto"},
            {"device": "cuda", "precision": "bf16"},
            0,
        ),
        ({"determinism": "machine"}, {"device": "cpu", "precision": "bf16"}, 0),
    ],
)
def test_a_faster_runtime_is_named_once(tmp_path, monkeypatch, caplog, runtime, fastest, times):
    monkeypatch.setattr(hooks, "fastest_runtime", lambda: fastest)
    values = read(ROOT / "params.yaml")
    values["runtime"] |= runtime
    bench = Workbench()
    bench.project, bench.params = tmp_path, check(values)
    catalog = DataCatalog({STEPS: MemoryDataset(1)})
    bench.after_catalog_created(catalog)
    with caplog.at_level("INFO"):
        for _ in range(2):
            bench.before_node_run(TRAINING, catalog, {STEPS: 1})
    assert caplog.text.count("`vidpipe preset fast`") == times


DECODING = node(lambda pool, workers: "x", ["pool", "workers"], "x", name="clips_frames")


def decoders(project):
    """What Kedro passes to a node that decodes."""
    workbench = Workbench()
    workbench.project, workbench.params = project, check(read(ROOT / "params.yaml"))
    catalog = DataCatalog({})
    workbench.after_catalog_created(catalog)
    given = {name: catalog.load(name) for name in DECODING.inputs}
    given |= workbench.before_node_run(DECODING, catalog, given)
    workbench.scratch.lock.release()
    return given["pool"], given["workers"]


def test_processes_of_this_machine_decode(tmp_path, monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    assert decoders(tmp_path) == (processes, processors())


def test_the_environment_names_a_cluster_that_decodes(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, "tcp://boss:8786")
    monkeypatch.setattr(Cluster, "count", lambda self: 48)
    pool, workers = decoders(tmp_path)
    assert (pool.address, workers) == ("tcp://boss:8786", 48)
    assert pool.mark.is_relative_to(tmp_path / ".vidpipe"), "a disk that the workers share"
