"""Wiring of the stages of mlp_gan."""

from kedro.pipeline import Pipeline, node, pipeline

from vidpipe.pipelines.mlp_gan.evaluate import evaluate_mlp_gan
from vidpipe.pipelines.mlp_gan.train import train_mlp_gan


def mlp_gan_train() -> Pipeline:
    """Digits to weights."""
    return pipeline(
        [
            node(
                train_mlp_gan,
                [
                    "digits",
                    "params:mlp_gan.model",
                    "params:mlp_gan.train",
                    "params:runtime",
                    "tracker",
                    "scratch",
                    "checkpoints",
                ],
                "mlp_gan_model",
                name="mlp_gan_train",
            )
        ]
    )


def mlp_gan_evaluate() -> Pipeline:
    """Weights to scores and samples."""
    return pipeline(
        [
            node(
                evaluate_mlp_gan,
                [
                    "digits",
                    "mlp_gan_model",
                    "digit_classifier_model",
                    "params:mlp_gan.evaluate",
                    "params:runtime",
                    "tracker",
                    "scratch",
                ],
                ["mlp_gan_metrics", "mlp_gan_plots", "mlp_gan_samples"],
                name="mlp_gan_evaluate",
            )
        ]
    )
