"""`vidpipe preset`: set a group of parameters."""

from pathlib import Path

import click

from vidpipe.config.presets import COMMITTED, apply_preset, kind_of


@click.command()
@click.argument("name")
@click.argument("model", required=False)
def preset(name: str, model: str | None) -> None:
    """Set a group of parameters in params.yaml; comments stay.

    A scale sets size, steps and device of all models: smoke (everything runs in minutes,
    results mean nothing), laptop (two to three hours on two cores), evening (up to two hours a
    model), gpu (any GPU of 8 GB) or paper (a large one). A recipe sets how a model learns:
    report (as in the project report) or steady (which measures better); name a MODEL to set its
    recipe alone. A runtime sets device and arithmetic: portable (equal bits on any x86-64
    processor with AVX2) or fast (the GPU or all cores of this machine, bf16 where it is
    native); set it after the scale. Committed are laptop, steady and portable.

    \b
      vidpipe preset laptop
      vidpipe preset report pix2pix
      vidpipe preset fast
    """
    changes = apply_preset(Path.cwd(), name, model)
    for change in changes:
        click.echo(change)
    committed = COMMITTED[kind_of(Path.cwd(), name)]
    back = f"; `vidpipe preset {committed}` goes back" if changes and name != committed else ""
    click.echo(f"{len(changes)} changed; `dvc repro` now runs what they touch{back}")
