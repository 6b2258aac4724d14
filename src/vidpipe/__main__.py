"""Entry point of `vidpipe` and `python -m vidpipe`."""

from vidpipe.cli import cli


def main() -> None:
    """Run a command."""
    cli(prog_name="vidpipe")


if __name__ == "__main__":
    main()
