"""Classifier of actions with a class for none of them, by which the clip GANs are scored.

Its input is each frame, its difference from the mean of the clip, and the change since the last
frame, so that actions are recognised by their motion and not by the room. Without a class for
`none`, anything that moves would pass for an action; it is learnt from `clip_negatives`.

Shapes: b batch, c channels, t frames, s side, float in [-1, 1].
"""

from collections import Counter
from collections.abc import Mapping

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor, nn
from torch.nn import functional as F

from vidpipe.data.clip_arrays import shrunk, windows
from vidpipe.models.clip_negatives import NEGATIVES, MakeNegatives, augmented
from vidpipe.models.pixels import to_float
from vidpipe.models.shapes import Labels

Clips = Float[Tensor, "b c t s s"]
SIDE = 32  # pixels; larger clips are shrunk
FRAMES = 8  # of a stretch; shorter clips are one stretch
WIDTHS = (24, 48, 96)
FEATURES = 64  # per clip, on which distances are measured
POSITIVE_SHARE = 0.75  # of each batch


class ActionClassifier(nn.Module):
    """Four 3-D convolutions, a layer of features, and logits: each action, then `none`.

    Longer clips are cut into stretches of 8 frames, and the features of these averaged.

    Args:
        classes: Number of actions.
        channels: Channels of a frame.

    Attributes:
        threshold: Probability above which a clip is accepted as an action: 97 % of real clips of
            held-out actors are above, of each action at least 82 %.
    """

    threshold = 0.75

    def __init__(self, *, classes: int, channels: int) -> None:
        super().__init__()
        self.classes = classes
        first, second, third = WIDTHS
        # Time and space are halved down to 1 and to an eighth.
        self.convolutions = nn.Sequential(
            *_block(3 * channels, first, stride=(2, 2, 2)),
            *_block(first, second, stride=(2, 2, 2)),
            *_block(second, third, stride=(1, 2, 2)),
            *_block(third, third, stride=(2, 1, 1)),
        )
        self.dense = nn.Linear(third, FEATURES)
        self.logits = nn.Linear(FEATURES, classes + 1)

    def features(self, clips: Clips) -> Float[Tensor, "b features"]:
        """Return the features on which distances between clips are measured."""
        # Stretches become samples of the batch.
        stretches = shrink(clips).unfold(2, min(FRAMES, clips.shape[2]), FRAMES)
        frames = stretches.permute(0, 2, 1, 5, 3, 4).flatten(0, 1)

        # The first frame has no change. Twice as large, both differences weigh as much as frames.
        change = F.pad(frames.diff(dim=2), (0, 0, 0, 0, 1, 0))
        from_mean = frames - frames.mean(2, keepdim=True)
        maps = self.convolutions(torch.cat([frames, 2 * from_mean, 2 * change], 1))
        features: Tensor = self.dense(maps.mean((2, 3, 4)))
        return features.view(len(clips), -1, FEATURES).mean(1)

    def class_logits(self, features: Float[Tensor, "b features"]) -> Float[Tensor, "b classes"]:
        """Return the logits of each action, then of `none`."""
        logits: Tensor = self.logits(F.relu(features))
        return logits

    def forward(self, clips: Clips) -> Float[Tensor, "b classes"]:
        return self.class_logits(self.features(clips))


