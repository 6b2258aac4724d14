"""Wiring that every GAN has: one node trains it, one scores it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from kedro.pipeline import Node, node


def train_and_evaluate(
    name: str,
    train: Callable[..., Path],
    evaluate: Callable[..., Any],
    *,
    data: str,
    classifier: str | None = None,
    autoencoder: str | None = None,
) -> list[Node]:
    """Return the two nodes of a model.

    Args:
        name: Of the model: its blocks of params.yaml and its datasets are called after it.
        train: Node function from data to a folder of weights.
        evaluate: Node function from data and weights to metrics, the few of them that DVC
            lists, plots and samples.
        data: Dataset that both read.
        classifier: Dataset of the classifier that scores, if one does.
        autoencoder: Dataset of the autoencoder whose latents are learnt, if they are.
    """
    classifiers = [classifier] if classifier else []
    autoencoders = [autoencoder] if autoencoder else []
    return [
        node(
            train,
            inputs=[
                data,
                f"params:{name}.model",
                f"params:{name}.train",
                "params:runtime",
                "tracker",
                "checkpoints",
                "scratch",
                *autoencoders,
            ],
            outputs=f"{name}_model",
            name=f"{name}_train",
        ),
        node(
            evaluate,
            inputs=[
                data,
                f"{name}_model",
                *classifiers,
                f"params:{name}.evaluate",
                "params:runtime",
                "tracker",
                "scratch",
            ],
            outputs=[f"{name}_{part}" for part in ("metrics", "headlines", "plots", "samples")],
            name=f"{name}_evaluate",
        ),
    ]
