"""Experiments of the tracking server, by model."""

from dataclasses import dataclass

from vidpipe.config.schema import CLIP_GAN_NAMES, LATENT_GAN_NAMES


@dataclass(frozen=True)
class ModelRuns:
    """Place and parameters of a model's runs.

    Attributes:
        experiment: Name of the experiment, whose runs can be compared with one another.
        deliverable: Of the project report.
        shared_params: Blocks of params.yaml that influence the model, beside its own and
            `runtime`: those that its stages depend on.
        about: The model's work, as a sentence goes on after its name.
    """

    experiment: str
    deliverable: str
    shared_params: tuple[str, ...]
    about: str


SOURCES = "sources"  # the experiment about data
NOTES = {
    "digits": "GANs that generate numerals from noise, trained on one picture of each. "
    "Held-out pictures, which are rotated further than those of the training, are scored alike.",
    "clips": "GANs that generate clips, and the autoencoder of frames. All are scored at 32 × 32 "
    "pixels against the same real clips, so rows can be compared if they have the same data and "
    "the same classifier.",
    "prediction": "pix2pix predicts the next frame of a video. Skill is the share of the error of "
    "copying the last frame that is gone: 0 is no better than copying, 1 is perfect.",
    SOURCES: "What a run had to learn from: videos by slot, and a contact sheet.",
}
READING = """

Columns `score/…` say how good a model is; the note of each run has their meaning, direction and \
what they stand beside. `loss/…` are the losses and `health/…` the diagnostics of training, by \
step; `system/…` is there if MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING=true was set. A run that shows \
a sign of failure has ⚠ in its name.

To compare: tick two runs or more, press Compare. A run's pictures and films are under Artifacts."""
DIGIT_PARAMS = ("digits", "digit_classifier")
FRAME_PARAMS = ("sources.footage", "frames.footage", "pairs")
CLIP_PARAMS = ("sources.clips", "frames.clips", "clips", "action_classifier")
AUTOENCODER_PARAMS = tuple(f"clip_autoencoder.{part}" for part in ("model", "train", "evaluate"))
DELIVERABLES = {"gan3d": "D2", "vgan": "D2", "convlstm_gan": "D4"}  # others: the report's outlook
# Each goes on after the model's name.
ABOUT = {
    "pix2pix": "predicts the next frame of a video from those before it (after Isola et al. 2017).",
    "gan3d": "generates clips from noise by 3-D convolutions.",
    "vgan": "generates clips from noise: foreground, mask and a still background apart (after "
    "Vondrick et al. 2016).",
    "convlstm_gan": "continues a picture by a recurrent cell.",
    "mocogan": "generates clips of any length from content that stays and recurrent motion (after "
    "Tulyakov et al. 2018).",
    "clip_autoencoder": "turns frames into few numbers and back.",
    "dcgan": "generates numerals from noise (after Radford et al. 2016).",
    "mlp_gan": "generates numerals without convolutions: the baseline.",
}
CLIP_GAN_RUNS = {
    model: ModelRuns(
        "clips",
        DELIVERABLES.get(model, "outlook"),
        CLIP_PARAMS + (AUTOENCODER_PARAMS if model in LATENT_GAN_NAMES else ()),
        ABOUT.get(model, "generates clips."),
    )
    for model in CLIP_GAN_NAMES
}
EXPERIMENTS = {
    "mlp_gan": ModelRuns("digits", "D1", DIGIT_PARAMS, ABOUT["mlp_gan"]),
    "dcgan": ModelRuns("digits", "D1", DIGIT_PARAMS, ABOUT["dcgan"]),
    "clip_autoencoder": ModelRuns("clips", "outlook", CLIP_PARAMS, ABOUT["clip_autoencoder"]),
    "pix2pix": ModelRuns("prediction", "D3", FRAME_PARAMS, ABOUT["pix2pix"]),
} | CLIP_GAN_RUNS
