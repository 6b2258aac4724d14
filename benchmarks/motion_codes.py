"""What limits a GAN of clips, painter or walk: scores of its clips with codes of real motion.

    python benchmarks/motion_codes.py mocogan

Scores a model of this clone (`dvc repro MODEL_train`). The codes of a clip's motion are those that
the encoder gives to a training clip of the same action by another person. Prints the table of
docs/results.md; all but the codes and the instruction set is as in `MODEL_evaluate`. convlstm_gan
is left out: its walk depends on the picture too.
"""

from pathlib import Path

import click
import torch
from torch import Tensor, nn

from vidpipe.config.loader import check, read
from vidpipe.data.clip_arrays import stretches
from vidpipe.data.npz import read_npz
from vidpipe.data.splits import TEST, TRAIN
from vidpipe.evaluation.clip_evaluation import evaluate_sampler
from vidpipe.models import gan3d, mocogan, vgan
from vidpipe.models.action_classifier import ActionClassifier
from vidpipe.models.autoencoder import in_latents
from vidpipe.models.clip_codes import CodedGenerator
from vidpipe.models.clip_encoder import Gaussian
from vidpipe.models.clip_gan import ClipData
from vidpipe.models.clip_sampling import ClipSampler
from vidpipe.pipelines.clips.evaluate import MAX_RATIO
from vidpipe.training import runtime, weights
from vidpipe.training.weight_files import CLASSIFIER_WEIGHTS

DATA = Path("data")
MODELS = {"gan3d": gan3d, "vgan": vgan, "mocogan": mocogan}
BANK = 4096  # real clips whose codes are drawn from
SCORES = (
    "motion_ratio", "freezing_rate", "frechet_diff", "frechet_actions", "confident_share",
    "as_named", "precision", "recall", "actions_covered",
)  # fmt: skip


class RealMotion(nn.Module):
    """Codes of motion of real clips, in place of those of the walk.

    Args:
        generator: Has the encoder.
        data: Training clips.
    """

    def __init__(self, generator: CodedGenerator, data: ClipData) -> None:
        super().__init__()
        self.labels = len(data.labels)
        self.noise = generator.walk.noise
        self.rng = torch.Generator().manual_seed(0)
        windows = data.windows(length=generator.frames, mirror=True)
        rng = torch.Generator().manual_seed(1)
        noise, self.codes = generator.encode_motion(windows, BANK, rng)
        self.label = noise[:, : self.labels].argmax(1)
        self.group = noise[:, self.labels : generator.content.codes].argmax(1)

    def forward(self, category: Tensor, noise: Tensor) -> Tensor:
        """Return codes for clips of what a category names."""
        label = category[:, : self.labels].argmax(1)
        group = category[:, self.labels :].argmax(1)
        fits = (self.label == label[:, None]) & (self.group != group[:, None])
        chosen = torch.multinomial(fits.float(), 1, generator=self.rng)[:, 0]
        return Gaussian(*(values[chosen] for values in self.codes)).at(noise[:, :, :-1])


@click.command()
@click.argument("model", type=click.Choice(list(MODELS)))
def main(model: str) -> None:
    """Score clips of MODEL with motion of the walk, and of real clips."""
    params = check(read(Path("params.yaml")))
    machine = runtime.start(device="cpu", precision="fp32", threads=2, determinism="machine")
    evaluate = getattr(params, model).evaluate
    arrays = read_npz(DATA / "05_model_input/clips.npz")
    sampler = ClipSampler.load(model, MODELS[model].Generator, DATA / "06_models" / model, machine)
    generator = sampler.generator
    assert isinstance(generator, CodedGenerator)
    if not (sampler.autoencoder and generator.encoder and generator.content.groups):
        raise click.ClickException(f"{model}: expected one of latents, with an encoder and groups")
    latents = in_latents(arrays, sampler.autoencoder, mirrored=True)
    classifier = weights.build(
        ActionClassifier, DATA / "06_models/action_classifier" / CLASSIFIER_WEIGHTS
    )
    walk = generator.walk
    real_motion = RealMotion(generator, ClipData.of(latents, machine.device))
    real = [
        stretches(arrays, split, frames=generator.frames, most=most * evaluate.samples)
        for split, most in ((TRAIN, MAX_RATIO), (TEST, 1))
    ]
    click.echo(f"| codes of motion | {' | '.join(f'`{name}`' for name in SCORES)} |")
    click.echo("|---" * (1 + len(SCORES)) + "|")
    for title, motion in {"the walk's": walk, "of real clips": real_motion}.items():
        generator.register_module("walk", motion)
        scored = evaluate_sampler(
            sampler,
            machine.place(classifier),
            *real,
            samples=evaluate.samples,
            seed=evaluate.seed,
        ).metrics
        cells = [f"{scored[name] / scored.get(f'{name}_floor', 1):.2f}" for name in SCORES]
        click.echo(f"| {title} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
