"""Measure this project against what one would take instead.

    make bench                                 all, about twenty minutes on two cores
    python -m benchmarks.bench --quick         the same in small, to try it out
    python -m benchmarks.bench --only reading  one subject; the others stay as measured before

Each side runs in a process of its own, as a user would start it, in turn with the others, several
times over. Let nothing else run. It writes `benchmarks/bench.json`, the tables between the markers
of docs/performance.md, and docs/images/speed.svg; a try writes all three to `.vidpipe/bench/`.
"""

import json
import logging
import tempfile
import time
from pathlib import Path
from typing import Any

import click

from benchmarks.bench import overhead, packing, page, reading, steps, training
from benchmarks.bench.machine import machine
from benchmarks.bench.sides import ROOT
from benchmarks.inputs import make_data
from vidpipe.utils.errors import UserError

SUBJECTS = {
    "training": training.compare,
    "reading": reading.compare,
    "packing": packing.compare,
    "overhead": overhead.compare,
    "profile": steps.compare,
}
ON_DATA = ("training", "packing", "profile")  # the others make what they read
RESULTS = ROOT / "benchmarks/bench.json"
TRIES = ROOT / ".vidpipe/bench"


@click.command(help=__doc__)
@click.option("--quick", is_flag=True, help="In small: the numbers mean nothing.")
@click.option("--only", type=click.Choice([*SUBJECTS]), multiple=True, help="Subjects.")
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True)
@click.option("--seconds", type=float, default=3.0, show_default=True, help="Of a side, a round.")
@click.option("--out", type=click.Path(path_type=Path), help="A folder, for all that is written.")
def main(quick: bool, only: tuple[str, ...], rounds: int, seconds: float, out: Path | None) -> None:
    """Measure, and write tables, JSON and figure."""
    logging.disable(logging.INFO)
    out = out or (TRIES if quick else None)
    results = out / RESULTS.name if out else RESULTS
    scope = {"rounds": 1 if quick else rounds, "seconds": 0.1 if quick else seconds}
    facts: dict[str, Any] = {"quick": quick, "machine": machine()}
    if only and results.is_file():  # the other subjects stay as they were measured before
        facts = {**json.loads(results.read_text(encoding="utf-8")), **facts}
    failed = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = folder / "data"
        subjects = only or tuple(SUBJECTS)
        if set(subjects) & set(ON_DATA):
            make_data(data, training.data_params(quick=quick), draw=True)
            training.write_pictures(data)
        for subject in subjects:
            begun = time.perf_counter()
            place = data if subject in ON_DATA else folder / subject
            place.mkdir(exist_ok=True)
            try:
                facts[subject] = SUBJECTS[subject](place, quick=quick, **scope)
            except UserError as error:  # what is measured by then, and after, is kept
                failed.append(f"{subject}: {error}")
            click.echo(f"{subject}: {time.perf_counter() - begun:.0f} s", err=True)
            page.write(facts, results, out)
    if failed:
        raise click.ClickException("; ".join(failed))


if __name__ == "__main__":
    main()
