"""Sheets and films of a GAN of digits."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import UInt8
from torch import Tensor

from vidpipe.evaluation.classification import Classification
from vidpipe.models.digit_sampling import sample_digits
from vidpipe.models.noise import FromNoiseGenerator
from vidpipe.visualization.animation import WALK_BETWEEN, WALK_STOPS
from vidpipe.visualization.sheets import grid

Pictures = UInt8[Tensor, "n 1 28 28"]
Page = UInt8[np.ndarray, "height width 3"]

TILE = 56  # pixels of a side, on a page
ACROSS = 10  # pictures of each numeral on the sheet
WALL = 5  # rows and columns of the latent walk
FPS = 12


def sample_sheet(pictures: Pictures, classification: Classification, names: Sequence[str]) -> Page:
    """Return a page with the first pictures accepted as each numeral, blank where there are none.

    The last row shows the first pictures that are accepted as none.

    Args:
        pictures: Pictures of the generator.
        classification: Predictions for them.
        names: Names of the numerals.
    """
    tiles = to_rgb(pictures)
    blank = np.full_like(tiles[0], 255)
    none = len(names)
    label = np.where(classification.accepted, classification.label.cpu().numpy(), none)
    rows = []
    for numeral in range(none + 1):
        row = [tiles[i] for i in np.flatnonzero(label == numeral)[:ACROSS]]
        rows.append(row + [blank] * (ACROSS - len(row)))
    return grid(rows, names=[*names, "none"], tile=TILE)


def latent_walk(
    generator: FromNoiseGenerator,
    rng: torch.Generator,
    device: torch.device,
    *,
    count: int = WALL**2,
    tile: int = TILE,
) -> list[Page]:
    """Return the pages of a film of closed walks through noise, all on one wall.

    Args:
        generator: On `device`.
        rng: Random numbers of the walks.
        device: Device of the generator.
        count: Number of walks.
        tile: Pixels of a side, on a page.
    """
    steps = generator.prior.walk(count, stops=WALK_STOPS, between=WALK_BETWEEN, rng=rng)
    return [wall(sample_digits(generator, noise, device), tile=tile) for noise in steps]


def wall(pictures: Pictures, *, tile: int = TILE) -> Page:
    """Return a page with all pictures, in a grid that is as square as possible."""
    across = math.ceil(math.sqrt(len(pictures)))
    tiles = list(to_rgb(pictures))
    return grid([tiles[i : i + across] for i in range(0, len(tiles), across)], tile=tile)


def to_rgb(pictures: Pictures) -> UInt8[np.ndarray, "n h w 3"]:
    """Return pictures as arrays of three equal channels, channels last."""
    return pictures.permute(0, 2, 3, 1).expand(-1, -1, -1, 3).cpu().numpy()
