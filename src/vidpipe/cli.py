"""The commands of `vidpipe`, and `kedro run`: errors of the user are told in one line.

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
from vidpipe.commands.new import new
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

BY_SIGNAL = 128  # plus the number of the signal: the exit status, as shells report it


def report_user_errors(command: click.Command) -> click.Command:
    """Make a command report errors of the user in one line; a bug keeps its traceback.

    SIGTERM and SIGHUP end the command by `SystemExit`, so that `finally` blocks clear up.
    """
    inner: Callable[..., Any] = command.callback  # type: ignore[assignment]

    @functools.wraps(inner)
    def callback(*args: Any, **kwargs: Any) -> Any:
        # Unlike SIGINT, which Python turns into KeyboardInterrupt, these would kill the process
        # before scratch folders are removed.
        for number in {signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)}:  # not on Windows
            if signal.getsignal(number) is not signal.SIG_IGN:  # `nohup` has SIGHUP ignored
                signal.signal(number, lambda received, _: sys.exit(BY_SIGNAL + received))
        try:
            return inner(*args, **kwargs)
        except KeyboardInterrupt:
            resume = "; the same command goes on from what was finished"
            click.echo(f"\nstopped{resume if command is kedro_run else ''}", err=True)
            sys.exit(BY_SIGNAL + signal.SIGINT)
        except (UserError, DatasetError, OSError, FloatingPointError) as error:
            raise click.ClickException(user_message(error)) from error
        except (ValueError, RuntimeError) as error:
            if not (advice := advice_for(error)):
                raise
            raise click.ClickException(advice) from error

    command.callback = callback
    return command


def user_message(error: BaseException) -> str:
    """Return the message of the first error in a chain that is the user's, else of the error."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, UserError) or getattr(cause, "filename", None):
            return str(cause)
        cause = cause.__cause__
    return str(error)


def advice_for(error: BaseException) -> str:
    """Return a message for an error of a library that the user can mend; empty if it is a bug."""
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

    The pipelines run with `dvc repro`, or one at a time with `kedro run --pipeline=pix2pix`. These
    commands prepare their input and show their results.
    """


# Every command reports errors the same way; of a group, each of its commands.
COMMANDS = (
    new,
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
)
for _command in COMMANDS:
    cli.add_command(report_user_errors(_command))
for _command in pairs.commands.values():
    report_user_errors(_command)
cli.add_command(pairs)
cli.add_command(report_user_errors(kedro_run))
