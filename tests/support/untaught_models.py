"""Small models that have learnt nothing, as a training would leave them."""

from pathlib import Path
from typing import Any

import torch

from vidpipe.models import convlstm_gan, dcgan, gan3d, mlp_gan, mocogan, pix2pix, vgan
from vidpipe.training import weights

LABELS = ["jack", "walk"]
SMALL = {"latent": 8, "codes": 2, "labels": LABELS, "size": 32, "frames": 8, "width": 16}
PIX2PIX = {"size": 64, "channels": 3, "width": 2, "dropout": 0.0, "residual": True}
# gan3d alone is without an encoder, as by the recipe `report`.
CODED = SMALL | {"motion": 4, "encoder": 8, "memory": 8}
MOCOGAN = {"channels": 3, "codes": 4, "groups": ["ann", "bo"], "paint": "conditional"}
MAKERS = {
    "mlp_gan": (mlp_gan.Generator, {"latent": 8, "codes": 0}),
    "dcgan": (dcgan.Generator, {"latent": 8, "codes": 2, "hidden": 0}),
    "gan3d": (gan3d.Generator, SMALL | {"channels": 3}),
    "vgan": (vgan.Generator, CODED | {"channels": 1, "codes": 0, "labels": []}),
    "convlstm_gan": (convlstm_gan.Generator, CODED | {"channels": 3, "skips": False}),
    "mocogan": (mocogan.Generator, CODED | MOCOGAN),
    "pix2pix": (pix2pix.make_generator, PIX2PIX | {"history": 1, "motion": "none"}),
}


def hearing(generator: pix2pix.FlowGenerator) -> pix2pix.FlowGenerator:
    """Return a predictor that hears its noise: the head of an untaught one is 0, and hears none."""
    torch.nn.init.normal_(generator.head.weight, 0.0, 0.1)
    return generator


def save(home: Path, *names: str, **changes: Any) -> Path:
    """Write the weights of some models, or of all, each into its folder of `home`."""
    torch.manual_seed(0)
    for name in names or MAKERS:
        make, facts = MAKERS[name]
        facts = facts | changes
        (home / name).mkdir(parents=True)
        weights.save(make(**facts), home / name / "generator.safetensors", facts)
    return home
