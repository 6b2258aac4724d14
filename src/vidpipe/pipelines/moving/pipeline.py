"""Wiring of the judge."""

from kedro.pipeline import Pipeline, node, pipeline

from vidpipe.pipelines.moving.classifier import train_action_classifier


def action_classifier() -> Pipeline:
    """Clips to a judge of clips."""
    return pipeline(
        [
            node(
                train_action_classifier,
                ["clips", "params:action_classifier", "params:runtime", "scratch"],
                ["action_classifier_model", "action_classifier_metrics"],
                name="action_classifier",
            )
        ]
    )
