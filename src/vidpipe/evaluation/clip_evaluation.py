"""Evaluation of a GAN of clips: samples under the conditions of real clips, and their metrics."""

from dataclasses import dataclass
from functools import partial

import torch
from jaxtyping import UInt8
from torch import Tensor

from vidpipe.data.clip_arrays import ReferenceClips
from vidpipe.evaluation import fvd
from vidpipe.evaluation.classification import Classifier
from vidpipe.evaluation.clip_measures import ClipStatistics, clip_statistics, first_frame_psnr
from vidpipe.evaluation.clip_scores import GENERATED, HELD_OUT, clip_metrics, with_baselines
from vidpipe.models.clip_sampling import ClipSampler, SampledClips
from vidpipe.models.shapes import Labels, PixelFrames
from vidpipe.utils.errors import UserError


@dataclass(frozen=True)
class ClipEvaluation:
    """Metrics of a generator, and the material for its films.

    Attributes:
        metrics: Metrics by name.
        sampler: Generates more clips.
        generated: The generated clips, as they were scored.
        made: The same clips as they were generated.
        train_clips: Real clips of the training data.
        requested: Label that each generated clip was asked for; None if noise names no label.
        first_frames: Real pictures, the input of the generated clips if the generator takes any.
        held_out_frames: First frames of held-out clips; where there are none, `first_frames`.
        rng: Random numbers of films, which go on after those of the metrics.
    """

    metrics: dict[str, float | int]
    sampler: ClipSampler
    generated: ClipStatistics
    made: SampledClips
    train_clips: ReferenceClips
    requested: Labels | None
    first_frames: PixelFrames
    held_out_frames: UInt8[Tensor, "_ h w c"]
    rng: torch.Generator


def evaluate_sampler(
    sampler: ClipSampler,
    classifier: Classifier,
    train_clips: ReferenceClips,
    held_out: ReferenceClips,
    *,
    samples: int,
    seed: int,
    detector: fvd.Detector | None = None,
) -> ClipEvaluation:
    """Generate clips with the labels and first frames of real ones, and score them.

    Args:
        sampler: Generates clips, on the device that also computes features.
        classifier: The action classifier.
        train_clips: Real clips of the training data, as long as the generated ones.
        held_out: Real clips of held-out videos; may be empty.
        samples: Number of clips to generate.
        seed: Seed of all random numbers.
        detector: Network of FVD, if that is to be measured.

    Raises:
        UserError: If the generated clips are not finite, or not of the size of the real ones.
    """
    rng = torch.Generator().manual_seed(seed)

    # Take labels and first frames from random clips of the training data.
    chosen = torch.randint(len(train_clips), (samples,), generator=rng)
    labels = _labels(train_clips)[chosen]
    first_frames = _first_frames(train_clips)[chosen]
    generated = _sample(sampler, labels, first_frames, rng)
    _check_shape(sampler.name, generated.shape[1:], train_clips.pixels.shape[1:])

    # Score the samples and their baselines alike.
    statistics = partial(clip_statistics, classifier=classifier, device=sampler.device)
    baselines = with_baselines(generated, first_frames, held_out, rng)
    sets = {suffix: statistics(clips) for suffix, clips in baselines.items()}
    of_train = statistics(torch.from_numpy(train_clips.pixels))
    metrics = clip_metrics(sets, of_train, train_clips.video, seed=seed)

    # FVD takes minutes, so neither stills nor noise are measured.
    if detector is not None:
        measured = {s: clips for s, clips in baselines.items() if s in (GENERATED, HELD_OUT)}
        pixels = torch.from_numpy(train_clips.pixels)
        metrics |= fvd.distances(
            detector, measured, pixels, train_clips.video, seed=seed, device=sampler.device
        )

    # Compare the samples with the inputs of the generator: pictures, and labels.
    held_out_frames = _first_frames(held_out) if len(held_out) else first_frames
    held_out_labels = _labels(held_out) if len(held_out) else None
    if sampler.generator.from_picture:
        continued = _sample(sampler, held_out_labels, held_out_frames, rng)
        metrics["first_frame_psnr"] = first_frame_psnr(generated, first_frames)
        metrics["first_frame_psnr_held_out"] = first_frame_psnr(continued, held_out_frames)
    requested = labels if sampler.generator.prior.labels else None
    if requested is not None and (classification := sets[GENERATED].classification):
        metrics["as_named"] = classification.conditional_accuracy(requested)
    inputs = (requested, first_frames, held_out_frames)
    return ClipEvaluation(metrics, sampler, sets[GENERATED], generated, train_clips, *inputs, rng)


def _sample(
    sampler: ClipSampler, labels: Labels | None, pictures: PixelFrames, rng: torch.Generator
) -> SampledClips:
    """Generate a clip from each picture, with random labels if none are given."""
    noise = sampler.generator.prior.draw(len(pictures), rng, labels)
    return sampler(noise, pictures)


def _check_shape(name: str, shape: tuple[int, ...], expected: tuple[int, ...]) -> None:
    if shape != expected:
        shapes = [" x ".join(map(str, lengths)) for lengths in (expected, shape)]
        raise UserError(
            f"{name}: expected clips of {shapes[0]} (frames, height, width, channels), as "
            f"those in clips.npz, it makes {shapes[1]}; train it on these"
        )


def _first_frames(clips: ReferenceClips) -> PixelFrames:
    return torch.from_numpy(clips.pixels[:, 0])


def _labels(clips: ReferenceClips) -> Labels:
    return torch.from_numpy(clips.label).long()
