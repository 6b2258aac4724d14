"""Wiring of the classifier of actions, the autoencoder, and every GAN of clips."""

from kedro.pipeline import Pipeline, node, pipeline

from vidpipe.config.schema import LATENT_GAN_NAMES
from vidpipe.models.registry import CLIP_GANS
from vidpipe.pipelines.clips.autoencoder import train_clip_autoencoder
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
        ),
        node(
            train_clip_autoencoder,
            inputs=[
                "clips",
                "action_classifier_model",
                "params:clip_autoencoder.model",
                "params:clip_autoencoder.train",
                "params:clip_autoencoder.evaluate",
                "params:runtime",
                "tracker",
                "scratch",
            ],
            outputs=[
                "clip_autoencoder_model",
                "clip_autoencoder_metrics",
                "clip_autoencoder_samples",
            ],
            name="clip_autoencoder",
        ),
    ]
    for network in CLIP_GANS:
        name = model_name(network)
        nodes += train_and_evaluate(
            name,
            make_train_node(network),
            make_evaluate_node(network),
            data="clips",
            classifier="action_classifier_model",
            autoencoder="clip_autoencoder_model" if name in LATENT_GAN_NAMES else None,
        )
    return pipeline(nodes)
