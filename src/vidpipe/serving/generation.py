"""Pictures and clips from a trained generator, as the bytes of a file.

Commands, the page and exported models ask here, so that equal jobs give equal bytes. torch is
imported late: the instruction set is pinned first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vidpipe.config.schema import CLIP_GAN_NAMES, DIGIT_GAN_NAMES
from vidpipe.data.images import read_image
from vidpipe.data.video import encode
from vidpipe.serving.store import WEIGHTS, check_weights, folder_of
from vidpipe.utils.errors import UserError
from vidpipe.utils.names import model_name
from vidpipe.visualization.animation import WALK_BETWEEN, WALK_STOPS, gif, with_pause
from vidpipe.visualization.sheets import png

if TYPE_CHECKING:
    import torch

    from vidpipe.models.clip_sampling import ClipSampler
    from vidpipe.models.noise import Noise, Prior
    from vidpipe.training.runtime import Machine

SUFFIXES = (".png", ".gif", ".mp4")
MAX_FILMED = 400  # samples in a film, whose pages are all held in memory
LOOPS = 4  # of clips in an mp4, which players do not repeat
WALK = WALK_STOPS * WALK_BETWEEN  # steps of a walk
FAMILIAR = 18.0  # dB of PSNR to the picture: those of held-out actors have 23 up, photos 10 to 17


@dataclass(frozen=True)
class Samples:
    """Generated pictures or clips.

    Attributes:
        file: Bytes of the file.
        note: What a person should know of them; empty: nothing.
    """

    file: bytes
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Generation:
    """A job for samples of a model.

    Attributes:
        model: Name of the model.
        suffix: Kind of file: `.png`, `.gif` or `.mp4`.
        count: Number of samples.
        seed: Equal seeds give equal samples.
        image: First frame of all clips, for a generator that starts from a picture.
        frames: Frames of a clip; None: as many as it was trained on.
        label: Label of all clips; None: drawn with the noise.
        group: Group of the data, as a person, that all clips are of; None: drawn with the noise.
        walk: Steps along a closed walk through noise of `WALK` steps, from the noise of the seed.
        tile: Side of a sample in pixels; None: that of the kind of sample.
        fps: Frames per second of a film.
        weights: Folder of the weights; None: that of the model.
    """

    model: str
    suffix: str
    count: int = 16
    seed: int = 0
    image: Path | None = None
    frames: int | None = None
    label: str | None = None
    group: str | None = None
    walk: int = 0
    tile: int | None = None
    fps: int = 12
    weights: Path | None = None

    @property
    def of_clips(self) -> bool:
        """True for a model of clips, False for one of digits."""
        return self.model in CLIP_GAN_NAMES

    @property
    def folder(self) -> Path:
        """Folder of the weights."""
        return self.weights or folder_of(self.model)

    @property
    def rounds(self) -> int:
        """Times that the file plays its clips: a GIF loops by itself, and a video does not."""
        return LOOPS if self.of_clips and self.suffix == ".mp4" else 1

    def check(self) -> None:
        """Raise UserError for what is wrong whatever the weights are, and if there are none."""
        if self.suffix != ".png" and self.count > MAX_FILMED:
            raise UserError(
                f"--count {self.count}: a film shows {MAX_FILMED} at most; write a .png"
            )
        of_clips = {
            "--image": self.image,
            "--frames": self.frames,
            "--label": self.label,
            "--group": self.group,
        }
        for option, value in of_clips.items():
            if self.model in DIGIT_GAN_NAMES and value:
                raise UserError(f"{option}: {self.model} starts from noise alone")
        if self.walk and not self.of_clips and self.suffix != ".png":
            raise UserError(f"--walk: a film of {self.model} is the whole walk; write a .png")
        check_weights(self.model, self.folder)

    def words(self, out: str) -> list[str]:
        """Return the command that writes the same bytes to `out`, word by word."""
        options: dict[str, Any] = {"count": self.count, "seed": self.seed}
        options |= {
            name: value
            for name in ("image", "frames", "label", "group", "walk", "tile", "weights")
            if (value := getattr(self, name))
        }
        if self.fps != Generation.fps:
            options["fps"] = self.fps
        return ["vidpipe", "generate", self.model, *option_words(**options, out=out)]

    def make(self) -> Samples:
        """Generate the file.

        Raises:
            UserError: If the weights or the picture are missing or wrong, or the model cannot do
                what is asked for.
        """
        self.check()
        pages, note = _clips(self) if self.of_clips else (_digits(self), "")
        if self.of_clips:
            pages = with_pause(pages, self.fps)
        if self.suffix == ".png":
            file = png(pages[0])
        elif self.suffix == ".gif":
            file = gif(pages, fps=self.fps)
        else:
            file = encode([*pages] * self.rounds, fps=self.fps)
        return Samples(file, note)


def option_words(**options: Any) -> list[str]:
    """Return options of a command word by word."""
    return [word for name, value in options.items() for word in (f"--{name}", str(value))]


def network_module(model: str) -> Any:
    """Return the module with the networks of a model; imported late, for it imports torch."""
    from vidpipe.models.registry import CLIP_GANS, DIGIT_GANS  # noqa: PLC0415

    modules: tuple[Any, ...] = (*DIGIT_GANS, *CLIP_GANS)
    return next(module for module in modules if model_name(module) == model)


def start_torch() -> "Machine":
    """Set torch up for the same samples on every machine."""
    from vidpipe.training import runtime  # noqa: PLC0415

    return runtime.start(device="cpu", precision="fp32", threads=2, determinism="portable")


def _digits(job: Generation) -> list[np.ndarray]:
    """Generate digits: one page of them, or the pages of a walk through noise."""
    machine = start_torch()
    import torch  # noqa: PLC0415 (after the instruction set is pinned)

    from vidpipe.models.digit_sampling import sample_digits  # noqa: PLC0415
    from vidpipe.training.weights import build  # noqa: PLC0415
    from vidpipe.visualization.digit_films import TILE, latent_walk, wall  # noqa: PLC0415

    generator: Any = build(network_module(job.model).Generator, job.folder / WEIGHTS)
    machine.place(generator)
    rng = torch.Generator().manual_seed(job.seed)
    tile = job.tile or TILE
    if job.suffix != ".png":
        return latent_walk(generator, rng, machine.device, count=job.count, tile=tile)
    noise = _noise(generator.prior, job, rng, None)
    return [wall(sample_digits(generator, noise, machine.device), tile=tile)]


def _clips(job: Generation) -> tuple[list[np.ndarray], str]:
    """Generate clips: one page of their frames, or a page for each frame; and a note on them."""
    machine = start_torch()
    import torch  # noqa: PLC0415 (after the instruction set is pinned)

    from vidpipe.evaluation.clip_measures import first_frame_psnr  # noqa: PLC0415
    from vidpipe.models.clip_sampling import ClipSampler  # noqa: PLC0415
    from vidpipe.models.group_noise import GroupPrior  # noqa: PLC0415
    from vidpipe.visualization.clip_films import SHEET_TILE, TILE, frame_sheet, wall_film  # noqa: PLC0415

    generator_class = network_module(job.model).Generator
    sampler = ClipSampler.load(job.model, generator_class, job.folder, machine)
    generator = sampler.generator
    if generator.from_picture and not job.image:
        raise UserError(f"{job.model} starts from a picture: give it one with --image")
    if job.image and not generator.from_picture:
        raise UserError(f"{job.image}: {job.model} starts from noise alone, without a picture")

    # The first frame of all clips; a generator that starts from noise alone ignores it.
    assert sampler.shape
    size, channels = sampler.shape
    picture = read_image(job.image, size) if job.image else np.zeros((size, size, 3), np.uint8)
    if channels == 1:
        picture = picture.mean(2, keepdims=True).round().astype(np.uint8)
    first_frames = torch.from_numpy(picture).expand(job.count, *picture.shape)

    # One label for all clips, or labels drawn with the noise; and so with groups.
    prior = generator.prior
    labels = None
    if job.label is not None:
        labels = torch.full((job.count,), _index("label", job.label, job.model, prior.labels))
    noise = _clip_noise(sampler, job, labels)
    if job.group is not None:
        groups = prior.groups if isinstance(prior, GroupPrior) else ()
        index = _index("group", job.group, job.model, groups)
        assert isinstance(prior, GroupPrior)
        noise = prior.of_group(noise, torch.full((job.count,), index))

    clips = sampler(noise, first_frames)[:, : job.frames or generator.frames]
    note = _unfamiliar(job.image, first_frame_psnr(clips, first_frames)) if job.image else ""

    # The first numbers of the noise are the code, which is largest at the label.
    label_names = generator.prior.labels
    codes = noise.flatten(1)[:, : len(label_names)]
    names = [label_names[code] for code in codes.argmax(1)] if label_names else []
    if job.suffix == ".png":
        return [frame_sheet(clips, names=names, tile=job.tile or SHEET_TILE)], note
    return wall_film(clips, labels=names, tile=job.tile or TILE), note


def _unfamiliar(image: Path, psnr: float) -> str:
    """Say so if clips do not begin with the picture that they were given."""
    if psnr >= FAMILIAR:
        return ""
    return (
        f"{image}: unlike the pictures that the model was trained on, so clips begin with "
        f"something else ({psnr:.0f} dB from it), and mean little; give it a picture like those: a "
        "frame of a video of its data set"
    )


def _clip_noise(sampler: "ClipSampler", job: Generation, labels: "torch.Tensor | None") -> "Noise":
    """Draw the noise of clips, of any length that the model makes."""
    import torch  # noqa: PLC0415

    generator = sampler.generator
    rng = torch.Generator().manual_seed(job.seed)
    length = job.frames or generator.frames
    if not job.walk:
        return sampler.draw_noise(job.count, length, rng, labels)
    prior = generator.prior_for(length)
    if prior is None:
        raise UserError(
            f"--walk with --frames {length}: {job.model} makes clips of {generator.frames} "
            "frames on a walk; leave one of the two out"
        )
    return _noise(prior, job, rng, labels)


def _noise(
    prior: "Prior", job: Generation, rng: "torch.Generator", labels: "torch.Tensor | None"
) -> "Noise":
    """Draw the noise of all samples, or go a part of a walk from there."""
    if not job.walk:
        return prior.draw(job.count, rng, labels)
    steps = prior.walk(job.count, stops=WALK_STOPS, between=WALK_BETWEEN, rng=rng)
    noise = steps[job.walk % WALK]

    # A label stays the same all the way; a group that is not asked for goes along.
    if labels is not None:
        named = len(prior.labels)
        noise[:, :named] = prior.draw(job.count, rng, labels)[:, :named]
    return noise


def _index(option: str, name: str, model: str, names: Sequence[str]) -> int:
    """Return the index of a label or a group among those that the generator is conditioned on."""
    if name not in names:
        known = ", ".join(names) or f"none: it was trained with codes that name no {option}"
        raise UserError(f"{option} {name}: {model} knows {known}")
    return names.index(name)
