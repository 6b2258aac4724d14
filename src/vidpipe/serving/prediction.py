"""Frames that follow a picture or a video, by a trained pix2pix, as the bytes of a file."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from vidpipe.data.images import read_frames, read_image
from vidpipe.data.sequences import as_film
from vidpipe.data.video import encode, rate
from vidpipe.serving.generation import option_words, start_torch
from vidpipe.serving.store import PREDICTOR, WEIGHTS, folder_of
from vidpipe.utils.errors import UserError
from vidpipe.visualization.animation import gif

SUFFIXES = (".mp4", ".gif")
MOST_FRAMES = 10_000  # that are predicted; they are in memory at a time
FASTEST_GIF = 50  # frames per second
PICTURE_RATE = 25  # frames per second after a picture, which has no rate of its own


class SourceError(UserError):
    """The file to start from cannot be read as the picture or the video that it was given as."""


@dataclass(frozen=True)
class Continuation:
    """A film of predicted frames.

    Attributes:
        file: Its bytes.
        beside: Number of predicted frames that stand beside the real ones.
        size: Side of the frames of the model in pixels.
        enlarged: Factor by which they are enlarged.
    """

    file: bytes
    beside: int
    size: int
    enlarged: int


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """A job for the frames that follow a picture or a video.

    Attributes:
        suffix: Kind of file: `.mp4` or `.gif`.
        image: Picture to start from; None: `video` is there.
        video: Video to start from.
        start: Seconds of the video at which to start; None: its end.
        steps: Number of frames to predict.
        fps: Frames per second of the film; None: those of the video, or `PICTURE_RATE`.
        weights: Folder of the weights; None: that of the model.
        futures: Number of futures to predict, side by side; 1: that without noise.
        seed: Of the noise of several; None: 0.
    """

    suffix: str
    image: Path | None = None
    video: Path | None = None
    start: float | None = None
    steps: int = 25
    fps: int | None = None
    weights: Path | None = None
    futures: int = 1
    seed: int | None = None

    @cached_property
    def rate(self) -> int:
        """Frames per second of the film."""
        own = _own_rate(self.video) if self.video else PICTURE_RATE
        return self.fps or own

    @property
    def folder(self) -> Path:
        """Folder of the weights."""
        return self.weights or folder_of(PREDICTOR)

    def check(self) -> None:
        """Raise an error for what can be told before torch is imported, which takes seconds."""
        if (self.image is None) == (self.video is None):
            raise UserError("expected either --image or --video, one of them")
        if self.start is not None and (self.video is None or self.start < 0):
            raise UserError("--from takes seconds from 0 on, and needs --video")
        if self.futures * self.steps > MOST_FRAMES:
            raise UserError(
                f"--futures {self.futures} --steps {self.steps}: expected {MOST_FRAMES} frames at "
                f"most, got {self.futures * self.steps}"
            )
        if self.seed is not None and self.futures == 1:
            raise UserError("--seed is of the noise of several futures: set --futures to 2 or more")
        with _reading():
            rate = self.rate
        if self.suffix == ".gif" and rate > FASTEST_GIF:
            raise UserError(
                f"--out {self.suffix}: browsers show a GIF at {FASTEST_GIF} frames per second at "
                f"most, got {rate}; write an .mp4, or set --fps"
            )

    def words(self, out: str) -> list[str]:
        """Return the command that writes the same bytes to `out`, word by word."""
        options: dict[str, Any] = {"image": self.image, "video": self.video, "from": self.start}
        options |= {"steps": self.steps, "fps": self.fps, "weights": self.weights}
        several = self.futures if self.futures > 1 else None
        options |= {"futures": several, "seed": self.seed, "out": out}
        set_options = {name: value for name, value in options.items() if value is not None}
        return ["vidpipe", "predict", *option_words(**set_options)]

    def make(self) -> Continuation:
        """Predict the frames.

        Raises:
            SourceError: If the picture or the video is missing, or a file of another kind.
            UserError: If the weights are missing or wrong, or cannot do what is asked for.
        """
        self.check()

        # Pin the instruction set before torch is imported.
        start_torch()
        import numpy as np  # noqa: PLC0415
        import torch  # noqa: PLC0415

        from vidpipe.models import pixels  # noqa: PLC0415
        from vidpipe.models.pix2pix import make_generator  # noqa: PLC0415
        from vidpipe.models.windows import go_on, padded  # noqa: PLC0415
        from vidpipe.serving.futures_film import futures_film  # noqa: PLC0415
        from vidpipe.training.weights import build  # noqa: PLC0415
        from vidpipe.visualization.prediction_films import (  # noqa: PLC0415
            continuation_film,
            enlargement,
        )

        # Read frames at the size that the generator was trained at.
        generator = build(make_generator, self.folder / WEIGHTS)
        if self.futures > 1 and not generator.latent:
            raise UserError(
                f"--futures {self.futures}: {self.folder / WEIGHTS} knows one future, for it was "
                "trained without noise; train one with pix2pix.model.latent above 0"
            )
        size = generator.size
        if self.video:
            before = generator.history - 1
            past, real = read_frames(
                self.video, size, self.start, preceding=before, following=self.steps
            )
        else:
            assert self.image
            with _reading():
                past, real = [read_image(self.image, size)], []
        first = past[-1]

        # Roll the generator out: each predicted frame is part of the input of the next step.
        window = pixels.to_float(torch.from_numpy(np.stack(past)).permute(0, 3, 1, 2))
        begun = generator.begin(padded(window[None], generator.history))
        if self.futures > 1:
            rng = torch.Generator().manual_seed(self.seed or 0)
            one = torch.zeros(self.futures, dtype=torch.long)
            noise = torch.randn(self.futures, generator.latent, generator=rng)
            begun = replace(begun.take(one), noise=noise)
        predicted = go_on(generator, begun, self.steps)
        futures = [list(one) for one in pixels.to_uint8(predicted).permute(0, 1, 3, 4, 2).numpy()]

        if len(futures) == 1:
            pages = list(continuation_film(first, futures[0], real))
        else:
            pages = list(futures_film(first, futures, real))
        write = encode if self.suffix == ".mp4" else gif
        return Continuation(write(pages, fps=self.rate), len(real), size, enlargement(size))


@contextmanager
def _reading() -> Iterator[None]:
    """Tell errors of reading the source from all others."""
    try:
        yield
    except UserError as error:
        raise SourceError(str(error)) from error


def _own_rate(video: Path) -> int:
    """Return the frames per second of a video, an animation or a folder of numbered pictures."""
    with as_film(video) as film:
        return max(1, round(rate(film)))
