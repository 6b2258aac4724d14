"""Noise that names, beside what a sample is to show, the group that it is to be of.

Groups are what a data set keeps together when it is split: a person of Weizmann or of the drawn
actions. Persons lie apart as labels do: a generator that is told which need not make the faces and
places between them (`Prior.codes`).
"""

from dataclasses import dataclass

import torch
from torch.nn import functional as F

from vidpipe.models.noise import CODE, Noise, Prior
from vidpipe.models.shapes import Labels


@dataclass(frozen=True)
class GroupPrior(Prior):
    """Noise that begins with two categorical codes: of the label, then of the group.

    Attributes:
        groups: One code for each, in this order; `codes` counts those of labels too. None: the
            noise is that of `Prior`.
    """

    groups: tuple[str, ...] = ()

    def draw(
        self,
        count: int,
        rng: torch.Generator,
        label: Labels | None = None,
        group: Labels | None = None,
    ) -> Noise:
        """Draw noise for `count` samples.

        Args:
            count: Number of samples.
            rng: Source of all randomness.
            label: Number of what each is to show; None: by chance.
            group: Number of the group that each is to be of, -1 of one without a code; None: by
                chance.
        """
        plain = Prior(self.latent, self.codes - len(self.groups), self.labels)
        noise = plain.draw(count, rng, label)
        if not self.groups:
            return noise
        # Drawn, as a label is, whether something replaces it or not.
        by_chance = torch.randint(len(self.groups), (count,), generator=rng)
        return self.of_group(noise, by_chance if group is None else group)

    def of_group(self, noise: Noise, group: Labels) -> Noise:
        """Return noise that names other groups, and is the same in all else.

        Args:
            noise: As drawn.
            group: Number of the group that each sample is to be of, -1 of one without a code.
        """
        count = len(self.groups)
        codes = CODE * F.one_hot(group.clamp(min=0), count)
        noise = noise.clone()
        noise[:, self.codes - count : self.codes] = codes * (group >= 0).unsqueeze(1)
        return noise
