"""Stage `report`: one page of all models, from their metrics, histories and films."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from vidpipe.reporting.page import render_report
from vidpipe.reporting.results import AUTOENCODER, MODELS, Results, gather

DATASETS = ("metrics", "plots", "samples")
PARAMS = ("train", "evaluate")


def inputs_of_report() -> dict[str, str]:
    """Return the datasets and parameters that the report is made of, by name of the argument."""
    inputs = {"autoencoder": f"{AUTOENCODER}_metrics", "digits": "digits"}
    for model in MODELS:
        inputs |= {name: name for name in (f"{model}_{part}" for part in DATASETS)}
        inputs |= {f"{model}_{part}": f"params:{model}.{part}" for part in PARAMS}
    return inputs


def write_report(
    autoencoder: Mapping[str, float], digits: Mapping[str, np.ndarray], **parts: Any
) -> str:
    """Return the report as HTML.

    Args:
        autoencoder: Metrics of the autoencoder of clips.
        digits: Arrays of `digits.npz`.
        parts: `<model>_metrics`, folders `<model>_plots` and `<model>_samples`, and the parameters
            `<model>_train` and `<model>_evaluate`, of each model.
    """
    models = {
        name: gather(
            name,
            parts[f"{name}_metrics"],
            parts[f"{name}_plots"],
            parts[f"{name}_samples"],
            {part: parts[f"{name}_{part}"] for part in PARAMS},
        )
        for name in MODELS
    }
    return render_report(Results(models, autoencoder, digits))
