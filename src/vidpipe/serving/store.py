"""Folders of trained models: those of the tree, and those that were fetched."""

from pathlib import Path

from vidpipe.config.schema import CLIP_GAN_NAMES

PREDICTOR = "pix2pix"
DIGIT_GAN_NAMES = ("mlp_gan", "dcgan")
NAMES = (PREDICTOR, *CLIP_GAN_NAMES, *reversed(DIGIT_GAN_NAMES))

TRAINED = Path("data/06_models")  # written by the stages, tracked by DVC
FETCHED = Path(".vidpipe/models")  # written by `vidpipe models get`, ignored by git and DVC
WEIGHTS = "generator.safetensors"


def folder_of(model: str) -> Path:
    """Return the folder of a model's weights: the trained ones, else those that were fetched.

    Where there are neither, it is the folder that a training would write.
    """
    folders = [home / model for home in (TRAINED, FETCHED)]
    return next((folder for folder in folders if (folder / WEIGHTS).is_file()), folders[0])


def training_command(model: str) -> str:
    """Return the command that trains a model."""
    return f"dvc repro {model}_train"
