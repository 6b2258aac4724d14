"""Wiring of pix2pix."""

from kedro.pipeline import Pipeline, node, pipeline

from vidpipe.pipelines.prediction.evaluate import evaluate_pix2pix
from vidpipe.pipelines.prediction.train import train_pix2pix


def create_pipeline() -> Pipeline:
    """Return the pipeline from pairs of frames to the scores and films of predictions."""
    return pipeline(
        [
            node(
                train_pix2pix,
                inputs=[
                    "pairs",
                    "params:pix2pix.model",
                    "params:pix2pix.train",
                    "params:runtime",
                    "tracker",
                    "checkpoints",
                    "scratch",
                ],
                outputs="pix2pix_model",
                name="pix2pix_train",
            ),
            node(
                evaluate_pix2pix,
                inputs=[
                    "pairs",
                    "pix2pix_model",
                    "params:pix2pix.evaluate",
                    "params:runtime",
                    "tracker",
                    "scratch",
                ],
                outputs=["pix2pix_metrics", "pix2pix_plots", "pix2pix_samples"],
                name="pix2pix_evaluate",
            ),
        ]
    )
