"""`vidpipe report`: one page of what is there of all models."""

from pathlib import Path

import click

from vidpipe.commands.outputs import check_out
from vidpipe.config.loader import FILE, read
from vidpipe.reporting.page import render_report
from vidpipe.reporting.results import read_tree
from vidpipe.utils.atomic import whole_file

REPORT = Path("data/08_reporting/report.html")


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=REPORT,
    show_default=True,
    help="The page, one file that needs no other.",
)
def report(out: Path) -> None:
    """Write one page of all models: films beside real ones, curves, scores, warnings.

    The page shows what is in the work tree: after `dvc repro pix2pix_evaluate` that is pix2pix; of
    the others it says by which command they are made. Where all models are trained, these are the
    bytes of the stage `report`.
    """
    params = read(Path(FILE))  # fails with advice outside of a project
    check_out("--out", out, (".html",))
    page = render_report(read_tree(Path.cwd(), params))
    with whole_file(out) as partial:
        partial.write_text(page, encoding="utf-8")
    click.echo(f"{out}: open it in a browser")
