"""Jobs of the page: fields and a picture in, a file and its command out."""

import os
import shlex
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from PIL import Image

from vidpipe.config.schema import DIGIT_GAN_NAMES
from vidpipe.data.pictures import REFUSED
from vidpipe.serving.generation import WALK, Generation, Samples
from vidpipe.serving.prediction import SUFFIXES as FILMS
from vidpipe.serving.prediction import Prediction
from vidpipe.serving.store import (
    NAMES,
    PICTURE_GAN,
    PREDICTOR,
    WEIGHTS,
    folder_of,
    origin,
    training_command,
)
from vidpipe.utils.errors import UserError

MEDIA = {"mp4": "video/mp4", "gif": "image/gif", "png": "image/png"}
MAX_FRAMES = 100
MAX_CLIPS = 16
MAX_DIGITS = 100
MAX_SEED = 2**31 - 1
MAX_PIXELS = 50_000_000  # of a picture: a decoded one takes three bytes for each
MOVING = {"GIF", "PNG", "WEBP", "AVIF"}  # formats of films, as Pillow names them
MAX_NAME = 100  # characters of the name of a picture
# How much a job may ask for, by model; the numbers of frames are those that are predicted.
MAX_COUNT = dict.fromkeys(NAMES, MAX_CLIPS) | dict.fromkeys(DIGIT_GAN_NAMES, MAX_DIGITS)


@dataclass(frozen=True)
class Answer:
    """Result of a job.

    Attributes:
        file: Bytes of the film or picture.
        media: Its media type.
        name: Its name in the command.
        command: The command that writes the same bytes.
        note: Remark on how the picture was read and what came of it; empty: none.
    """

    file: bytes
    media: str
    name: str
    command: str
    note: str = ""


def run_job(
    model: str, fields: Mapping[str, str], picture: bytes, *, weights: Path | None = None
) -> Answer:
    """Run a job.

    Args:
        model: Name of the model.
        fields: Values by the names of the command's options, and `kind` and `name`, the kind of
            file and the name of the picture; all may be missing.
        picture: File of the picture or video to start from; empty: none.
        weights: Folder of the weights; None: that of the model.

    Raises:
        UserError: If something is wrong, in words for the page.
    """
    kind = fields.get("kind", "mp4")
    kinds = [known for known in MEDIA if model != PREDICTOR or f".{known}" in FILMS]
    if model not in NAMES or kind not in kinds:
        raise UserError(
            f"expected one of {', '.join(NAMES)} as {', '.join(kinds)}, got {model[:40]} as "
            f"{kind[:40]}"
        )
    name = fields.get("name") or "picture.png"
    with TemporaryDirectory(prefix="vidpipe-play-") as folder:
        # Errors name the file as the user knows it.
        path = Path(folder) / _name(name)
        path.write_bytes(picture)
        try:
            job, note = _job(model, kind, fields, path if picture else None)
            result = replace(job, weights=weights).make()
        except UserError as error:
            raise UserError(str(error).replace(f"{folder}{os.sep}", "")) from error
    out = f"{model}-{job.seed}.{kind}" if isinstance(job, Generation) else f"{model}.{kind}"

    # The command reads the user's own file, which lies where the command is typed.
    sources: dict[str, Any] = {
        key: Path(name) for key in ("image", "video") if getattr(job, key, None)
    }
    command = shlex.join(replace(job, **sources).words(out))
    notes = [
        note,
        result.note.replace(f"{folder}{os.sep}", "") if isinstance(result, Samples) else "",
    ]
    return Answer(result.file, MEDIA[kind], out, command, "; ".join(filter(None, notes)))


def _job(
    model: str, kind: str, fields: Mapping[str, str], path: Path | None
) -> tuple[Generation | Prediction, str]:
    """Return what is asked for, and a note on how the picture was understood."""
    frames = _number(fields, "frames", 1 if model == PREDICTOR else 2, MAX_FRAMES)
    if path is None and model in {PREDICTOR, PICTURE_GAN}:
        raise UserError(f"draw a picture or choose one: {model} goes on from it")
    pictures = _pictures(path) if path else 1
    if path and model == PREDICTOR:
        moving = pictures != 1
        source: dict[str, Any] = {"video" if moving else "image": path}
        note = f"{path.name} moves: it goes on from its last frames" if moving else ""
        steps = Prediction.steps if frames is None else frames
        return Prediction(suffix=f".{kind}", steps=steps, **source), note
    if path and not pictures:
        raise UserError(f"{path}: expected a picture (PNG, JPEG, WebP, ...), cannot read it as one")
    job = Generation(
        model=model,
        suffix=f".{kind}",
        count=_number(fields, "count", 1, MAX_COUNT[model]) or Generation.count,
        seed=_number(fields, "seed", 0, MAX_SEED) or 0,
        image=path,
        frames=frames,
        label=fields.get("label") or None,
        group=fields.get("group") or None,
        walk=_number(fields, "walk", 0, WALK - 1) or 0,
    )
    return job, f"{path.name} moves: its first picture was taken" if path and pictures > 1 else ""


def _number(fields: Mapping[str, str], name: str, least: int, most: int) -> int | None:
    """Return a whole number among the fields; None: it is not there."""
    text = fields.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and least <= int(text[:12]) <= most):
        raise UserError(f"{name}: expected a whole number from {least} to {most}, got {text[:40]}")
    return int(text)


def _name(name: str) -> str:
    """Return the last part of a name, as one that any system can write."""
    printable = "".join(c for c in name.replace("\\", "/").rpartition("/")[2] if c.isprintable())
    short = printable.encode("utf-8", "ignore").decode()[-MAX_NAME:].lstrip(". ")
    return short or "picture"


def _pictures(path: Path) -> int:
    """Return the number of pictures in a file; 0: it is no picture, but may be a video.

    Raises:
        UserError: If they are too large.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # refused below
        try:
            with Image.open(path) as image:
                width, height = image.size
                # Those of a camera's file are one in several sizes, those of a TIFF are pages.
                pictures = getattr(image, "n_frames", 1) if image.format in MOVING else 1
        except Image.DecompressionBombError:
            width, height, pictures = MAX_PIXELS, 2, 1
        except REFUSED:
            return 0
    if width * height > MAX_PIXELS:
        raise UserError(
            f"{path}: expected a picture of at most {MAX_PIXELS // 10**6} megapixels, got more; "
            "scale it down"
        )
    return pictures


def offered() -> list[dict[str, Any]]:
    """Describe all models for the page: what is there, and what it can do."""
    return [_described(model) for model in NAMES]


def _described(model: str) -> dict[str, Any]:
    """Describe a model: where its weights are, its labels, groups and frames, and if it encodes."""
    folder = folder_of(model)
    about = {"name": model, "train": training_command(model), "max_count": MAX_COUNT[model]}
    if not (folder / WEIGHTS).is_file():
        return {**about, "origin": ""}

    from vidpipe.training.weights import architecture  # noqa: PLC0415 (torch is started by then)

    try:
        facts = architecture(folder / WEIGHTS)
    except UserError as error:
        return {**about, "origin": "", "error": str(error)}
    return {
        **about,
        "origin": origin(folder),
        "labels": list(facts.get("labels") or []),
        "groups": list(facts.get("groups") or []),
        "frames": facts.get("frames"),
        "encoder": bool(facts.get("encoder")),
        "size": facts.get("size"),
    }
