"""`vidpipe dvc-yaml`: write DVC's stages."""

from pathlib import Path

import click

from vidpipe.config.loader import FILE as PARAMS
from vidpipe.config.loader import read
from vidpipe.reproduction.dvc_yaml import FILE, render
from vidpipe.utils.errors import UserError


@click.command("dvc-yaml")
@click.option("--check", is_flag=True, help="Write nothing; fail if dvc.yaml is stale.")
def dvc_yaml(check: bool) -> None:
    """Write dvc.yaml from Kedro's pipelines and catalog."""
    read(Path(PARAMS))  # fails with advice outside of a project
    text = render(Path.cwd())
    path = Path(FILE)
    fresh = path.is_file() and path.read_text(encoding="utf-8") == text
    if check and not fresh:
        raise UserError(f"{FILE} is stale: run `vidpipe dvc-yaml` and commit it")
    if not fresh:
        path.write_text(text, encoding="utf-8")
    click.echo(f"{FILE} is up to date" if fresh else f"{FILE} written")
