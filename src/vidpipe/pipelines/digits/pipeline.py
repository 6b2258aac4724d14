"""Wiring of the classifier of digits and of both GANs of digits."""

from kedro.pipeline import Pipeline, node, pipeline

from vidpipe.models.registry import DIGIT_GANS
from vidpipe.pipelines.digits.classifier import train_digit_classifier
from vidpipe.pipelines.digits.evaluate import make_evaluate_node
from vidpipe.pipelines.digits.train import make_train_node
from vidpipe.pipelines.wiring import train_and_evaluate
from vidpipe.utils.names import model_name


def create_pipeline() -> Pipeline:
    """Return the pipeline from digits to the scores and samples of every GAN of digits."""
    nodes = [
        node(
            train_digit_classifier,
            inputs=["digits", "params:digit_classifier", "params:runtime", "scratch"],
            outputs=["digit_classifier_model", "digit_classifier_metrics"],
            name="digit_classifier",
        )
    ]
    for network in DIGIT_GANS:
        nodes += train_and_evaluate(
            model_name(network),
            make_train_node(network),
            make_evaluate_node(network),
            data="digits",
            classifier="digit_classifier_model",
        )
    return pipeline(nodes)
