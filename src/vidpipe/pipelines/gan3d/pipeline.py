"""Wiring of the stages of gan3d."""

from kedro.pipeline import Pipeline, node, pipeline

from vidpipe.pipelines.gan3d.evaluate import evaluate_gan3d
from vidpipe.pipelines.gan3d.train import train_gan3d


def gan3d_train() -> Pipeline:
    """Clips to weights."""
    return pipeline(
        [
            node(
                train_gan3d,
                [
                    "clips",
                    "params:gan3d.model",
                    "params:gan3d.train",
                    "params:runtime",
                    "tracker",
                    "scratch",
                ],
                "gan3d_model",
                name="gan3d_train",
            )
        ]
    )


def gan3d_evaluate() -> Pipeline:
    """Weights to scores and samples."""
    return pipeline(
        [
            node(
                evaluate_gan3d,
                [
                    "clips",
                    "gan3d_model",
                    "action_classifier_model",
                    "params:gan3d.evaluate",
                    "params:runtime",
                    "tracker",
                    "scratch",
                ],
                ["gan3d_metrics", "gan3d_plots", "gan3d_samples"],
                name="gan3d_evaluate",
            )
        ]
    )
