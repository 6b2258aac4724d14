"""FVD, the Fréchet distance of clips by what an I3D sees in them (Unterthiner et al. 2019).

The network was trained on Kinetics-400. The user brings the file `i3d_torchscript.pt` that
StyleGAN-V published (Skorokhodov et al. 2022) and most papers since have measured with. To load
TorchScript is to run the code in it, so no file but that one is loaded.
"""

import logging
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch
from jaxtyping import UInt8
from torch import Tensor

from vidpipe.evaluation import own_weights
from vidpipe.evaluation.frechet import Features, frechet_distance, frechet_floor
from vidpipe.models.shapes import PixelClips

log = logging.getLogger(__name__)

SHA256 = "bec6519f66ea534e953026b4ae2c65553c17bf105611c746d904657e5860a5e2"
LEAST = 9  # frames: halved three times, rounded up, they must leave two to average over
BATCH = 8  # clips at a time, which it enlarges to 224 pixels

Detector = Callable[..., Tensor]


def load(weights: str | None, *, frames: int, parameter: str) -> Detector | None:
    """Return the network, if there are weights and clips are long enough; a line says if not.

    Args:
        weights: Path of the file; None: FVD is not asked for.
        frames: Length of the clips.
        parameter: Name of the parameter that names the file, for errors.

    Raises:
        UserError: If there is no such file, or it is another one.
    """
    if weights is None:
        return None
    if frames < LEAST:
        log.warning(
            "FVD is not measured: its network needs clips of at least %d frames, got %d",
            LEAST, frames,
        )  # fmt: skip
        return None
    content = own_weights.read(Path(weights), SHA256, parameter=parameter)
    with warnings.catch_warnings():
        # The format is deprecated; the published file has it.
        warnings.simplefilter("ignore", DeprecationWarning)
        detector = torch.jit.load(content, map_location="cpu")  # type: ignore[no-untyped-call]
    evaluated: Detector = detector.eval()
    return evaluated


def distances(
    detector: Detector,
    sets: Mapping[str, UInt8[Tensor, "_ t h w c"]],
    train_clips: PixelClips,
    videos: np.ndarray,
    *,
    seed: int,
    device: torch.device,
) -> dict[str, float]:
    """Return `fvd` of each set of clips against the training data, and its floor.

    Args:
        detector: The network, which is moved to the device.
        sets: Sets of clips by the suffix of their metrics; the floor is that of the first's size.
        train_clips: Clips of the training data.
        videos: Video that each of those was cut from.
        seed: Seed of the floor.
        device: Device that computes.
    """
    real = features(detector, train_clips, device)
    scores = {
        f"fvd{suffix}": frechet_distance(features(detector, clips, device), real)
        for suffix, clips in sets.items()
    }
    count = len(next(iter(sets.values())))
    return scores | {"fvd_floor": frechet_floor(real, videos, count=count, seed=seed)}


@torch.no_grad()
def features(detector: Detector, clips: PixelClips, device: torch.device) -> Features:
    """Return the 400 features of each clip, on the CPU; grey clips count as coloured ones."""
    if isinstance(detector, torch.nn.Module):
        detector = detector.to(device)
    batches = []
    for pixels in torch.split(clips, BATCH):
        batch = pixels.to(device).float().permute(0, 4, 1, 2, 3).expand(-1, 3, -1, -1, -1)
        # As written: what TorchScript makes of it from the second batch on has other bits.
        with torch.jit.optimized_execution(False):  # type: ignore[attr-defined]
            found = detector(batch.contiguous(), rescale=True, resize=True, return_features=True)
        batches.append(found.float().cpu())
    return torch.cat(batches)
