"""All models, as modules. Nodes do not import this: a stage depends on its own model alone.

A module of `CLIP_GANS` keeps the contract `clip_gan.ClipGanModule`.
"""

from types import ModuleType

from vidpipe.models import convlstm_gan, dcgan, gan3d, mlp_gan, mocogan, vgan
from vidpipe.models.clip_gan import ClipGanModule

DIGIT_GANS: tuple[ModuleType, ...] = (mlp_gan, dcgan)
CLIP_GANS: tuple[ClipGanModule, ...] = (gan3d, vgan, convlstm_gan, mocogan)
