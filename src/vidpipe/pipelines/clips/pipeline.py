"""Wiring of the judge, and of every GAN of clips: a model's name is all that differs."""

from kedro.pipeline import Pipeline, node, pipeline

from vidpipe.pipelines.clips.classifier import train_action_classifier
from vidpipe.pipelines.clips.evaluate import evaluator
from vidpipe.pipelines.clips.train import trainer


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


def clip_gan_train(name: str) -> Pipeline:
    """Clips to weights."""
    inputs = [
        "clips",
        f"params:{name}.model",
        f"params:{name}.train",
        "params:runtime",
        "tracker",
        "scratch",
        "checkpoints",
    ]
    return pipeline([node(trainer(name), inputs, f"{name}_model", name=f"{name}_train")])


def clip_gan_evaluate(name: str) -> Pipeline:
    """Weights to scores and samples."""
    inputs = [
        "clips",
        f"{name}_model",
        "action_classifier_model",
        f"params:{name}.evaluate",
        "params:runtime",
        "tracker",
        "scratch",
    ]
    outputs = [f"{name}_{what}" for what in ("metrics", "plots", "samples")]
    return pipeline([node(evaluator(name), inputs, outputs, name=f"{name}_evaluate")])
