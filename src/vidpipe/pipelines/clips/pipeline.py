"""Wiring of the classifier of actions and of every GAN of clips."""

from kedro.pipeline import Pipeline, node, pipeline

from vidpipe.models.registry import CLIP_GANS
from vidpipe.pipelines.clips.classifier import train_action_classifier
from vidpipe.pipelines.clips.evaluate import make_evaluate_node
from vidpipe.pipelines.clips.train import make_train_node
from vidpipe.pipelines.wiring import train_and_evaluate
from vidpipe.utils.names import model_name


def create_pipeline() -> Pipeline:
    """Return the pipeline from clips to the scores and samples of every GAN of clips."""
    nodes = [
        node(
            train_action_classifier,
            inputs=["clips", "params:action_classifier", "params:runtime", "scratch"],
            outputs=["action_classifier_model", "action_classifier_metrics"],
            name="action_classifier",
        )
    ]
    for network in CLIP_GANS:
        nodes += train_and_evaluate(
            model_name(network),
            make_train_node(network),
            make_evaluate_node(network),
            data="clips",
            classifier="action_classifier_model",
        )
    return pipeline(nodes)
