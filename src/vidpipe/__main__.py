"""Entry point of `vidpipe` and `python -m vidpipe`."""

from pathlib import Path

from kedro.framework.startup import bootstrap_project
from kedro.utils import is_kedro_project

from vidpipe.cli import cli


def main() -> None:
    """Run a command; at a project's root, Kedro is set up for the project first."""
    if is_kedro_project(Path.cwd()):
        bootstrap_project(Path.cwd())
    cli(prog_name="vidpipe")


if __name__ == "__main__":
    main()
