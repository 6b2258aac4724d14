"""Steps of dcgan: ours against a plain loop, in fp32, on the same digits.

    python benchmarks/train.py

The plain loop is what one writes first: nearest up-sampling and then a convolution, channels first,
Adam unfused, a DataLoader that turns picture after picture into numbers. The game, its numbers
and the batches' size are the same. Rounds alternate; medians.
"""

import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import click

from vidpipe.config.loader import check, read
from vidpipe.config.schema import Params
from vidpipe.data.npz import read_npz
from vidpipe.data.splits import SEEN
from vidpipe.training import runtime as runtimes

NPZ = Path("data/05_model_input/digits.npz")


@click.command()
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True)
@click.option("--steps", type=click.IntRange(1), default=40, show_default=True)
def main(rounds: int, steps: int) -> None:
    """Print steps per second and their ratio."""
    params = check(read(Path("params.yaml")))
    machine = runtimes.start(**params.runtime.model_dump())
    loops = {"plain": plain(params), "ours": ours(params, machine)}
    for loop in loops.values():  # first steps warm up
        _seconds(loop, 8)
    taken: dict[str, list[float]] = {name: [] for name in loops}
    for _ in range(rounds):
        for name, loop in loops.items():
            taken[name].append(_seconds(loop, steps))
    speed = {name: steps / statistics.median(times) for name, times in taken.items()}
    for name, value in speed.items():
        click.echo(f"{name:6} {value:6.2f} steps/s")
    click.echo(f"ours is {speed['ours'] / speed['plain']:.2f} times as fast")


def ours(params: Params, machine: runtimes.Machine) -> Iterator[None]:
    """The project's own loop, a step at a time."""
    import torch  # noqa: PLC0415 (after the instruction set is pinned)

    from vidpipe.config.models import TrainingConfig  # noqa: PLC0415
    from vidpipe.models import dcgan  # noqa: PLC0415
    from vidpipe.models.noise import NoiseObjective, Prior  # noqa: PLC0415
    from vidpipe.training.adversarial import TrainState  # noqa: PLC0415
    from vidpipe.training.loop import fit  # noqa: PLC0415
    from vidpipe.training.trainer import hyperparameters_of, place  # noqa: PLC0415

    model, train = params.dcgan.model, params.dcgan.train
    digits = read_npz(NPZ)
    seen = torch.from_numpy(digits["pictures"][digits["split"] == SEEN])[:, None]
    torch.manual_seed(0)
    networks = place(dcgan.build(TrainingConfig(model, train)), machine)
    state = TrainState(networks, hyperparameters_of(train))
    prior = Prior(model.latent, model.codes)
    objective = NoiseObjective(seen, batch=train.batch, prior=prior)
    for _ in fit(state, objective, steps=10**6, report_every=1, seed=0, autocast=machine.autocast):
        yield


def plain(params: Params) -> Iterator[None]:
    """The same game, written down as it comes to mind."""
    import torch  # noqa: PLC0415
    from torch import nn  # noqa: PLC0415
    from torch.nn import functional as F  # noqa: PLC0415
    from torch.utils.data import DataLoader, Dataset  # noqa: PLC0415

    from vidpipe.models.dcgan import Discriminator, DoubledConv2d, Generator  # noqa: PLC0415

    model, train = params.dcgan.model, params.dcgan.train
    digits = read_npz(NPZ)

    class Pictures(Dataset):  # type: ignore[type-arg]
        seen = digits["pictures"][digits["split"] == SEEN]

        def __len__(self) -> int:
            return len(self.seen)

        def __getitem__(self, index: int) -> torch.Tensor:
            return torch.from_numpy(self.seen[index][None]).float() / 127.5 - 1

    torch.manual_seed(0)
    generator = Generator(latent=model.latent, codes=model.codes, hidden=model.generator_hidden)
    for place, layer in enumerate(generator.layers):
        if isinstance(layer, DoubledConv2d):
            outer, inner = layer.weight.shape[:2]
            generator.layers[place] = nn.Sequential(
                nn.Upsample(scale_factor=2), nn.Conv2d(inner, outer, 3, padding=1)
            )
    discriminator = Discriminator(
        norm=model.norm, dropout=model.dropout, hidden=model.discriminator_hidden
    )
    betas = (train.beta1, train.beta2)
    adams = [
        torch.optim.Adam(network.parameters(), lr=train.learning_rate, betas=betas, foreach=False)
        for network in (generator, discriminator)
    ]
    average = {name: value.clone() for name, value in generator.state_dict().items()}
    rng, step = torch.Generator().manual_seed(0), 0
    while True:
        for real in DataLoader(Pictures(), batch_size=train.batch, shuffle=True, drop_last=True):
            step += 1
            noise = generator.prior.draw(train.batch, rng)
            fake = generator(noise)
            steep = step % train.penalty_every == 0
            sides = [real.requires_grad_(steep), fake.detach().requires_grad_(steep)]
            logits = [discriminator(noise, side) for side in sides]
            loss = F.softplus(logits[1] - logits[0]).mean()
            for weight, side, judged in zip((train.r1, train.r2), sides, logits, strict=True):
                if steep:
                    (slope,) = torch.autograd.grad(judged.sum(), side, create_graph=True)
                    penalty = 0.5 * slope.square().sum((1, 2, 3)).mean()
                    loss = loss + train.penalty_every * weight * penalty
            adams[1].zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            adams[1].step()
            loss = F.softplus(logits[0].detach() - discriminator(noise, fake)).mean()
            adams[0].zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            adams[0].step()
            with torch.no_grad():
                for name, value in generator.state_dict().items():
                    if value.is_floating_point():
                        average[name].lerp_(value, 1 - train.ema)
            yield


def _seconds(loop: Iterator[None], steps: int) -> float:
    begun = time.perf_counter()
    for _ in range(steps):
        next(loop)
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
