"""Wiring of pix2pix."""

from kedro.pipeline import Pipeline, node, pipeline

from vidpipe.pipelines.prediction.evaluate import evaluate_pix2pix
from vidpipe.pipelines.prediction.train import train_pix2pix


def pix2pix_train() -> Pipeline:
    """Pairs to weights."""
    return pipeline(
        [
            node(
                train_pix2pix,
                [
                    "pairs",
                    "params:pix2pix.model",
                    "params:pix2pix.train",
                    "params:runtime",
                    "tracker",
                    "scratch",
                    "checkpoints",
                ],
                "pix2pix_model",
                name="pix2pix_train",
            )
        ]
    )


def pix2pix_evaluate() -> Pipeline:
    """Weights to scores and samples."""
    return pipeline(
        [
            node(
                evaluate_pix2pix,
                [
                    "pairs",
                    "pix2pix_model",
                    "params:pix2pix.evaluate",
                    "params:runtime",
                    "tracker",
                    "scratch",
                ],
                ["pix2pix_metrics", "pix2pix_plots", "pix2pix_samples"],
                name="pix2pix_evaluate",
            )
        ]
    )
