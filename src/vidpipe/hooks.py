"""Hooks of Kedro: provide what nodes need beside data, and keep the checkpoints of trainings."""

import atexit
import logging
import os
from pathlib import Path
from typing import Any

from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline.node import Node

from vidpipe.config.schema import Params
from vidpipe.data.cluster import VARIABLE, Cluster
from vidpipe.data.workers import processes, processors
from vidpipe.reproduction.code import check_installed
from vidpipe.reproduction.identity import identity
from vidpipe.tracking.mlflow_tracker import MlflowTracker
from vidpipe.training.runtime import pin_instructions
from vidpipe.utils.locked_folders import LockedFolder, LockedFolders
from vidpipe.utils.names import amount
from vidpipe.utils.processor import fastest_runtime

log = logging.getLogger(__name__)
STATE = ".vidpipe"  # folder of the project: scratch, checkpoints, downloads
SCRATCH_PREFIX = "work-"
POOL, WORKERS = "pool", "workers"  # the inputs of nodes that decode many videos
EVALUATE = "_evaluate"  # at the end of the names of nodes that score a model
CHECKPOINTS = "checkpoints"  # the input of training nodes, and the folder in STATE
MOST_STOPPED = 8  # trainings of a model whose checkpoints are kept, beside the current one
# Processes of a training that are started again must not find, in one store of torch's for all
# starts, the addresses of the processes before them: they would wait for those, and give up.
STORE_OF_EACH_START = {"TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1"}


class Workbench:
    """Provides `project`, `scratch`, `tracker`, `checkpoints`, `pool` and `workers` to nodes.

    The catalog file does not name them, so they are no dependencies in dvc.yaml.
    """

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Pin the instruction set: the context is created before any node imports torch."""
        self.project = Path(context.project_path)
        check_installed(self.project)
        self.params = Params.model_validate(context.config_loader["parameters"])
        pin_instructions(self.params.runtime.determinism)
        os.environ.update(STORE_OF_EACH_START)

    @hook_impl
    def after_catalog_created(self, catalog: DataCatalog) -> None:
        """Add the inputs that are no data to the catalog."""
        # Give this process a scratch folder; remove those of processes that were killed.
        folders = LockedFolders(self.project / STATE)
        folders.clear(folders.names(f"{SCRATCH_PREFIX}*"))
        self.scratch = folders.create(SCRATCH_PREFIX)
        atexit.register(folders.remove, self.scratch)

        # `dvc exp run --temp` runs in a temporary copy, which checkpoints and MLflow runs outlive.
        root = Path(os.environ.get("DVC_ROOT", self.project))
        self.checkpoints = LockedFolders(root / STATE / CHECKPOINTS)
        self.trainings = dict[str, LockedFolder]()
        self.told_of_fast = False

        self.tracker = MlflowTracker(root=root, project=self.project, params=self.params)
        inputs = {
            "project": self.project,
            "scratch": self.scratch.path,
            "tracker": self.tracker,
            CHECKPOINTS: self.scratch.path / CHECKPOINTS,  # replaced before a training runs
            POOL: processes,  # replaced if there is a cluster
            WORKERS: processors(),
        }
        for name, value in inputs.items():
            catalog[name] = MemoryDataset(value, copy_mode="assign")

    @hook_impl
    def before_node_run(
        self, node: Node, catalog: DataCatalog, inputs: dict[str, Any]
    ) -> dict[str, Any]:
        """Tell the tracker which files the node reads; return its checkpoints or its cluster.

        Kedro replaces the inputs of the node by those that a hook returns.
        """
        if node.name.endswith(EVALUATE):
            log.info("%s: draws samples, scores them and makes films", node.name)
        files = {name: getattr(catalog[name], "_filepath", None) for name in node.inputs}
        self.tracker.inputs = {name: file for name, file in files.items() if file}
        if POOL in node.inputs:
            return self._cluster()
        if CHECKPOINTS not in node.inputs:
            return {}
        self._name_a_faster_runtime()
        params = {name: value for name, value in inputs.items() if name.startswith("params:")}
        training = identity(self.project, node, params, self.tracker.inputs)
        return {CHECKPOINTS: self._lock_checkpoints(node.name, f"{node.name}-{training}")}

    @hook_impl
    def after_node_run(self, node: Node) -> None:
        """Say where to look, once a model is scored."""
        if node.name.endswith(EVALUATE):
            model = node.name.removesuffix(EVALUATE)
            log.info(
                "%s: look at data/07_model_output/%s; scores are in metrics/%s.json, and `vidpipe "
                "report` makes a page of all",
                *(model, model, model),
            )

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, node: Node) -> None:
        """Remove the checkpoints of a model that is in its place."""
        if dataset_name == node.outputs[-1] and node.name in self.trainings:
            self.checkpoints.remove(self.trainings.pop(node.name))

    def _cluster(self) -> dict[str, Any]:
        """Return the workers of the cluster that the environment names, if it names one."""
        address = os.environ.get(VARIABLE)
        if not address:
            return {}
        cluster = Cluster(address, self.scratch.path)
        workers = cluster.count()
        log.info("decoding on %s of %s", amount(workers, "worker"), address)
        return {POOL: cluster, WORKERS: workers}

    def _name_a_faster_runtime(self) -> None:
        """Say it, once in a run, if a GPU is not used, or equal bits cost much of the speed."""
        runtime = self.params.runtime
        if self.told_of_fast:
            return
        self.told_of_fast = True
        fastest = fastest_runtime()
        portable = runtime.determinism == "portable"
        if fastest["device"] == "cuda" and runtime.device == "cpu":
            unused = "runtime.device is cpu, though there is a GPU"
            log.info(
                "%s; `vidpipe preset fast` trains on it",
                f"{unused}, for equal bits on every machine" if portable else unused,
            )
        elif portable and fastest["precision"] == "bf16":
            log.info(
                "runtime is portable, for equal bits on every machine; for work of your own "
                "`vidpipe preset fast` trains on all cores in bf16, which is faster here"
            )

    def _lock_checkpoints(self, node: str, name: str) -> Path:
        """Return the checkpoint folder called `name`, or one in scratch if a process has locked it.

        Folders of the same node with other parameters, code or data are removed, but for the latest
        eight that hold a checkpoint.
        """
        others = [other for other in self.checkpoints.names(f"{node}-*") if other != name]
        home = self.checkpoints.path
        resumable = [other for other in others if any((home / other).glob("*.safetensors"))]
        self.checkpoints.clear(set(others) - set(resumable[:MOST_STOPPED]))

        training = self.checkpoints.lock(name)
        if training is None:
            log.warning("%s: another process does the same; this one keeps no checkpoints", node)
            return self.scratch.path / CHECKPOINTS / node
        self.trainings[node] = training
        return training.path
