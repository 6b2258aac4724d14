"""Wiring of the stages of vgan."""

from kedro.pipeline import Pipeline, node, pipeline

from vidpipe.pipelines.vgan.evaluate import evaluate_vgan
from vidpipe.pipelines.vgan.train import train_vgan


def vgan_train() -> Pipeline:
    """Clips to weights."""
    return pipeline(
        [
            node(
                train_vgan,
                [
                    "clips",
                    "params:vgan.model",
                    "params:vgan.train",
                    "params:runtime",
                    "tracker",
                    "scratch",
                ],
                "vgan_model",
                name="vgan_train",
            )
        ]
    )


def vgan_evaluate() -> Pipeline:
    """Weights to scores and samples."""
    return pipeline(
        [
            node(
                evaluate_vgan,
                [
                    "clips",
                    "vgan_model",
                    "action_classifier_model",
                    "params:vgan.evaluate",
                    "params:runtime",
                    "tracker",
                    "scratch",
                ],
                ["vgan_metrics", "vgan_plots", "vgan_samples"],
                name="vgan_evaluate",
            )
        ]
    )
