"""Wiring of pix2pix."""

from kedro.pipeline import Pipeline, pipeline

from vidpipe.pipelines.prediction.evaluate import evaluate_pix2pix
from vidpipe.pipelines.prediction.train import train_pix2pix
from vidpipe.pipelines.wiring import train_and_evaluate


def create_pipeline() -> Pipeline:
    """Return the pipeline from pairs of frames to the scores and films of predictions."""
    return pipeline(train_and_evaluate("pix2pix", train_pix2pix, evaluate_pix2pix, data="pairs"))
