"""Pipelines of the action classifier, and of every GAN of clips, by the model's name."""

from kedro.pipeline import Pipeline, node, pipeline

from vidpipe.models import convlstm_gan, gan3d, vgan
from vidpipe.pipelines.clips.classifier import train_action_classifier
from vidpipe.pipelines.clips.evaluate import make_evaluate_node
from vidpipe.pipelines.clips.train import trainer

NETWORKS = {"gan3d": gan3d, "vgan": vgan, "convlstm_gan": convlstm_gan}


def action_classifier() -> Pipeline:
    """Train the action classifier on clips."""
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
    """Train a model on clips."""
    inputs = [
        "clips",
        f"params:{name}.model",
        f"params:{name}.train",
        "params:runtime",
        "tracker",
        "scratch",
    ]
    return pipeline([node(trainer(name), inputs, f"{name}_model", name=f"{name}_train")])


def clip_gan_evaluate(name: str) -> Pipeline:
    """Score a model, and draw its samples."""
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
    evaluate = make_evaluate_node(NETWORKS[name])
    return pipeline([node(evaluate, inputs, outputs, name=f"{name}_evaluate")])
