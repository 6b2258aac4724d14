"""`vidpipe pairs show`: look at the training pairs of pix2pix."""

from pathlib import Path

import click

from vidpipe.commands.outputs import check_out
from vidpipe.data.npz import read_npz
from vidpipe.utils.atomic import whole_file
from vidpipe.utils.errors import UserError
from vidpipe.visualization.sheets import png

PACKED = Path("data/05_model_input/pairs.npz")


@click.group()
def pairs() -> None:
    """Look at the pairs of frames that pix2pix is fed."""


@pairs.command(short_help="Write pair NUMBER as one picture.")
@click.argument("number", type=int, default=0)
@click.option("--out", type=click.Path(path_type=Path), default=None, help="PNG to write.")
@click.option("--npz", type=click.Path(path_type=Path), default=PACKED, show_default=True)
def show(number: int, out: Path | None, npz: Path) -> None:
    """Write pair NUMBER (from 0) as one picture: a frame at the left, the next at the right."""
    from vidpipe.data.pairs import side_by_side  # noqa: PLC0415 (imports pandas: 0.3 s)
    from vidpipe.reproduction.record import changed_since  # noqa: PLC0415 (DVC: half a second)

    # Check the arguments, the number against the file.
    out = out or Path(f"pair-{number}.png")
    check_out("--out", out)
    if not npz.exists():
        raise UserError(f"{npz}: no pairs yet; make them with `dvc repro pairs`")
    arrays = read_npz(npz)
    if not {"frames", "pairs", "pair_split"} <= set(arrays):
        raise UserError(f"{npz}: expected frames and pairs, got: {', '.join(arrays)}")
    pair_index = arrays["pairs"]
    if not 0 <= number < len(pair_index):
        raise UserError(f"pair {number}: expected a number from 0 to {len(pair_index) - 1}")

    # Pairs of other footage than is now chosen are there until they are made anew.
    if npz == PACKED and (changed := changed_since(Path.cwd(), "pairs")):
        click.echo(
            f"{npz}: made before params.yaml changed ({', '.join(changed[:3])}); `dvc repro pairs` "
            "makes those of now",
            err=True,
        )

    # Draw the pair, and say which frames it is made of.
    with whole_file(out) as partial:
        partial.write_bytes(png(side_by_side(arrays["frames"], pair_index[number])))
    source, target = pair_index[number]
    click.echo(f"{out}: frames {source} and {target}, {arrays['pair_split'][number]}")
