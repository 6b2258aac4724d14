"""Wiring of the stages of dcgan."""

from kedro.pipeline import Pipeline, node, pipeline

from vidpipe.pipelines.dcgan.evaluate import evaluate_dcgan
from vidpipe.pipelines.dcgan.train import train_dcgan


def dcgan_train() -> Pipeline:
    """Digits to weights."""
    return pipeline(
        [
            node(
                train_dcgan,
                [
                    "digits",
                    "params:dcgan.model",
                    "params:dcgan.train",
                    "params:runtime",
                    "tracker",
                    "scratch",
                    "checkpoints",
                ],
                "dcgan_model",
                name="dcgan_train",
            )
        ]
    )


def dcgan_evaluate() -> Pipeline:
    """Weights to scores and samples."""
    return pipeline(
        [
            node(
                evaluate_dcgan,
                [
                    "digits",
                    "dcgan_model",
                    "digit_classifier_model",
                    "params:dcgan.evaluate",
                    "params:runtime",
                    "tracker",
                    "scratch",
                ],
                ["dcgan_metrics", "dcgan_plots", "dcgan_samples"],
                name="dcgan_evaluate",
            )
        ]
    )
