"""`vidpipe dvc-yaml`: write DVC's stages."""

from pathlib import Path

import click

from vidpipe.config.loader import FILE as PARAMS
from vidpipe.config.loader import read
from vidpipe.reproduction.dvc_yaml import render_files
from vidpipe.utils.atomic import whole_file
from vidpipe.utils.errors import UserError


@click.command("dvc-yaml")
@click.option("--check", is_flag=True, help="Write nothing; fail if a file is stale.")
def dvc_yaml(check: bool) -> None:
    """Write dvc.yaml from Kedro's pipelines and catalog.

    In a project made by `vidpipe new`, it also writes vidpipe.lock, which names the installed
    package. Every stage depends on that file.
    """
    read(Path(PARAMS))  # fails with advice outside of a project
    for file, text in render_files(Path.cwd()).items():
        path = Path(file)
        fresh = path.is_file() and path.read_text(encoding="utf-8") == text
        if check and not fresh:
            raise UserError(f"{file} is stale: run `vidpipe dvc-yaml` and commit it")
        if not fresh:
            with whole_file(path) as partial:
                partial.write_text(text, encoding="utf-8")
        click.echo(f"{file} is up to date" if fresh else f"{file} written")
