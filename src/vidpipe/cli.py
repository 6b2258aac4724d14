"""The commands of `vidpipe`, and `kedro run`: errors of the user are told in one line.

Kedro finds this module by its name and takes `cli` for the project's own commands.
"""

import ast
import functools
import signal
import sys
import traceback
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from vidpipe.utils.errors import UserError

BY_SIGNAL = 128  # plus the number of the signal: the exit status, as shells report it
RUN = "run"
RUNNER = "SequentialRunner"
# Module of each command, whose function has its name.
COMMANDS = {
    "compare": "vidpipe.commands.compare",
    "dvc-yaml": "vidpipe.commands.dvc_yaml",
    "export": "vidpipe.commands.export",
    "generate": "vidpipe.commands.generate",
    "glyphs": "vidpipe.commands.glyphs",
    "models": "vidpipe.commands.models",
    "new": "vidpipe.commands.new",
    "pairs": "vidpipe.commands.pairs",
    "play": "vidpipe.commands.play",
    "predict": "vidpipe.commands.predict",
    "preset": "vidpipe.commands.preset",
    "refresh": "vidpipe.commands.refresh",
    "report": "vidpipe.commands.report",
    "reproduce": "vidpipe.commands.reproduce",
    "results": "vidpipe.commands.results",
    RUN: "kedro.framework.cli.project",
    "ui": "vidpipe.commands.ui",
    "use": "vidpipe.commands.use",
}
NAMES = "there are: {names}"
# Start of a refusal by Kedro -> what to do.
ADVICE = {
    "Failed to find the pipeline": NAMES,
    "Pipeline does not contain nodes": NAMES,
    "Pipeline does not contain datasets": "conf/base/catalog.yml names them",
    "Pipeline input(s)": "expected them in conf/base/catalog.yml; `git checkout conf` restores it",
    "Pipeline contains no nodes": (
        "leave out --tags, as nodes have none here, or some of --nodes, --from-nodes and "
        "--to-nodes, which take names of stages"
    ),
}


class LazyCommands(click.Group):
    """All commands by name, each imported when it is asked for: torch and others take seconds."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command, and have it report errors as all do."""
        if cmd_name in COMMANDS and cmd_name not in self.commands:
            self.add_command(_load(cmd_name))
        return super().get_command(ctx, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List all commands for `--help`."""
        with formatter.section("Commands"):
            formatter.write_dl((name, summary(name)) for name in sorted(COMMANDS))


def summary(name: str) -> str:
    """Return the first sentence of a command's help, read without an import of its module."""
    if name == RUN:
        return "Run the pipeline."
    module = COMMANDS[name]
    source = Path(__file__).parents[1].joinpath(*module.split(".")).with_suffix(".py")
    tree = ast.parse(source.read_text(encoding="utf-8"))
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    text = ast.get_docstring(functions[module.rpartition(".")[2]]) or ""
    return " ".join(text.partition("\n\n")[0].split())


def _load(name: str) -> click.Command:
    """Return a command whose errors are reported; of a group, those of its commands."""
    if name == RUN:
        return _load_run()
    module = COMMANDS[name]
    command: click.Command = getattr(import_module(module), module.rpartition(".")[2])
    if isinstance(command, click.Group):
        for member in command.commands.values():
            report_user_errors(member)
        return command
    return report_user_errors(command)


def _load_run() -> click.Command:
    """Return Kedro's command, and set Kedro up for the project around the current folder."""
    from kedro.utils import find_kedro_project  # noqa: PLC0415 (a quarter of a second)

    here = Path.cwd()
    root = find_kedro_project(here)
    if root is None:
        raise click.ClickException(
            f"{here}: expected the project's root or a folder in it; `cd` to the clone"
        )
    from kedro.framework import project  # noqa: PLC0415 (logs if it is outside of a project)
    from kedro.framework.cli.project import run  # noqa: PLC0415
    from kedro.framework.startup import bootstrap_project  # noqa: PLC0415

    if project.PACKAGE_NAME is None:  # `kedro run` has done so
        bootstrap_project(root)
    return report_user_errors(run, before=_refuse_runner)


def _refuse_runner(options: dict[str, Any]) -> None:
    """Raise UserError for a runner under which nodes do not work."""
    if (runner := options["runner"]) not in (None, RUNNER):
        raise UserError(
            f"--runner {runner}: expected {RUNNER}, since nodes share this process's locks, seeds "
            "and run of MLflow; leave --runner out"
        )


def report_user_errors(
    command: click.Command, *, before: Callable[[dict[str, Any]], None] = lambda options: None
) -> click.Command:
    """Make a command report errors of the user in one line; a bug keeps its traceback.

    SIGTERM and SIGHUP end the command by `SystemExit`, so that `finally` blocks clear up.

    Args:
        command: Its callback is replaced.
        before: Called with the options, first.
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
            before(kwargs)
            return inner(*args, **kwargs)
        except KeyboardInterrupt:
            resume = "; the same command goes on from what was finished"
            click.echo(f"\nstopped{resume if command.name == RUN else ''}", err=True)
            sys.exit(BY_SIGNAL + signal.SIGINT)
        except click.ClickException:
            raise
        except Exception as error:
            # As of `| head`, which has read enough: click ends the command without a word.
            if isinstance(error, BrokenPipeError) and _modules(error)[-1].startswith("click."):
                raise
            if not (message := user_message(error)):
                raise
            raise click.ClickException(message) from error

    command.callback = callback
    return command


def user_message(error: Exception) -> str:
    """Return what a user can do about an error; empty if it is a bug.

    In a chain of errors, the first that is the user's has the word.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, UserError) or getattr(cause, "filename", None):
            return str(cause)
        cause = cause.__cause__
    text = str(error)
    if "out of memory" in text or "can't allocate memory" in text:
        return (
            "out of memory: lower the model's train.batch, its width or the size of its frames "
            f"({text.splitlines()[0]})"
        )
    refusal = " ".join(text.split())
    for start, advice in ADVICE.items():
        if refusal.startswith(start):
            return f"{refusal.split('. ')[0].rstrip('.')}; {_with_names(advice)}"
    if isinstance(error, OSError | FloatingPointError) or _refused_by_kedro(error):
        return refusal
    return ""


def _refused_by_kedro(error: Exception) -> bool:
    """Return True for an error about files of data, or about settings and options of `kedro run`.

    The latter are refused in code of Kedro, before its runner starts the first node.
    """
    modules = _modules(error)
    if any(module.startswith("kedro.runner") for module in modules):
        from kedro.io import DatasetError  # noqa: PLC0415

        return isinstance(error, DatasetError)
    return modules[-1].startswith("kedro.")


def _modules(error: Exception) -> list[str]:
    """Return the names of the modules that an error came through, the one that raised it last."""
    frames = traceback.walk_tb(error.__traceback__)
    return [frame.f_globals.get("__name__", "") for frame, _ in frames]


def _with_names(advice: str) -> str:
    """Return advice with the names of all pipelines in it."""
    from vidpipe.pipeline_registry import STAGES, SUMS  # noqa: PLC0415

    return advice.format(names=", ".join([*SUMS, *STAGES]))


@click.group(cls=LazyCommands)
@click.version_option(package_name="vidpipe", prog_name="vidpipe")
def cli() -> None:
    """Train GANs that make video on your own footage, and reproduce every result to the byte.

    The pipelines run with `dvc repro`, or one at a time with `kedro run --pipelines=pix2pix`. These
    commands prepare their input and show their results.
    """
