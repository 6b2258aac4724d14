"""`vidpipe`, and `python -m vidpipe`: the project's commands."""

from pathlib import Path

from kedro.framework.startup import bootstrap_project
from kedro.utils import is_kedro_project

from vidpipe.cli import cli


def main() -> None:
    """Run a command at the project's root, or anywhere if it needs no project."""
    if is_kedro_project(Path.cwd()):
        bootstrap_project(Path.cwd())
    cli(prog_name="vidpipe")


if __name__ == "__main__":
    main()
