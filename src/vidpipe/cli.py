"""The commands of `vidpipe`, and `kedro run` with errors that a person can read.

Kedro finds this module by its name and takes `cli` for the project's own commands.
"""

import functools
import signal
import sys
from collections.abc import Callable
from typing import Any

import click
from kedro.framework.cli.project import run as kedro_run
from kedro.io import DatasetError

from vidpipe.commands.dvc_yaml import dvc_yaml
from vidpipe.commands.generate import generate
from vidpipe.commands.glyphs import glyphs
from vidpipe.commands.pairs import pairs
from vidpipe.commands.predict import predict
from vidpipe.commands.preset import preset
from vidpipe.commands.refresh import refresh
from vidpipe.commands.reproduce import reproduce
from vidpipe.commands.results import results
from vidpipe.commands.ui import ui
from vidpipe.commands.use import use
from vidpipe.pipeline_registry import STAGES, SUMS
from vidpipe.utils.errors import UserError

SIGNALLED = 128  # and the number of the signal, as shells say it


def plainly(command: click.Command) -> click.Command:
    """The command, telling a user's mistakes in a line; a bug keeps its traceback."""
    inner: Callable[..., Any] = command.callback  # type: ignore[assignment]

    @functools.wraps(inner)
    def callback(*args: Any, **kwargs: Any) -> Any:
        for ending in (signal.SIGTERM, signal.SIGHUP):  # in order, so that scratch is cleared
            if signal.getsignal(ending) is not signal.SIG_IGN:  # as `nohup` asks
                signal.signal(ending, lambda number, _: sys.exit(SIGNALLED + number))
        try:
            return inner(*args, **kwargs)
        except KeyboardInterrupt:
            goes_on = "; the same command goes on from what was finished"
            click.echo(f"\nstopped{goes_on if command is kedro_run else ''}", err=True)
            sys.exit(SIGNALLED + signal.SIGINT)
        except (UserError, DatasetError, OSError, FloatingPointError) as error:
            raise click.ClickException(said(error)) from error
        except (ValueError, RuntimeError) as error:
            if not (known := recognised(error)):
                raise
            raise click.ClickException(known) from error

    command.callback = callback
    return command


def said(error: BaseException) -> str:
    """The words of the user's error at the bottom of a chain, else of the error."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, UserError) or getattr(cause, "filename", None):
            return str(cause)
        cause = cause.__cause__
    return str(error)


def recognised(error: BaseException) -> str:
    """What to say of other people's errors that a user can mend; nothing if it is a bug."""
    text = str(error)
    if text.startswith(("Failed to find the pipeline named", "Pipeline does not contain nodes")):
        return f"{text}\nThere are: {', '.join([*SUMS, *STAGES])}"
    if "out of memory" in text or "can't allocate memory" in text:
        return (
            "out of memory: lower the model's train.batch, its width or the size of its frames "
            f"({text.splitlines()[0]})"
        )
    return ""


@click.group()
def cli() -> None:
    """Turn footage into GANs that make video, and prove how.

    The pipelines run with `dvc repro`, or one at a time with `kedro run --pipeline=pix2pix`; these
    commands stand around them.
    """


for _command in (
    preset,
    use,
    predict,
    generate,
    glyphs,
    results,
    reproduce,
    refresh,
    ui,
    dvc_yaml,
):
    cli.add_command(plainly(_command))
for _command in pairs.commands.values():
    plainly(_command)
cli.add_command(pairs)
cli.add_command(plainly(kedro_run))
