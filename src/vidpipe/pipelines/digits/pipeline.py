"""Wiring of the judge."""

from kedro.pipeline import Pipeline, node, pipeline

from vidpipe.pipelines.digits.classifier import train_digit_classifier


def digit_classifier() -> Pipeline:
    """Digits to a judge of digits."""
    return pipeline(
        [
            node(
                train_digit_classifier,
                ["digits", "params:digit_classifier", "params:runtime", "scratch"],
                ["digit_classifier_model", "digit_classifier_metrics"],
                name="digit_classifier",
            )
        ]
    )
