"""Generators of clips that have nothing to learn, and what their evaluation gives."""

import torch

from support import moving_clips as moving
from vidpipe.data.clip_arrays import stretches
from vidpipe.data.splits import TEST, TRAIN
from vidpipe.evaluation.clip_evaluation import evaluate_sampler
from vidpipe.models.action_classifier import ActionClassifier
from vidpipe.models.autoencoder import Autoencoder
from vidpipe.models.clip_gan import ClipGenerator
from vidpipe.models.clip_sampling import ClipSampler
from vidpipe.models.noise import Prior
from vidpipe.training import weights

CPU = torch.device("cpu")
CHANNELS = 3


class Blocks(ClipGenerator):
    """Coloured ground, and before it a block that noise sends on its way."""

    def __init__(self, *, frames=8, side=16, channels=CHANNELS, worth=1.0):
        super().__init__()
        self.arguments = {"frames": frames, "side": side, "channels": channels, "worth": worth}
        self.prior, self.frames, self.side, self.channels = Prior(6, 0), frames, side, channels
        self.worth = worth

    def forward(self, noise):
        clips = noise[:, :3, None, None, None].tanh()[:, : self.channels] / 2
        clips = clips.repeat(1, 1, self.frames, self.side, self.side) * self.worth
        for clip, (x, y, speed) in zip(clips, noise[:, 3:].tolist(), strict=True):
            for t in range(self.frames):
                left = int(4 * x + 3 * speed * t) % (self.side - 4)
                top = int(4 * y) % (self.side - 4)
                clip[:, t, top : top + 4, left : left + 4] = 1.0
        return clips


class FromPicture(Blocks):
    """The picture, brighter from frame to frame."""

    from_picture = True

    def source(self, noise, pictures):
        return noise, pictures

    def forward(self, source):
        noise, pictures = source
        steps = torch.arange(self.frames).view(1, 1, -1, 1, 1) / 8
        return pictures[:, :, None] + steps * noise[:, :1, None, None, None]


class InParts(Blocks):
    """Made of a black part and itself."""

    def components(self, source):
        return {"black": -torch.ones_like(self(source)), "rest": self(source)}


class Latents(ClipGenerator):
    """Makes latents of noise, one value in all cells and frames."""

    def __init__(self, *, size=8, channels=4, frames=8, bounded=False):
        super().__init__()
        self.arguments = {"size": size, "channels": channels, "frames": frames, "bounded": bounded}
        self.prior, self.frames = Prior(6, 0), frames
        self.scale = torch.nn.Parameter(torch.ones(()))

    def forward(self, noise):
        size, channels = self.arguments["size"], self.arguments["channels"]
        values = self.scale * noise[:, :channels, None, None, None]
        return values.expand(-1, -1, self.frames, size, size)

    def components(self, source):
        mask = torch.ones_like(self(source))
        mask[..., 0] = -1
        return {"foreground": self(source), "mask": mask}


def kept_with_autoencoder(generator, folder):
    """A folder with weights of a generator of latents, and of an autoencoder of 16x16 pixels."""
    weights.save(generator, folder / "generator.safetensors", generator.arguments)
    built = {"size": 16, "side": 8, "channels": 3, "latents": 4, "width": 8}
    torch.manual_seed(0)
    autoencoder = Autoencoder(**built)
    weights.save(autoencoder, folder / "autoencoder.safetensors", built)
    return autoencoder.eval()


def sampler(generator):
    """The generator as model `gan3d`."""
    return ClipSampler("gan3d", generator, CPU)


def evaluated(generator, clips=None, *, samples=24):
    """Its evaluation on moving blocks, by a classifier that has learnt nothing."""
    torch.manual_seed(0)
    clips = moving.packed() if clips is None else clips
    classes, channels = len(clips["labels"]), clips["frames"].shape[-1]
    classifier = ActionClassifier(classes=classes, channels=channels).eval()
    most = {TRAIN: 4 * samples, TEST: samples}
    real = [stretches(clips, s, frames=generator.frames, most=n) for s, n in most.items()]
    return evaluate_sampler(sampler(generator), classifier, *real, samples=samples, seed=0)
