"""`vidpipe preset`: change a group of parameters."""

from pathlib import Path

import click

from vidpipe.config.editing import settle
from vidpipe.config.loader import read
from vidpipe.utils.errors import UserError

FOLDER = Path("conf/presets")


def names(project: Path, kind: str) -> list[str]:
    """Presets of a kind, `scale` or `recipe`."""
    return sorted(path.stem for path in (project / FOLDER / kind).glob("*.yaml"))


@click.command()
@click.argument("name")
@click.argument("model", required=False)
def preset(name: str, model: str | None) -> None:
    """Set a group of parameters in params.yaml; comments stay.

    A scale sets size, steps and device for all models: smoke (CI: two minutes), laptop (two
    cores, fifty minutes) or paper (a GPU). A recipe says how a model learns: report (as
    the project report had it) or steady (what measures better); name a MODEL to set its recipe
    alone.

    \b
      vidpipe preset laptop
      vidpipe preset report pix2pix
    """
    project = Path.cwd()
    kinds = {kind: names(project, kind) for kind in ("scale", "recipe")}
    kind = next((kind for kind, known in kinds.items() if name in known), None)
    if kind is None:
        known = "; ".join(f"{kind}s: {', '.join(of)}" for kind, of in kinds.items())
        raise UserError(f"unknown preset {name!r}; {known}. Run it at the project's root")
    patch = read(project / FOLDER / kind / f"{name}.yaml")
    if model is not None:
        if kind == "scale":
            raise UserError(f"{name} is a scale, and scales are for all models: leave {model} out")
        if model not in patch:
            raise UserError(f"no recipe {name} for {model!r}; there is one for: {', '.join(patch)}")
        patch = {model: patch[model]}
    changes = settle(project, patch)
    for change in changes:
        click.echo(change)
    click.echo(f"{len(changes)} changed; `dvc repro` now runs what they touch")
