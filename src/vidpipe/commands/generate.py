"""`vidpipe generate`: new pictures from a trained model."""

import math
from pathlib import Path

import click

from vidpipe.data.pictures import gif, grid, png
from vidpipe.data.video import encode
from vidpipe.errors import UserError
from vidpipe.io.atomic import whole_file

MODELS = ("dcgan", "mlp_gan")
WRITTEN = (".png", ".gif", ".mp4")
STOPS, BETWEEN, FPS = 6, 12, 12  # of a walk: places, frames from one to the next, frames a second


@click.command()
@click.argument("model", type=click.Choice(MODELS))
@click.option(
    "--count", type=click.IntRange(1, 10_000), default=25, show_default=True, help="How many."
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31 - 1),
    default=0,
    show_default=True,
    help="Another seed makes others; the same seed the same.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("out.png"),
    show_default=True,
    help=".png: pictures; .gif or .mp4: each on a walk through noise, back to where it began.",
)
@click.option(
    "--tile", type=click.IntRange(28, 512), default=56, show_default=True, help="Pixels of a side."
)
@click.option(
    "--weights",
    type=click.Path(path_type=Path),
    help="Folder with generator.safetensors  [default: data/06_models/MODEL]",
)
def generate(model: str, count: int, seed: int, out: Path, tile: int, weights: Path | None) -> None:
    """Make new pictures with MODEL: dcgan or mlp_gan.

    \b
      vidpipe generate dcgan --count 25 --out digits.png
      vidpipe generate dcgan --count 9 --seed 7 --out walk.gif
    """
    if out.suffix not in WRITTEN:
        raise UserError(f"--out {out}: expected a name that ends in {', '.join(WRITTEN)}")

    from vidpipe.training.runtime import start  # noqa: PLC0415

    start(device="cpu", precision="fp32", threads=2, determinism="portable")
    import torch  # noqa: PLC0415 (after the instruction set is pinned)

    from vidpipe.models import dcgan, mlp_gan  # noqa: PLC0415
    from vidpipe.models.noise import FromNoiseGenerator  # noqa: PLC0415
    from vidpipe.models.pixels import to_uint8  # noqa: PLC0415
    from vidpipe.models.weights import build  # noqa: PLC0415

    folder = weights or Path("data/06_models") / model
    networks: dict[str, type[FromNoiseGenerator]] = {
        "dcgan": dcgan.Generator,
        "mlp_gan": mlp_gan.Generator,
    }
    generator: FromNoiseGenerator = build(networks[model], folder / "generator.safetensors")
    rng = torch.Generator().manual_seed(seed)
    if out.suffix == ".png":
        steps = [generator.prior.draw(count, rng)]
    else:
        steps = generator.prior.walk(count, stops=STOPS, between=BETWEEN, rng=rng)
    across = math.ceil(math.sqrt(count))
    with torch.no_grad():
        walls = [
            to_uint8(generator(step)).permute(0, 2, 3, 1).expand(-1, -1, -1, 3) for step in steps
        ]
    pages = [
        grid([list(wall.numpy()[i : i + across]) for i in range(0, count, across)], tile=tile)
        for wall in walls
    ]
    with whole_file(out) as partial:
        if out.suffix == ".png":
            partial.write_bytes(png(pages[0]))
        else:
            film = gif(pages, fps=FPS) if out.suffix == ".gif" else encode(pages, fps=FPS)
            partial.write_bytes(film)
    click.echo(f"{out}: {count} of {model}, seed {seed}")
