"""A trained model as a model of MLflow, which answers with the files that the commands write.

The folder has weights as safetensors, the package's code and the versions that it needs; nothing in
it is unpickled.
"""

import shutil
import warnings
from collections.abc import Mapping
from importlib.metadata import packages_distributions, version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
from packaging.version import Version

from vidpipe.serving.generation import network_module, start_torch
from vidpipe.serving.jobs import run_job
from vidpipe.serving.store import PREDICTOR
from vidpipe.visualization.sheets import png

PACKAGE = "vidpipe"
WEIGHTS = "weights"
PICTURE = "picture"
MODEL = "model"
# The file that MLflow runs to load the model.
CODE = """\
from mlflow.models import set_model

from vidpipe.serving.mlflow_model import python_model

set_model(python_model())
"""
NUMBERS = ("seed", "count", "frames", "walk")
TEXTS = ("label", "group", "kind")


def answers(model: str, weights: Path, rows: pd.DataFrame) -> pd.DataFrame:
    """Return a file for each row of jobs, with its media type and the command that makes it.

    Args:
        model: Name of the model.
        weights: Folder of its weights.
        rows: Columns by the names of the options of `vidpipe generate`, with `kind` (`mp4`, `gif`
            or `png`) and `picture` (bytes); of `vidpipe predict`, `frames` is the number of steps.
            All may be missing.

    Raises:
        UserError: If a job cannot be met.
    """
    files = []
    for row in rows.to_dict("records"):
        values = {str(name): value for name, value in row.items() if _is_there(value)}
        picture = values.pop(PICTURE, b"")
        fields = {name: _text(value) for name, value in values.items()}
        answer = run_job(model, fields, picture, weights=weights)
        files.append({"file": answer.file, "media": answer.media, "command": answer.command})
    return pd.DataFrame(files, columns=["file", "media", "command"])


def _is_there(value: Any) -> bool:
    return isinstance(value, bytes) or not (value is None or pd.isna(value))


def _text(value: Any) -> str:
    """Return a number as the page would send it: a column with gaps has floats."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def python_model() -> Any:
    """Return what MLflow calls: loaded with the weights beside it, asked with rows of jobs."""
    from mlflow.pyfunc import PythonModel  # noqa: PLC0415 (seconds)

    class FilesOfJobs(PythonModel):
        def load_context(self, context: Any) -> None:
            # Before anything else imports torch: the bytes depend on its instruction set.
            start_torch()
            self.model = context.model_config[MODEL]
            self.weights = Path(context.artifacts[WEIGHTS])

        def predict(
            self, model_input: pd.DataFrame, params: Mapping[str, Any] | None = None
        ) -> pd.DataFrame:
            return answers(self.model, self.weights, model_input)

    return FilesOfJobs()


def export(model: str, weights: list[Path], out: Path) -> None:
    """Write a model of MLflow into a folder that is not there yet.

    Args:
        model: Name of the model.
        weights: Files of its weights.
        out: The folder.
    """
    with warnings.catch_warnings():
        # As it is imported, MLflow warns of types of its own.
        warnings.simplefilter("ignore", UserWarning)
        import mlflow.pyfunc  # noqa: PLC0415
    from mlflow.models import ModelSignature  # noqa: PLC0415
    from mlflow.types import ColSpec, Schema  # noqa: PLC0415

    columns = [ColSpec("long", name, required=False) for name in NUMBERS]
    columns += [ColSpec("string", name, required=False) for name in TEXTS]
    columns += [ColSpec("binary", PICTURE, required=False)]
    answered = [ColSpec("binary", "file"), ColSpec("string", "media"), ColSpec("string", "command")]
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        code, own_weights, script = folder / PACKAGE, folder / WEIGHTS, folder / "model.py"
        unneeded = shutil.ignore_patterns("__pycache__", "shipped", "template")
        shutil.copytree(Path(__file__).parents[1], code, ignore=unneeded)
        own_weights.mkdir()
        for file in weights:
            shutil.copyfile(file, own_weights / file.name)
        script.write_text(CODE, encoding="utf-8")
        mlflow.pyfunc.save_model(
            path=str(out),
            python_model=str(script),
            artifacts={WEIGHTS: str(own_weights)},
            code_paths=[str(code)],
            model_config={MODEL: model},
            signature=ModelSignature(Schema(columns), Schema(answered)),
            input_example=example(model),
            pip_requirements=requirements(),
        )


def example(model: str) -> pd.DataFrame:
    """Return a job that the model can meet."""
    import numpy as np  # noqa: PLC0415

    ramp = np.linspace(0, 255, 64).astype(np.uint8)
    picture = png(np.stack(np.broadcast_arrays(ramp, ramp[:, None], np.uint8(99)), axis=-1))
    if model == PREDICTOR:
        return pd.DataFrame([{"frames": 4, "kind": "gif", PICTURE: picture}])
    row = {"seed": 0, "count": 4, "kind": "png"}
    return pd.DataFrame([row if not _starts_from_picture(model) else row | {PICTURE: picture}])


def _starts_from_picture(model: str) -> bool:
    return getattr(network_module(model).Generator, "from_picture", False)


def requirements() -> list[str]:
    """Return the exact versions of the packages that this module needs, imported late or early."""
    import grimp

    graph = grimp.build_graph(PACKAGE, include_external_packages=True, cache_dir=None)
    reached = graph.find_upstream_modules(__name__)
    roots = {name.partition(".")[0] for name in reached} - {PACKAGE}
    homes = packages_distributions()
    # Of several packages with the same module, as mlflow and mlflow-skinny, the whole one.
    names = {min(homes[root], key=len) for root in roots if root in homes}
    return sorted(f"{name}=={Version(version(name)).public}" for name in names)
