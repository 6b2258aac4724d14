"""Wiring of the classifier of actions and of every GAN of clips."""

from kedro.pipeline import Node, Pipeline, node, pipeline

from vidpipe.models.clip_gan import ClipGan
from vidpipe.models.registry import CLIP_GANS
from vidpipe.pipelines.clips.classifier import train_action_classifier
from vidpipe.pipelines.clips.evaluate import make_evaluate_node
from vidpipe.pipelines.clips.train import make_train_node
from vidpipe.utils.names import model_name


def create_pipeline() -> Pipeline:
    """Return the pipeline from clips to the scores and samples of every GAN of clips."""
    classifier = node(
        train_action_classifier,
        inputs=["clips", "params:action_classifier", "params:runtime", "scratch"],
        outputs=["action_classifier_model", "action_classifier_metrics"],
        name="action_classifier",
    )
    return pipeline([classifier, *(n for network in CLIP_GANS for n in _train_and_score(network))])


def _train_and_score(network: ClipGan) -> list[Node]:
    """Return the two nodes of a model."""
    name = model_name(network)
    return [
        node(
            make_train_node(network),
            inputs=[
                "clips",
                f"params:{name}.model",
                f"params:{name}.train",
                "params:runtime",
                "tracker",
                "checkpoints",
                "scratch",
            ],
            outputs=f"{name}_model",
            name=f"{name}_train",
        ),
        node(
            make_evaluate_node(network),
            inputs=[
                "clips",
                f"{name}_model",
                "action_classifier_model",
                f"params:{name}.evaluate",
                "params:runtime",
                "tracker",
                "scratch",
            ],
            outputs=[f"{name}_metrics", f"{name}_plots", f"{name}_samples"],
            name=f"{name}_evaluate",
        ),
    ]
