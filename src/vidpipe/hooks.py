"""What every run needs beside its data: the instruction set, scratch folders, a tracker."""

import atexit
import logging
import os
import shutil
from pathlib import Path
from typing import Any

from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline.node import Node

from vidpipe.config.schema import Params
from vidpipe.reproduction.identity import identity
from vidpipe.tracking.mlflow_tracker import MlflowTracker
from vidpipe.training.runtime import pin_instructions
from vidpipe.utils.atomic import whole_file
from vidpipe.utils.forced import forced
from vidpipe.utils.locked_folders import Held, Shelf

log = logging.getLogger(__name__)
SCRATCH = ".vidpipe"
WORKBENCH = ("project", "scratch", "tracker", "checkpoints")  # inputs of nodes that are no data
WORK = "work-"  # a folder per process
LOCK = "dvc.lock"
OTHERS = 8  # trainings of a model, stopped with other parameters, that may yet be gone on with
CHECKPOINTS = "checkpoints"
CHECKPOINT = "*.safetensors"
ENDED = "ended"  # a file beside the checkpoints of a training that DVC has yet to record
BY_DVC = "DVC_STAGE"  # is in the environment of its stages


class Workbench:
    """Lays out `project`, `scratch` and `tracker` as inputs that nodes may ask for."""

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Pin the instruction set: the context is made before any node imports torch."""
        self.project = Path(context.project_path)
        self.params = Params.model_validate(context.config_loader["parameters"])
        pin_instructions(self.params.runtime.determinism)
        self._keep_lock()

    @hook_impl
    def after_catalog_created(self, catalog: DataCatalog) -> None:
        """Add the inputs that are no data."""
        shelf = Shelf(self.project / SCRATCH)
        shelf.clear(shelf.names(f"{WORK}*"))  # of processes that were killed
        self.work = shelf.new(WORK)
        # Gone when the process ends, however it ends, short of kill -9.
        atexit.register(shelf.drop, self.work)
        # In `dvc exp run --temp` the project is a copy; what is to last belongs to the one it was
        # copied from.
        root = Path(os.environ.get("DVC_ROOT", self.project))
        self.checkpoints = Shelf(root / SCRATCH / CHECKPOINTS)
        self.kept = dict[str, Held]()
        self.tracker = MlflowTracker(root=root, project=self.project, params=self.params)
        bench: dict[str, Any] = {
            "project": self.project,
            "scratch": self.work.folder,
            "tracker": self.tracker,
            CHECKPOINTS: self.work.folder / CHECKPOINTS,  # each training is given its own
        }
        for name in WORKBENCH:
            catalog[name] = MemoryDataset(bench[name], copy_mode="assign")

    @hook_impl
    def before_node_run(
        self, node: Node, catalog: DataCatalog, inputs: dict[str, Any]
    ) -> dict[str, Any]:
        """Tell the tracker which files the node reads; give a training its own `checkpoints`."""
        files = {name: getattr(catalog[name], "_filepath", None) for name in node.inputs}
        self.tracker.inputs = {name: file for name, file in files.items() if file}
        own = ""
        if CHECKPOINTS in node.inputs:
            params = {name: value for name, value in inputs.items() if name.startswith("params:")}
            own = f"{node.name}-{identity(self.project, node, params, self.tracker.inputs)}"
        ended = {path.parent.name for path in self.checkpoints.home.glob(f"*/{ENDED}")}
        self.checkpoints.clear(ended - ({own} if BY_DVC in os.environ else set()))
        return {CHECKPOINTS: self._held(node, own)} if own else {}

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, node: Node) -> None:
        """A model that is in place needs no checkpoints, once DVC has recorded it.

        If it is killed before, or its disk is full, it removes the model, and asks for it again.
        """
        if dataset_name == node.outputs[-1] and node.name in self.kept:
            held = self.kept.pop(node.name)
            if BY_DVC in os.environ:
                (held.folder / ENDED).touch()
            else:
                self.checkpoints.drop(held)

    def _keep_lock(self) -> None:
        """DVC writes its lock in place, between stages: a copy of each whole one is kept."""
        lock = self.project / LOCK
        if BY_DVC in os.environ and lock.is_file():
            with whole_file(self.project / SCRATCH / LOCK) as copy:
                shutil.copyfile(lock, copy)

    def _held(self, node: Node, own: str) -> Path:
        """Return the folder of that name; one in scratch if another process holds it."""
        others = [name for name in self.checkpoints.names(f"{node.name}-*") if name != own]
        full = [name for name in others if any((self.checkpoints.home / name).glob(CHECKPOINT))]
        self.checkpoints.clear({*others} - {*full[:OTHERS]} | ({own} if forced() else set()))
        held = self.checkpoints.hold(own)
        if held is None:
            log.warning(
                "%s: another process does the same; this one keeps no checkpoints", node.name
            )
            return self.work.folder / CHECKPOINTS / node.name
        (held.folder / ENDED).unlink(missing_ok=True)
        self.kept[node.name] = held
        return held.folder
