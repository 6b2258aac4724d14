"""Wiring of the classifier of digits and of both GANs of digits."""

from types import ModuleType

from kedro.pipeline import Node, Pipeline, node, pipeline

from vidpipe.models.registry import DIGIT_GANS
from vidpipe.pipelines.digits.classifier import train_digit_classifier
from vidpipe.pipelines.digits.evaluate import make_evaluate_node
from vidpipe.pipelines.digits.train import make_train_node
from vidpipe.utils.names import model_name


def create_pipeline() -> Pipeline:
    """Return the pipeline from digits to the scores and samples of every GAN of digits."""
    classifier = node(
        train_digit_classifier,
        inputs=["digits", "params:digit_classifier", "params:runtime", "scratch"],
        outputs=["digit_classifier_model", "digit_classifier_metrics"],
        name="digit_classifier",
    )
    return pipeline([classifier, *(n for network in DIGIT_GANS for n in _train_and_score(network))])


def _train_and_score(network: ModuleType) -> list[Node]:
    """Return the two nodes of a model."""
    name = model_name(network)
    return [
        node(
            make_train_node(network),
            inputs=[
                "digits",
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
                "digits",
                f"{name}_model",
                "digit_classifier_model",
                f"params:{name}.evaluate",
                "params:runtime",
                "tracker",
                "scratch",
            ],
            outputs=[f"{name}_metrics", f"{name}_plots", f"{name}_samples"],
            name=f"{name}_evaluate",
        ),
    ]
