"""Wiring of the stages of convlstm_gan."""

from kedro.pipeline import Pipeline, node, pipeline

from vidpipe.pipelines.convlstm_gan.evaluate import evaluate_convlstm_gan
from vidpipe.pipelines.convlstm_gan.train import train_convlstm_gan


def convlstm_gan_train() -> Pipeline:
    """Clips to weights."""
    return pipeline(
        [
            node(
                train_convlstm_gan,
                [
                    "clips",
                    "params:convlstm_gan.model",
                    "params:convlstm_gan.train",
                    "params:runtime",
                    "tracker",
                    "scratch",
                ],
                "convlstm_gan_model",
                name="convlstm_gan_train",
            )
        ]
    )


def convlstm_gan_evaluate() -> Pipeline:
    """Weights to scores and samples."""
    return pipeline(
        [
            node(
                evaluate_convlstm_gan,
                [
                    "clips",
                    "convlstm_gan_model",
                    "action_classifier_model",
                    "params:convlstm_gan.evaluate",
                    "params:runtime",
                    "tracker",
                    "scratch",
                ],
                ["convlstm_gan_metrics", "convlstm_gan_plots", "convlstm_gan_samples"],
                name="convlstm_gan_evaluate",
            )
        ]
    )
