"""Experiments of the tracking server, by model."""

from dataclasses import dataclass

from vidpipe.config.schema import CLIP_GAN_NAMES


@dataclass(frozen=True)
class ModelRuns:
    """Place and parameters of a model's runs.

    Attributes:
        experiment: Name of the experiment, whose runs can be compared with one another.
        deliverable: Of the project report.
        shared_params: Blocks of params.yaml that influence the model, beside its own and
            `runtime`: those that its stages depend on.
    """

    experiment: str
    deliverable: str
    shared_params: tuple[str, ...]


DIGIT_PARAMS = ("digits", "digit_classifier")
FRAME_PARAMS = ("sources.footage", "frames.footage", "pairs")
CLIP_PARAMS = ("sources.clips", "frames.clips", "clips", "action_classifier")
AUTOENCODER_PARAMS = tuple(f"clip_autoencoder.{part}" for part in ("model", "train", "evaluate"))
DELIVERABLES = {"gan3d": "D2", "vgan": "D2", "convlstm_gan": "D4"}  # others: the report's outlook
CLIP_GAN_RUNS = {
    model: ModelRuns("clips", DELIVERABLES.get(model, "outlook"), CLIP_PARAMS + AUTOENCODER_PARAMS)
    for model in CLIP_GAN_NAMES
}
EXPERIMENTS = {
    "mlp_gan": ModelRuns("digits", "D1", DIGIT_PARAMS),
    "dcgan": ModelRuns("digits", "D1", DIGIT_PARAMS),
    "clip_autoencoder": ModelRuns("clips", "outlook", CLIP_PARAMS),
    "pix2pix": ModelRuns("prediction", "D3", FRAME_PARAMS),
} | CLIP_GAN_RUNS
