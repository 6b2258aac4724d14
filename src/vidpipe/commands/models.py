"""`vidpipe models`: models that are here, models of others, and an archive for others."""

from pathlib import Path

import click

from vidpipe.commands.outputs import ModelName
from vidpipe.config.loader import FILE, read
from vidpipe.serving.cards import card
from vidpipe.serving.published import FILES, INDEX, Index, get, pack, read_index
from vidpipe.serving.store import NAMES, TRAINED, WEIGHTS, folder_of, origin, training_command
from vidpipe.tracking.experiments import EXPERIMENTS
from vidpipe.utils.errors import UserError

SOURCE = "FOLDER_OR_URL"


@click.group()
def models() -> None:
    """List models, get published ones, and pack trained ones for others."""


@models.command("list", short_help="List what there is of each model.")
@click.option("--from", "source", metavar=SOURCE, help="Show what is published there, too.")
def list_models(source: str | None) -> None:
    """List what there is of each model: trained here, fetched, shipped with the package, or none.

    `vidpipe generate`, `predict` and `play` take the trained weights, else fetched, else shipped
    ones.
    """
    published = read_index(source) if source else Index(format=1, models={})
    heads = ["model", "here", "MB", *(["published MB"] if source else [])]
    click.echo(_row(heads))
    for name in NAMES:
        folder = folder_of(name)
        here = origin(folder)
        cells = [name, here or "-", _megabytes(_size(folder)) if here else "-"]
        if source:
            files = published.models.get(name)
            cells.append(_megabytes(sum(f.size for f in files.values())) if files else "-")
        click.echo(f"{_row(cells)}  {EXPERIMENTS[name].about if here else training_command(name)}")


@models.command("get", short_help="Get the published weights of MODEL.")
@click.argument("model", type=ModelName(NAMES))
@click.option(
    "--from",
    "source",
    metavar=SOURCE,
    required=True,
    help="Folder that `vidpipe models pack` wrote, or the address of such a folder.",
)
def get_model(model: str, source: str) -> None:
    """Get the published weights of MODEL, checked by size and hash.

    They are put under .vidpipe/models, which git and DVC ignore: models that you train go before
    them.

    \b
      vidpipe models get gan3d --from https://example.org/vidpipe-models
    """
    folder = get(model, source)
    click.echo(f"{folder}: {model} from {source}; its card is {folder / 'card.md'}")
    if (used := folder_of(model)) != folder:
        click.echo(f"{used}: trained here, goes before it", err=True)


@models.command("pack", short_help="Make an archive of trained models.")
@click.argument("names", nargs=-1, metavar="[MODEL]...", type=ModelName(NAMES))
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder."
)
@click.option(
    "--half",
    is_flag=True,
    help="Round weights to 16 bits; the encoder, which only training uses, becomes zeros.",
)
def pack_models(names: tuple[str, ...], out: Path, half: bool) -> None:
    """Make an archive of trained models for others: weights, cards and an index of their hashes.

    Without a name, of all that are trained. The same weights and metrics make the same bytes. Put
    the folder on any web server, and `vidpipe models get` fetches from it.
    """
    read(Path(FILE))  # fails with advice outside of a project
    models_to_pack = names or [name for name in NAMES if (TRAINED / name / WEIGHTS).is_file()]
    if not models_to_pack:
        raise UserError(f"{TRAINED}: expected trained models, found none; run `dvc repro`")
    cards = {name: card(name, half=half) for name in models_to_pack}
    index = pack({name: TRAINED / name for name in models_to_pack}, cards, out, half=half)
    for name, files in sorted(index.models.items()):
        click.echo(f"{name:14}{_megabytes(sum(file.size for file in files.values())):>8} MB")
    click.echo(f"{out / INDEX}: {len(index.models)} models")


def _row(cells: list[str]) -> str:
    return f"{cells[0]:14}{cells[1]:9}" + "".join(f"{cell:>13}" for cell in cells[2:])


def _size(folder: Path) -> int:
    files = [folder / name for name in FILES]
    return sum(file.stat().st_size for file in files if file.is_file())


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.2f}"
