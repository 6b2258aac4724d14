"""Stage `clip_autoencoder`: train the autoencoder of frames, and score what it gives back."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from jaxtyping import Int, UInt8
from torch import Tensor

from vidpipe.config.models import FromNoiseEvaluate
from vidpipe.config.schema import ClipAutoencoderModel, ClipAutoencoderTrain, Runtime
from vidpipe.data.clip_arrays import check, frame_rate, stretches
from vidpipe.data.splits import TEST, TRAIN
from vidpipe.evaluation.autoencoder_scores import ceiling_metrics, reconstruction_metrics
from vidpipe.evaluation.clip_features import SEED as FEATURE_SEED
from vidpipe.evaluation.protocol import CLASSIFIER, PROTOCOL, Protocol, ScoresAndProtocol
from vidpipe.models.action_classifier import ActionClassifier
from vidpipe.models.autoencoder import Autoencoder, AutoencoderLoss
from vidpipe.models.pixels import to_float
from vidpipe.tracking.protocol import Run, Tracker
from vidpipe.training import runtime as runtimes
from vidpipe.training import weights
from vidpipe.training.single import fit_network, record_history
from vidpipe.training.weight_files import AUTOENCODER_WEIGHTS, CLASSIFIER_WEIGHTS
from vidpipe.utils.errors import UserError
from vidpipe.utils.hashing import md5
from vidpipe.visualization.sheets import grid, png

NAME = "clip_autoencoder"
MOST_ENCODED = 10_000  # frames from which mean and deviation of the latents are taken
SHOWN = 8  # frames of each split on the sheet
MAX_RATIO = 4  # real clips of the training data for each reconstructed one, at most
CLIP_FRAMES = 16  # of a clip that is scored; shorter ones are scored whole


def train_clip_autoencoder(
    clips: dict[str, np.ndarray],
    classifier: Path,
    model: ClipAutoencoderModel,
    train: ClipAutoencoderTrain,
    evaluate: FromNoiseEvaluate,
    runtime: Runtime,
    tracker: Tracker,
    scratch: Path,
) -> tuple[Path, ScoresAndProtocol, Path]:
    """Train on the frames that are for training, and score on those of both splits.

    Training takes a few minutes, so it keeps no checkpoints: a stopped one starts anew.

    Args:
        clips: Arrays of `clips.npz`.
        classifier: Folder of the action classifier.
        model: Architecture.
        train: Training.
        evaluate: Number of clips whose reconstructions are scored, and the seed.
        runtime: Device, precision and determinism.
        tracker: Logs losses, metrics and a sheet.
        scratch: Folder in which the folders are made.

    Returns:
        A folder with weights and `history.csv`; metrics, and how they were measured; a folder with
        a sheet of frames, each above what came back.

    Raises:
        UserError: If the clips are not sound, none is for training, their frames are less than
            twice as large as the latents, or training diverges.
    """
    check(clips)
    machine = runtimes.start(**runtime.model_dump())
    torch.manual_seed(train.seed)
    size, channels = clips["frames"].shape[2:]
    if size < 2 * model.side:
        raise UserError(
            f"clip_autoencoder.model.side: expected latents of at most half the frames' side, got "
            f"{model.side} for frames of {size} pixels; lower it, or raise frames.clips.size"
        )
    frames = {split: _frames_of(clips, split) for split in (TRAIN, TEST)}
    if not len(frames[TRAIN]):
        raise UserError(f"clips.npz: no clip is for {TRAIN}; change sources.clips.test")

    # Train, then let latents have mean 0 and deviation 1.
    architecture = {"size": size, "side": model.side, "channels": channels}
    architecture |= {"latents": model.latents, "width": model.width}
    network = machine.place(Autoencoder(**architecture))
    folder = scratch / NAME
    samples = scratch / "samples"
    for new in (folder, samples):
        new.mkdir()
    # The tracker finds an interrupted run by its checkpoints. Here are none, so none is resumed.
    with tracker.training(NAME, scratch) as run:
        history = _train(network, clips, frames[TRAIN], train, machine, run)
        network.normalise_by(clips["frames"][_thinned(frames[TRAIN], MOST_ENCODED)])
        history.to_csv(folder / "history.csv", index=False)
        weights.save(network, folder / AUTOENCODER_WEIGHTS, architecture)

        # Score frames of both splits, and reconstructed clips as if they had been generated.
        metrics: dict[str, float] = {"deviation.smallest": network.deviation.min().item()}
        for split, index in frames.items():
            if len(index):
                metrics |= reconstruction_metrics(network, clips["frames"], index, split)
        scorer = weights.build(ActionClassifier, classifier / CLASSIFIER_WEIGHTS)
        length = min(CLIP_FRAMES, clips["clips"].shape[1])
        real = stretches(clips, TRAIN, frames=length, most=MAX_RATIO * evaluate.samples)
        metrics |= ceiling_metrics(
            network, machine.place(scorer), real, samples=evaluate.samples, seed=evaluate.seed
        )
        sheet = _sheet(network, clips["frames"], frames)
        (samples / "reconstructions.png").write_bytes(png(sheet))
        run.metrics(metrics, train.steps)
        run.picture("samples", sheet, train.steps)
        run.weights(folder / AUTOENCODER_WEIGHTS)
    protocol: Protocol = {
        "split": f"{TRAIN}, {TEST}",
        "real": len(real),
        "samples": evaluate.samples,
        "seed": evaluate.seed,
        "frames": length,
        "fps": frame_rate(clips),
        "size": real.pixels.shape[2],
        "feature_seed": FEATURE_SEED,
        CLASSIFIER: md5(classifier / CLASSIFIER_WEIGHTS),
    }
    return folder, {**metrics, PROTOCOL: protocol}, samples


def _frames_of(clips: dict[str, np.ndarray], split: str) -> Int[np.ndarray, "k"]:
    """Return the indices of the frames in the clips of a split, each once."""
    index: np.ndarray = np.unique(clips["clips"][clips["split"] == split])
    return index


def _thinned(index: Int[np.ndarray, "k"], most: int) -> Int[np.ndarray, "_"]:
    return index[np.linspace(0, len(index) - 1, min(most, len(index))).round().astype(int)]


def adjacent_frames(clips: dict[str, np.ndarray]) -> Int[np.ndarray, "n"]:
    """Return for each frame the index of the one after it; of one that only ends clips, before.

    Args:
        clips: Arrays of `clips.npz`. A frame that is in no clip has its own index.
    """
    rows = clips["clips"]
    adjacent = np.arange(len(clips["frames"]))
    adjacent[rows[:, 1:]] = rows[:, :-1]
    adjacent[rows[:, :-1]] = rows[:, 1:]
    return adjacent


def _train(
    network: Autoencoder,
    clips: dict[str, np.ndarray],
    index: Int[np.ndarray, "k"],
    train: ClipAutoencoderTrain,
    machine: runtimes.Machine,
    run: Run,
) -> pd.DataFrame:
    loss = AutoencoderLoss(
        motion=train.motion,
        gradients=train.gradients,
        regularity=train.regularity,
        noise=train.noise,
    )
    adjacent = adjacent_frames(clips)

    def losses(rng: torch.Generator) -> dict[str, Tensor]:
        count = train.batch // 2
        rows = index[torch.randint(len(index), (count,), generator=rng).numpy()]
        mirrored = torch.rand(count, generator=rng) < (0.5 if train.mirror else 0.0)
        mirrored = mirrored.to(machine.device)[:, None, None, None, None]
        pixels = clips["frames"][np.stack([rows, adjacent[rows]], axis=1)]
        pairs = to_float(torch.from_numpy(pixels).to(machine.device)).movedim(-1, 2)
        pairs = torch.where(mirrored, pairs.flip(-1), pairs)
        with machine.autocast():
            return loss(network, pairs, rng)

    reports = fit_network(
        network,
        losses,
        steps=train.steps,
        learning_rate=train.learning_rate,
        cooldown=train.cooldown,
        report_every=train.report_every,
        seed=train.seed,
    )
    return record_history(
        reports, steps=train.steps, name=NAME, block=f"{NAME}.train", log=run.metrics
    )


def _sheet(
    network: Autoencoder,
    frames: UInt8[np.ndarray, "n h w c"],
    index: dict[str, Int[np.ndarray, "k"]],
) -> UInt8[np.ndarray, "height width 3"]:
    """Draw frames of both splits, what came back of each below it."""
    rows = []
    names = []
    for split, of_split in index.items():
        if not len(of_split):
            continue
        # From the middle of even parts: the first frames of videos look alike.
        real = frames[_thinned(of_split, 2 * SHOWN + 1)[1::2]]
        for pixels in (real, network.reconstruct(real)):
            rows.append(list(np.broadcast_to(pixels, (*pixels.shape[:-1], 3))))
        names += [split, "back"]
    return grid(rows, names=names, tile=96)
