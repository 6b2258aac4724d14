"""Classifier of numerals with a class for none of them, by which the digit GANs are scored.

A classifier of ten classes takes any stroke noise for a numeral. This one has a class more, and
learns it from `digit_negatives`.

Shapes: b batch, float in [-1, 1], paper 1 and ink -1.
"""

import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor, nn
from torch.nn import functional as F

from vidpipe.models.digit_negatives import NEGATIVES, MakeNegatives, augmented
from vidpipe.models.pixels import to_float
from vidpipe.models.shapes import Labels

Pictures = Float[Tensor, "b 1 28 28"]
FEATURES = 64  # per picture, on which distances are measured
POSITIVE_SHARE = 0.5  # of each batch


class DigitClassifier(nn.Module):
    """Four convolutions, a layer of features, and logits: each numeral, then `none of them`.

    Args:
        classes: Number of numerals.

    Attributes:
        threshold: Probability above which a picture is accepted as a numeral.
    """

    threshold = 0.9

    def __init__(self, *, classes: int) -> None:
        super().__init__()
        self.classes = classes
        self.convolutions = nn.Sequential(
            *_block(1, 16, stride=1),
            *_block(16, 32, stride=2),
            *_block(32, 64, stride=2),
            *_block(64, 64, stride=2),
            nn.Flatten(),
            nn.Linear(4 * 4 * 64, FEATURES),
        )
        self.logits = nn.Linear(FEATURES, classes + 1)

    def features(self, pictures: Pictures) -> Float[Tensor, "b features"]:
        """Return the features on which distances between pictures are measured."""
        features: Tensor = self.convolutions(pictures)
        return features

    def class_logits(self, features: Float[Tensor, "b features"]) -> Float[Tensor, "b classes"]:
        """Return the logits of each numeral, then of `none of them`."""
        logits: Tensor = self.logits(F.relu(features))
        return logits

    def forward(self, pictures: Pictures) -> Float[Tensor, "b classes"]:
        return self.class_logits(self.features(pictures))


class Examples:
    """Batches of numerals and of negatives made from them, half of both augmented.

    Args:
        pictures: Real pictures.
        label: Numeral of each picture; every numeral occurs.
        batch: Pictures of a batch.
    """

    def __init__(
        self, pictures: UInt8[Tensor, "n 1 28 28"], label: Int[Tensor, "n"], *, batch: int
    ) -> None:
        self.pictures = pictures
        self.label = label
        self.batch = batch
        self.classes = int(label.max()) + 1

        # Pictures sorted by numeral, so that those of other numerals can be counted off.
        self.counts = label.cpu().bincount()
        self.by_label = label.cpu().argsort(stable=True)

    def draw(self, rng: torch.Generator) -> tuple[Pictures, Labels]:
        """Return a batch and its labels; that of the negatives is the number of numerals."""
        # Real pictures first.
        positives = max(1, round(POSITIVE_SHARE * self.batch))
        real, label = self._real(positives, rng)
        parts = [real]
        labels = [label]

        # Share the negatives evenly among their kinds.
        rows_of_kind = torch.arange(self.batch - positives).chunk(len(NEGATIVES))
        for make, rows in zip(NEGATIVES.values(), rows_of_kind, strict=False):
            parts.append(self.negatives(make, len(rows), rng))
            labels.append(torch.full((len(rows),), self.classes))
        clean = torch.cat(parts)

        # Augment half of both, so that neither is recognised by its sharpness.
        is_altered = torch.rand(len(clean), 1, 1, 1, generator=rng) < 0.5
        batch = torch.where(is_altered, augmented(clean, rng), clean)
        return batch.to(self.pictures.device), torch.cat(labels).to(self.label)

    def negatives(self, make: MakeNegatives, count: int, rng: torch.Generator) -> Pictures:
        """Return negatives of one kind, each made from two pictures of different numerals."""
        first, label = self._real(count, rng)
        # Count on from the end of the own numeral, cyclically, among all pictures of the others.
        own = self.counts[label]
        ahead = (torch.rand(count, generator=rng) * (len(self.label) - own)).long()
        place = (self.counts.cumsum(0)[label] + ahead) % len(self.label)
        second = self._floats(self.by_label[place])
        return make(first, second, rng).clamp(-1, 1)

    def _real(self, count: int, rng: torch.Generator) -> tuple[Pictures, Labels]:
        rows = torch.randint(len(self.pictures), (count,), generator=rng)
        return self._floats(rows), self.label.cpu()[rows]

    def _floats(self, rows: Int[Tensor, "b"]) -> Pictures:
        return to_float(self.pictures[rows.to(self.pictures.device)]).cpu()


def _block(inner: int, outer: int, *, stride: int) -> list[nn.Module]:
    """Return a convolution with batch norm and ReLU."""
    return [
        nn.Conv2d(inner, outer, 3, stride, 1, bias=False),
        nn.BatchNorm2d(outer),
        nn.ReLU(),
    ]
