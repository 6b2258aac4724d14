"""What a small data set needs: a discriminator that sees each clip a little altered.

Zhao et al. 2020, "Differentiable Augmentation for Data-Efficient GAN Training", section 3: real and
fake alike are altered, and gradients flow through. All frames of a clip are altered alike, so that
nothing moves that did not move before.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

Clips = Float[Tensor, "b c t h w"]
SHIFT = 8  # clips are moved by up to an eighth of their side


class Augment(nn.Module):
    """Colour and place of each clip, altered at random while training.

    Args:
        strength: 0 leaves clips as they are, 1 is the paper's.
    """

    def __init__(self, strength: float) -> None:
        super().__init__()
        self.strength = strength

    def forward(self, clips: Clips) -> Clips:
        if not (self.training and self.strength):
            return clips
        return shifted(coloured(clips, self.strength), self.strength)


def coloured(clips: Clips, strength: float) -> Clips:
    """Brightness, saturation and contrast of each clip, changed by up to half and by twofold."""
    light, colour, contrast = strength * (2 * torch.rand(3, len(clips), 1, 1, 1, 1) - 1).to(clips)
    clips = clips + 0.5 * light
    grey = clips.mean(1, keepdim=True)
    clips = grey + (1 + colour) * (clips - grey)
    middle = clips.mean((1, 2, 3, 4), keepdim=True)
    return middle + (1 + 0.5 * contrast) * (clips - middle)


def shifted(clips: Clips, strength: float) -> Clips:
    """Each clip, moved by whole pixels; its edge fills what is laid bare."""
    height, width = clips.shape[-2:]
    most = round(strength * height / SHIFT)
    padded = F.pad(clips, (most, most, most, most, 0, 0), mode="replicate")
    down, across = torch.randint(2 * most + 1, (2, len(clips))).tolist()
    moved = [
        clip[..., y : y + height, x : x + width]
        for clip, y, x in zip(padded, down, across, strict=True)
    ]
    return torch.stack(moved)
