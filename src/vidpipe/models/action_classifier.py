"""A classifier of actions that knows what is none: the judge of the clip GANs.

It sees each frame, what sets it apart from the others, and what has changed since the last, so that
it knows actions by how they go and not by the room. Junk that moves would pass for one of them: so
it has a class more, and learns it from `clip_impostors`.

Shapes: b batch, c channels, t frames, s side, float in [-1, 1].
"""

from collections import Counter

import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor, nn
from torch.nn import functional as F

from vidpipe.models.clip_negatives import IMPOSTORS, Impostor, varied
from vidpipe.models.pixels import to_float

Clips = Float[Tensor, "b c t s s"]
SIDE = 32  # it looks at clips this large; larger ones are shrunk
FRAMES = 8  # that it looks at together, or fewer where there are no more
WIDTHS = (24, 48, 96)
FEATURES = 64  # numbers per clip on which distances are measured
GENUINE = 0.75  # share of each batch


class ActionClassifier(nn.Module):
    """Four convolutions in space and time, a layer of features, and logits: each action, then none.

    Longer clips are seen as stretches of 8 frames; what is found in them is averaged.

    Args:
        classes: Actions.
        channels: Of a frame.

    Attributes:
        confident: Probability above which it takes a clip for an action: 97 % of real clips of
            actors it has not seen are above, of each action at least 82 %.
    """

    confident = 0.75

    def __init__(self, *, classes: int, channels: int) -> None:
        super().__init__()
        self.classes = classes
        first, second, third = WIDTHS
        self.convolutions = nn.Sequential(
            *_block(3 * channels, first, stride=(2, 2, 2)),
            *_block(first, second, stride=(2, 2, 2)),
            *_block(second, third, stride=(1, 2, 2)),
            *_block(third, third, stride=(2, 1, 1)),
        )
        self.dense = nn.Linear(third, FEATURES)
        self.logits = nn.Linear(FEATURES, classes + 1)

    def features(self, clips: Clips) -> Float[Tensor, "b features"]:
        """What distances between clips are measured on."""
        stretches = shrunk(clips).unfold(2, min(FRAMES, clips.shape[2]), FRAMES)
        small = stretches.permute(0, 2, 1, 5, 3, 4).flatten(0, 1)
        change = F.pad(small.diff(dim=2), (0, 0, 0, 0, 1, 0))
        apart = small - small.mean(2, keepdim=True)
        found = self.convolutions(torch.cat([small, 2 * apart, 2 * change], 1))
        dense: Tensor = self.dense(found.mean((2, 3, 4)))
        return dense.view(len(clips), -1, FEATURES).mean(1)

    def answers(self, features: Float[Tensor, "b features"]) -> Float[Tensor, "b answers"]:
        """Logits: each action, then none of them."""
        logits: Tensor = self.logits(F.relu(features))
        return logits

    def forward(self, clips: Clips) -> Float[Tensor, "b answers"]:
        return self.answers(self.features(clips))


def shrunk(clips: Clips) -> Float[Tensor, "b c t small small"]:
    """Clips that are larger than it looks at, shrunk by a whole number."""
    times = max(1, clips.shape[-1] // SIDE)
    return F.avg_pool3d(clips, (1, times, times))


class Examples:
    """Batches of actions and of impostors made of them, most of both varied.

    Args:
        frames: All frames there are, as small as the classifier looks at them.
        windows: Which of them make a clip.
        label: Number of the action, clip by clip.
        classes: Actions.
        batch: Clips per draw.
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
        self.frames, self.windows, self.label = frames, windows, label
        self.classes, self.batch = classes, batch
        self.counts, self.by_label = label.bincount(), label.argsort(stable=True)

    def draw(self, rng: torch.Generator) -> tuple[Clips, Int[Tensor, "b"]]:
        """A batch and its labels, on the CPU; the impostors' is the number of actions."""
        genuine = max(1, round(GENUINE * self.batch))
        real, label = self._real(genuine, rng)
        parts, labels = [real], [label]
        kinds = torch.randint(len(IMPOSTORS), (self.batch - genuine,), generator=rng).tolist()
        for kind, count in sorted(Counter(kinds).items()):
            parts.append(self.impostors(list(IMPOSTORS.values())[kind], count, rng))
            labels.append(torch.full((count,), self.classes))
        clean = torch.cat(parts)
        # Half of both kinds as they are, so that neither is known by its sharpness.
        plain = torch.rand(len(clean), 1, 1, 1, 1, generator=rng) < 0.5
        return torch.where(plain, clean, varied(clean, rng)), torch.cat(labels)

    def impostors(self, make: Impostor, count: int, rng: torch.Generator) -> Clips:
        """Impostors of one kind, each of two clips of different actions."""
        one, label = self._real(count, rng)
        # Among the clips of all other actions, counted on from the end of one's own.
        own = self.counts[label]
        ahead = (torch.rand(count, generator=rng) * (len(self.label) - own)).long()
        place = (self.counts.cumsum(0)[label] + ahead) % len(self.label)
        return make(one, self._clips(self.by_label[place]), rng).clamp(-1, 1)

    def _real(self, count: int, rng: torch.Generator) -> tuple[Clips, Int[Tensor, "b"]]:
        chosen = torch.randint(len(self.windows), (count,), generator=rng)
        return self._clips(chosen), self.label[chosen]

    def _clips(self, chosen: Int[Tensor, "b"]) -> Clips:
        return to_float(self.frames[self.windows[chosen]]).transpose(1, 2)


def _block(inner: int, outer: int, *, stride: tuple[int, int, int]) -> list[nn.Module]:
    return [
        nn.Conv3d(inner, outer, 3, stride, 1, bias=False),
        nn.BatchNorm3d(outer),
        nn.ReLU(),
    ]