def shrink(clips: Clips) -> Float[Tensor, "b c t small small"]:
    """Shrink clips that are larger than the classifier's input, by a whole number."""
    factor = max(1, clips.shape[-1] // SIDE)
    return F.avg_pool3d(clips, (1, factor, factor))


def shrink_frames(frames: UInt8[np.ndarray, "n h w c"]) -> UInt8[Tensor, "n c s s"]:
    """Shrink all frames of the data set to the classifier's input."""
    # Copied, for frames that are small enough may be mapped from a file.
    return torch.from_numpy(np.array(shrunk(frames, SIDE))).permute(0, 3, 1, 2).contiguous()


class Examples:
    """Batches of actions and of negatives made from them, half of both augmented.

    Args:
        frames: All frames, shrunk to the classifier's input.
        windows: Indices into `frames`, a row for each clip.
        label: Action of each clip.
        classes: Number of actions.
        batch: Clips of a batch.
    """

    def __init__(
        self,
        frames: UInt8[Tensor, "n c s s"],
        windows: Int[Tensor, "k t"],
        label: Int[Tensor, "k"],
        *,
        classes: int,
        batch: int,
    ) -> None:
        self.frames = frames
        self.windows = windows
        self.label = label
        self.classes = classes
        self.batch = batch

        # Clips sorted by action, so that those of other actions can be counted off.
        self.counts = label.bincount()
        self.by_label = label.argsort(stable=True)

    def draw(self, rng: torch.Generator) -> tuple[Clips, Labels]:
        """Return a batch and its labels, on the CPU; negatives have the number of actions."""
        # Real clips first.
        positives = max(1, round(POSITIVE_SHARE * self.batch))
        real, label = self._real(positives, rng)
        parts = [real]
        labels = [label]

        # Draw a kind for each negative.
        kinds = torch.randint(len(NEGATIVES), (self.batch - positives,), generator=rng).tolist()
        for kind, count in sorted(Counter(kinds).items()):
            parts.append(self.negatives(list(NEGATIVES.values())[kind], count, rng))
            labels.append(torch.full((count,), self.classes))
        clean = torch.cat(parts)

        # Augment half of both, so that neither is recognised by its sharpness.
        plain = torch.rand(len(clean), 1, 1, 1, 1, generator=rng) < 0.5
        return torch.where(plain, clean, augmented(clean, rng)), torch.cat(labels)

    def negatives(self, make: MakeNegatives, count: int, rng: torch.Generator) -> Clips:
        """Return negatives of one kind, each made from two clips of different actions."""
        first, label = self._real(count, rng)
        # Count on from the end of the own action, cyclically, among all clips of the others.
        own = self.counts[label]
        ahead = (torch.rand(count, generator=rng) * (len(self.label) - own)).long()
        place = (self.counts.cumsum(0)[label] + ahead) % len(self.label)
        second = self._floats(self.by_label[place])
        return make(first, second, rng).clamp(-1, 1)

    def clips(self) -> UInt8[Tensor, "k c t s s"]:
        """Return all clips."""
        return self.frames[self.windows].transpose(1, 2)

    def _real(self, count: int, rng: torch.Generator) -> tuple[Clips, Labels]:
        rows = torch.randint(len(self.windows), (count,), generator=rng)
        return self._floats(rows), self.label[rows]

    def _floats(self, rows: Int[Tensor, "b"]) -> Clips:
        return to_float(self.frames[self.windows[rows]]).transpose(1, 2)


def examples_of_split(
    arrays: Mapping[str, np.ndarray],
    frames: UInt8[Tensor, "n c s s"],
    split: str,
    *,
    length: int,
    batch: int,
) -> tuple[Examples, Int[np.ndarray, "k"]]:
    """Return every window in the clips of a split, and the group of each.

    Args:
        arrays: Arrays of `clips.npz`.
        frames: Its frames, shrunk.
        split: `train` or `test`.
        length: Frames of a window.
        batch: Clips of a batch.
    """
    # Windows of all clips of the split, each once.
    rows = np.flatnonzero(arrays["split"] == split)
    index, row_of_window = windows(arrays["clips"][rows], length)
    clip = rows[row_of_window]
    examples = Examples(
        frames,
        torch.from_numpy(index).long(),
        torch.from_numpy(arrays["label"][clip]).long(),
        classes=len(arrays["labels"]),
        batch=batch,
    )
    return examples, arrays["group"][clip]


def _block(inner: int, outer: int, *, stride: tuple[int, int, int]) -> list[nn.Module]:
    """Return a convolution with batch norm and ReLU."""
    return [
        nn.Conv3d(inner, outer, 3, stride, 1, bias=False),
        nn.BatchNorm3d(outer),
        nn.ReLU(),
    ]
