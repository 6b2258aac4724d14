"""Where the runs of each model stand: table of all models."""

from dataclasses import dataclass

from vidpipe.config.schema import CLIP_GANS


@dataclass(frozen=True)
class Task:
    """Where a model's runs stand.

    Attributes:
        experiment: Whose rows can be compared with one another.
        deliverable: Of the project report.
        fed: Parameters that bear on the model, beside its own and `runtime`: a test holds them to
            what its stages ask for.
    """

    experiment: str
    deliverable: str
    fed: tuple[str, ...]


TASKS = {
    "mlp_gan": Task("digits", "D1", ("digits", "digit_classifier")),
    "dcgan": Task("digits", "D1", ("digits", "digit_classifier")),
    "pix2pix": Task("prediction", "D3", ("sources.footage", "frames.footage", "pairs")),
}
CLIPS = ("sources.clips", "frames.clips", "clips", "action_classifier")
DELIVERABLES = {"gan3d": "D2", "vgan": "D2", "convlstm_gan": "D4"}
TASKS |= {m: Task("clips", DELIVERABLES.get(m, "outlook"), CLIPS) for m in CLIP_GANS}
