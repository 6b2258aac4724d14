"""Scores of an autoencoder of frames: of single frames, and of clips as if a GAN had made them.

The latter are the ceiling of a GAN that works on its latents.
"""

import numpy as np
import torch
from jaxtyping import Int, UInt8

from vidpipe.data.clip_arrays import ReferenceClips
from vidpipe.evaluation.classification import Classifier
from vidpipe.evaluation.clip_measures import clip_statistics, score_clips
from vidpipe.evaluation.fidelity import mse, psnr, ssim
from vidpipe.models.autoencoder import Autoencoder
from vidpipe.models.pixels import to_float

MOST = 512  # frames of a split that are scored
BATCH = 64  # of them at a time


def reconstruction_metrics(
    network: Autoencoder,
    frames: UInt8[np.ndarray, "n h w c"],
    index: Int[np.ndarray, "k"],
    split: str,
) -> dict[str, float]:
    """Return mean PSNR and SSIM of reconstructed frames, and the PSNR of the mean frame.

    Args:
        network: In evaluation mode.
        frames: All frames.
        index: Those to be scored, evenly thinned to 512.
        split: Name of the metrics.
    """
    even = np.linspace(0, len(index) - 1, min(MOST, len(index))).round().astype(int)
    real = frames[index[even]]
    as_floats = [
        to_float(torch.from_numpy(np.array(pixels)).permute(0, 3, 1, 2))
        for pixels in (real, network.reconstruct(real))
    ]
    error = mse(*as_floats)
    pairs = zip(*(torch.split(floats, BATCH) for floats in as_floats), strict=True)
    similarity = torch.cat([ssim(back, shown) for shown, back in pairs])
    mean_frame = as_floats[0].mean(0).expand_as(as_floats[0])
    return {
        f"{split}.psnr": psnr(error).mean().item(),
        f"{split}.ssim": similarity.mean().item(),
        f"{split}.psnr_mean_frame": psnr(mse(mean_frame, as_floats[0])).mean().item(),
        f"{split}.frames": len(real),
    }


def ceiling_metrics(
    network: Autoencoder,
    classifier: Classifier,
    real: ReferenceClips,
    *,
    samples: int,
    seed: int,
) -> dict[str, float | int]:
    """Return the scores of reconstructed clips against real ones, named `ceiling.` and the score.

    Args:
        network: In evaluation mode.
        classifier: The action classifier, on the device that computes features.
        real: Clips of the training data.
        samples: Number of clips that are reconstructed.
        seed: Seed of their choice.

    Raises:
        UserError: If nothing moves in the real clips.
    """
    rng = torch.Generator().manual_seed(seed)
    rows = torch.randint(len(real), (samples,), generator=rng)
    back = torch.from_numpy(network.reconstruct(real.pixels[rows.numpy()]))
    device = next(classifier.parameters()).device
    decoded = clip_statistics(back, classifier, device=device)
    reference = clip_statistics(torch.from_numpy(real.pixels), classifier, device=device)
    scores = score_clips(decoded, reference)
    if decoded.classification:
        labels = torch.from_numpy(real.label).long()[rows]
        scores["as_named"] = decoded.classification.conditional_accuracy(labels)
    return {f"ceiling.{name}": score for name, score in scores.items()}
