"""Checks of the file that a command is to write, and what is said of where it came from."""

import os
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

import click

from vidpipe.serving.store import PREDICTOR, origin
from vidpipe.utils.errors import UserError


class ModelName(click.Choice[str]):
    """One of some models; of what is none, it says which is meant."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name, or refuse it with advice."""
        if value == PREDICTOR and PREDICTOR not in self.choices:
            self.fail(f"{value} predicts from a picture or a video: `vidpipe predict`", param, ctx)
        if value not in self.choices and (near := get_close_matches(value, self.choices, 1)):
            self.fail(f"{value!r} is no model: did you mean {near[0]}?", param, ctx)
        return super().convert(value, param, ctx)


def check_out(option: str, out: Path, suffixes: Sequence[str] = ()) -> None:
    """Check that a file of this name can be written; folders that are not there will be made.

    Raises:
        UserError: If the name ends otherwise, or there is no place for such a file.
    """
    if suffixes and out.suffix not in suffixes:
        raise UserError(f"{option} {out}: expected a name that ends in {', '.join(suffixes)}")
    if out.is_dir():
        raise UserError(f"{option} {out}: expected the name of a file, got a folder; add a name")
    nearest = next(folder for folder in out.absolute().parents if os.path.lexists(folder))
    if not nearest.is_dir():
        raise UserError(f"{option} {out}: expected a folder, {nearest} is a file; choose another")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise UserError(
            f"{option} {out}: expected a folder to write to, {nearest} does not allow it; choose "
            "another"
        )


def say_origin(folder: Path) -> None:
    """Say so if weights were not trained here: they were fetched, or came with the package."""
    if (source := origin(folder)) in {"fetched", "shipped"}:
        click.echo(f"{folder}: {source} weights, as none are trained here", err=True)
