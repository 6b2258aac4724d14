"""Folders of trained models: those of the tree, those that were fetched, those of the package."""

from pathlib import Path

from vidpipe.config.schema import CLIP_GAN_NAMES, DIGIT_GAN_NAMES
from vidpipe.training.weight_files import GENERATOR_WEIGHTS
from vidpipe.utils.errors import UserError

PREDICTOR = "pix2pix"
PICTURE_GAN = "convlstm_gan"  # all of its clips begin with a picture
NAMES = (PREDICTOR, *CLIP_GAN_NAMES, *reversed(DIGIT_GAN_NAMES))

WEIGHTS = GENERATOR_WEIGHTS
HOMES = {
    "trained": Path("data/06_models"),  # written by the stages, tracked by DVC
    "fetched": Path(".vidpipe/models"),  # by `vidpipe models get`, ignored by git and DVC
    "shipped": Path(__file__).parents[1] / "shipped",  # to try at once; there may be none
}
TRAINED, FETCHED = HOMES["trained"], HOMES["fetched"]


def folder_of(model: str) -> Path:
    """Return the folder of a model's weights: the trained ones, else fetched, else shipped ones.

    Where there are none, it is the folder that a training would write.
    """
    folders = [home / model for home in HOMES.values()]
    return next((folder for folder in folders if (folder / WEIGHTS).is_file()), folders[0])


def origin(folder: Path) -> str:
    """Return whose weights a folder has, as a key of `HOMES`; empty: none, or the user's own."""
    if not (folder / WEIGHTS).is_file():
        return ""
    return next((name for name, home in HOMES.items() if folder.parent == home), "")


def training_command(model: str) -> str:
    """Return the command that trains a model."""
    return f"dvc repro {model}_train"


def check_weights(model: str, folder: Path) -> None:
    """Raise UserError, with the command that trains the model, if its folder has no weights."""
    if not (folder / WEIGHTS).is_file():
        raise UserError(
            f"{folder / WEIGHTS}: expected trained weights, found no such file; "
            f"`{training_command(model)}` trains {model}"
        )
