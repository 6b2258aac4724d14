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
        if not self.groups:
            return super().draw(count, rng, label)
        labels, groups = self.codes - len(self.groups), len(self.groups)

        # All numbers are drawn, as in `Prior`, whether something replaces them or not.
        noise = torch.randn(count, self.latent, generator=rng)
        some_label = torch.randint(labels, (count,), generator=rng)
        some_group = torch.randint(groups, (count,), generator=rng)
        label = some_label if label is None else label
        group = some_group if group is None else group
        noise[:, :labels] = CODE * F.one_hot(label, labels)
        known = (group >= 0).unsqueeze(1)
        noise[:, labels : self.codes] = CODE * known * F.one_hot(group.clamp(min=0), groups)
        return noise
