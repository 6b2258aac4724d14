"""What every run needs beside its data: the instruction set, a scratch folder, a tracker."""

import os
import tempfile
from pathlib import Path
from typing import Any

from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline.node import Node

from vidpipe.params import Params
from vidpipe.tracking import MlflowTracker
from vidpipe.training.runtime import pin_instructions

SCRATCH = ".vidpipe"
WORKBENCH = ("project", "scratch", "tracker")  # inputs of nodes that are no data


class Workbench:
    """Lays out `project`, `scratch` and `tracker` as inputs that nodes may ask for."""

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Pin the instruction set: the context is made before any node imports torch."""
        self.project = Path(context.project_path)
        self.params = Params.model_validate(context.config_loader["parameters"])
        pin_instructions(self.params.runtime.determinism)

    @hook_impl
    def after_catalog_created(self, catalog: DataCatalog) -> None:
        """Add the inputs that are no data."""
        home = self.project / SCRATCH
        home.mkdir(exist_ok=True)
        # Gone when the process ends, however it ends, short of kill -9.
        self.work = tempfile.TemporaryDirectory(prefix="work-", dir=home)
        # In `dvc exp run --temp` the project is a copy; runs belong to the one it was copied from.
        root = Path(os.environ.get("DVC_ROOT", self.project))
        self.tracker = MlflowTracker(root=root, project=self.project, params=self.params)
        bench: dict[str, Any] = {
            "project": self.project,
            "scratch": Path(self.work.name),
            "tracker": self.tracker,
        }
        for name in WORKBENCH:
            catalog[name] = MemoryDataset(bench[name], copy_mode="assign")

    @hook_impl
    def before_node_run(self, node: Node, catalog: DataCatalog) -> None:
        """Tell the tracker which files the node reads."""
        files = {name: getattr(catalog[name], "_filepath", None) for name in node.inputs}
        self.tracker.inputs = {name: file for name, file in files.items() if file}
