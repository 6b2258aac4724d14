"""The commands of `vidpipe`, and `kedro run` with errors that a person can read.

Kedro finds this module by its name and takes `cli` for the project's own commands.
"""

import functools
import sys
from collections.abc import Callable
from typing import Any

import click
from kedro.framework.cli.project import run as kedro_run
from kedro.io import DatasetError

from vidpipe.commands.dvc_yaml import dvc_yaml
from vidpipe.commands.pairs import pairs
from vidpipe.commands.predict import predict
from vidpipe.commands.preset import preset
from vidpipe.commands.results import results
from vidpipe.commands.ui import ui
from vidpipe.commands.use import use
from vidpipe.errors import UserError

INTERRUPTED = 130  # 128 + SIGINT, as shells say it


def plainly(command: click.Command) -> click.Command:
    """The command, telling a user's mistakes in a line; a bug keeps its traceback."""
    inner: Callable[..., Any] = command.callback  # type: ignore[assignment]

    @functools.wraps(inner)
    def callback(*args: Any, **kwargs: Any) -> Any:
        try:
            return inner(*args, **kwargs)
        except KeyboardInterrupt:
            click.echo("\nstopped; nothing half-done is left behind", err=True)
            sys.exit(INTERRUPTED)
        except (UserError, DatasetError, OSError, FloatingPointError) as error:
            raise click.ClickException(said(error)) from error

    command.callback = callback
    return command


def said(error: BaseException) -> str:
    """The words of the user's error at the bottom of a chain, else of the error."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, UserError | OSError):
            return str(cause)
        cause = cause.__cause__
    return str(error)


@click.group()
def cli() -> None:
    """Turn footage into GANs that make video, and prove how.

    The pipelines run with `dvc repro`, or one at a time with `kedro run --pipeline=pix2pix`; these
    commands stand around them.
    """


for _command in (preset, use, predict, results, ui, dvc_yaml):
    cli.add_command(plainly(_command))
for _command in pairs.commands.values():
    plainly(_command)
cli.add_command(pairs)
cli.add_command(plainly(kedro_run))
