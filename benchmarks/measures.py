"""Scores of real clips that are altered as generated ones go wrong: what each score sees.

    python benchmarks/measures.py

Reads the data of this clone (`dvc repro clips`); prints the table of docs/results.md. Fréchet
distances are multiples of their floors.
"""

from pathlib import Path

import click
import torch
from torch import Tensor
from torch.nn import functional as F

from vidpipe.data.clip_arrays import stretches
from vidpipe.data.npz import read_npz
from vidpipe.data.splits import TEST, TRAIN
from vidpipe.evaluation.clip_measures import clip_statistics, frechet_floors, score_clips

CLIPS = Path("data/05_model_input/clips.npz")
FRAMES, COUNT = 8, 512
BLUR = 0.6  # pixels, standard deviation of a Gaussian
NOISE = 0.05  # of the range of -1 to 1, standard deviation
SCORES = (
    "frechet_diff",
    "frechet_diff_gated",
    "motion_ratio_06",
    "motion_ratio",
    "motion_ratio_25",
    "flicker",
    "background_drift",
    "actor_drift",
)


def main() -> None:
    """Alter clips of the training data, and score them against all of these."""
    arrays = read_npz(CLIPS)
    train_clips = stretches(arrays, TRAIN, frames=FRAMES)
    held_out = torch.from_numpy(stretches(arrays, TEST, frames=FRAMES, most=COUNT).pixels)
    clips = torch.from_numpy(train_clips.pixels)
    seen = clips[torch.linspace(0, len(clips) - 1, COUNT).long()]
    sets = {
        "seen": seen,
        "held out": held_out,
        f"blurred by {BLUR} pixels": blurred(seen),
        f"with noise of {NOISE}": noisy(seen),
        "blurred, then with noise": noisy(blurred(seen)),
        "copy of the first frame": seen[:, :1].expand_as(seen),
        "halves of two clips": glued(seen),
        "colours inverted of what moves, from the middle on": recoloured(seen),
    }
    real = clip_statistics(clips)
    floors = frechet_floors(real, train_clips.video, count=COUNT, seed=0)
    click.echo(f"| clips | {' | '.join(f'`{name}`' for name in SCORES)} |")
    click.echo("|---" * (1 + len(SCORES)) + "|")
    for title, altered in sets.items():
        scores = score_clips(clip_statistics(altered), real)
        cells = [f"{scores[name] / floors.get(f'{name}_floor', 1):.2f}" for name in SCORES]
        click.echo(f"| {title} | {' | '.join(cells)} |")


def blurred(clips: Tensor) -> Tensor:
    """Blur each frame."""
    places = torch.arange(-3.0, 4)
    kernel = torch.softmax(-(places**2) / (2 * BLUR**2), 0)
    frames = clips.flatten(0, 1).permute(0, 3, 1, 2).float().flatten(0, 1)[:, None]
    padded = F.pad(frames, (3, 3, 3, 3), "replicate")
    soft = F.conv2d(F.conv2d(padded, kernel.view(1, 1, 1, 7)), kernel.view(1, 1, 7, 1))
    n, t, h, w, c = clips.shape
    return to_bytes(soft.view(n, t, c, h, w).permute(0, 1, 3, 4, 2))


def noisy(clips: Tensor) -> Tensor:
    """Add normal noise to each frame."""
    noise = torch.randn(clips.shape, generator=torch.Generator().manual_seed(0))
    return to_bytes(clips + 127.5 * NOISE * noise)


def glued(clips: Tensor) -> Tensor:
    """Go on with the second half of another clip, a third of all further on."""
    middle = clips.shape[1] // 2
    return torch.cat([clips[:, :middle], clips.roll(len(clips) // 3, 0)[:, middle:]], 1)


def recoloured(clips: Tensor) -> Tensor:
    """Invert the colours of what differs from the median of the clip, in the second half."""
    middle = clips.shape[1] // 2
    median = clips.sort(1).values[:, middle - 1 : middle]
    actor = (clips.short() - median.short()).abs().amax(-1, keepdim=True) > 0.15 * 255
    actor[:, :middle] = False
    return torch.where(actor, 255 - clips, clips)


def to_bytes(clips: Tensor) -> Tensor:
    """Round and clamp grey levels."""
    return clips.round().clamp(0, 255).to(torch.uint8)


if __name__ == "__main__":
    main()
