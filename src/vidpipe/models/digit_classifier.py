"""A classifier of numerals that knows what is none: the judge of the digit GANs.

A classifier of ten classes calls any stroke noise a numeral. This one has a class more, and
learns it from `impostors`.

Shapes: b batch, float in [-1, 1], paper 1 and ink -1.
"""

import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor, nn
from torch.nn import functional as F

from vidpipe.models.digit_negatives import IMPOSTORS, Impostor, moved
from vidpipe.models.pixels import to_float

Pictures = Float[Tensor, "b 1 28 28"]
FEATURES = 64  # numbers per picture on which distances are measured
GENUINE = 0.5  # share of each batch


class DigitClassifier(nn.Module):
    """Four convolutions, a layer of features, and logits: each numeral, then `none of them`.

    Args:
        classes: Numerals.

    Attributes:
        confident: Probability above which it takes a picture for a numeral.
    """

    confident = 0.9

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
        """What distances between pictures are measured on."""
        found: Tensor = self.convolutions(pictures)
        return found

    def answers(self, features: Float[Tensor, "b features"]) -> Float[Tensor, "b answers"]:
        """Logits: each numeral, then `none of them`."""
        logits: Tensor = self.logits(F.relu(features))
        return logits

    def forward(self, pictures: Pictures) -> Float[Tensor, "b answers"]:
        return self.answers(self.features(pictures))


class Examples:
    """Batches of numerals and of impostors made of them, half of both a little moved.

    Args:
        pictures: Real ones.
        label: Number of the numeral, picture by picture; all are there.
        batch: Pictures per draw.
    """

    def __init__(
        self, pictures: UInt8[Tensor, "n 1 28 28"], label: Int[Tensor, "n"], *, batch: int
    ) -> None:
        self.pictures, self.label, self.batch = pictures, label, batch
        self.classes = int(label.max()) + 1
        self.counts, self.by_label = label.cpu().bincount(), label.cpu().argsort(stable=True)

    def draw(self, rng: torch.Generator) -> tuple[Pictures, Int[Tensor, "b"]]:
        """A batch and its labels; the impostors' is the number of numerals."""
        genuine = max(1, round(GENUINE * self.batch))
        real, label = self._real(genuine, rng)
        parts, labels = [real], [label]
        share = torch.arange(self.batch - genuine).chunk(len(IMPOSTORS))
        for make, rows in zip(IMPOSTORS.values(), share, strict=False):
            parts.append(self.impostors(make, len(rows), rng))
            labels.append(torch.full((len(rows),), self.classes))
        clean = torch.cat(parts)
        # Half of both kinds, so that neither is known by its sharpness.
        seen = torch.where(
            torch.rand(len(clean), 1, 1, 1, generator=rng) < 0.5, moved(clean, rng), clean
        )
        return seen.to(self.pictures.device), torch.cat(labels).to(self.label)

    def impostors(self, make: Impostor, count: int, rng: torch.Generator) -> Pictures:
        """Impostors of one kind, each of two pictures of different numerals."""
        one, label = self._real(count, rng)
        # Among the pictures of all other numerals, counted on from the end of one's own.
        own = self.counts[label]
        ahead = (torch.rand(count, generator=rng) * (len(self.label) - own)).long()
        place = (self.counts.cumsum(0)[label] + ahead) % len(self.label)
        return make(one, self._pictures(self.by_label[place]), rng).clamp(-1, 1)

    def _real(self, count: int, rng: torch.Generator) -> tuple[Pictures, Int[Tensor, "b"]]:
        chosen = torch.randint(len(self.pictures), (count,), generator=rng)
        return self._pictures(chosen), self.label.cpu()[chosen]

    def _pictures(self, chosen: Int[Tensor, "b"]) -> Pictures:
        return to_float(self.pictures[chosen.to(self.pictures.device)]).cpu()


def _block(inner: int, outer: int, *, stride: int) -> list[nn.Module]:
    return [
        nn.Conv2d(inner, outer, 3, stride, 1, bias=False),
        nn.BatchNorm2d(outer),
        nn.ReLU(),
    ]
