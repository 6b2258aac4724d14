"""`vidpipe reproduce`: rebuild what a revision recorded, elsewhere, and compare."""

import sys
import time
from pathlib import Path

import click

from vidpipe.config.loader import FILE, read
from vidpipe.reproduction import promise, workplace
from vidpipe.reproduction.comparison import (
    Comparison,
    Level,
    compare_metrics,
    compare_outputs,
    tolerances,
)
from vidpipe.reproduction.record import (
    declared,
    needed,
    numbers,
    recorded,
    strays,
    unrecorded,
)
from vidpipe.reproduction.report import Maker, Report
from vidpipe.utils.atomic import whole_file
from vidpipe.utils.errors import UserError

DIFFERS, CANNOT_PROMISE = 1, 2
SOURCE = "_fetch"  # how the stages that bring sources end


@click.command()
@click.argument("revision")
@click.option(
    "--level",
    type=click.Choice(["bits", "tolerance"]),
    default="bits",
    show_default=True,
    help="Every byte, or metrics within the revision's conf/tolerances.yaml.",
)
@click.option(
    "--stage", "names", multiple=True, metavar="NAME", help="Only this one and what it needs."
)
@click.option("--pull", is_flag=True, help="Check data pulled from a remote; run nothing.")
@click.option("--remote", metavar="NAME", help="Pull from here; without --pull, sources alone.")
@click.option("--keep", is_flag=True, help="Keep the work tree, and say where it is.")
@click.option(
    "--json", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write the table here."
)
def reproduce(
    revision: str,
    level: Level,
    names: tuple[str, ...],
    pull: bool,
    remote: str | None,
    keep: bool,
    file: Path | None,
) -> None:
    """Rebuild what REVISION recorded and compare every output and metric.

    REVISION is a tag, a branch or a commit. It is checked out and run elsewhere (TMPDIR says
    where), so that this work tree, its cache and its MLflow runs stay as they are. Ends with 0 if
    all agrees, 1 if not, 2 if this machine or its packages cannot promise the level.

    \b
      vidpipe reproduce v0.1.0
      vidpipe reproduce v0.1.0 --stage digits
      vidpipe reproduce v0.1.0 --pull
    """
    began, here = time.monotonic(), Path.cwd()
    read(here / FILE)  # says where to run this, if not here
    commit = workplace.commit_of(here, revision)
    with workplace.folder(keep) as folder:
        _say(f"{revision} ({commit[:12]}) {'goes to' if keep else 'for a while in'} {folder}")
        project = workplace.clone(here, commit, folder)
        known = recorded(project)
        workplace.lend(here, project, [out for stage in known.values() for out in stage.outs])
        stages = needed(known, names)
        allowed = tolerances(project) if level == "tolerance" else {}
        before, inputs = numbers(project, stages), strays(project, stages)
        if not names:
            inputs |= unrecorded(project, stages)
        if level == "tolerance" and not before:
            raise UserError("--level tolerance: expected stages that have metrics, these have none")
        for stage, lines in inputs.items():
            _say(f"{stage} cannot agree: {'; '.join(lines)}")
        there = [name for name in stages if name in declared(project)]
        maker = None if pull else _promised(project, level, revision)
        if pull and there:
            workplace.pull(here, project, remote, there)
        elif there:  # DVC takes no stage for all
            workplace.clear(project, [out for stage in stages.values() for out in stage.outs])
            _rebuild(here, project, remote, there)
        metrics = compare_metrics(before, numbers(project, stages), allowed)
        found = Comparison(level, compare_outputs(project, stages), metrics, inputs)
    _show(Report(revision, commit, maker, found, time.monotonic() - began), file)


def _promised(project: Path, level: Level, revision: str) -> Maker:
    """Who rebuilds. Ends where bits cannot be promised: the level is never lowered silently."""
    runtime = promise.runtime(project)
    maker = Maker(promise.this_machine(runtime), list(promise.differing(project)))
    if runtime["device"] == "cuda" and maker.machine.device == "cpu":
        _say(
            f"{revision} is made on a CUDA device (runtime.device), and this build of torch "
            f"({maker.machine.torch}) finds none; --pull checks its data, and runs nothing"
        )
        sys.exit(CANNOT_PROMISE)
    lacking = [*maker.packages, *promise.lacking(project, runtime, maker.machine)]
    for line in lacking:
        _say(line)
    if lacking and level == "bits":
        _say(
            f"this machine cannot promise the bits of {revision}. Packages: in a new environment, "
            f"`git show {revision}:{promise.REQUIREMENTS} > lock.txt`, `pip install -r lock.txt`, "
            "`pip install --no-deps --editable .`; or compare metrics with --level tolerance"
        )
        sys.exit(CANNOT_PROMISE)
    return maker


def _rebuild(here: Path, project: Path, remote: str | None, stages: list[str]) -> None:
    """Run the stages in earnest; sources come from a remote if one is named."""
    if frozen := [name for name in stages if declared(project)[name].get("frozen")]:
        workplace.run(project, "dvc", "unfreeze", *frozen)
    sources = [name for name in stages if name.endswith(SOURCE)]
    if remote and sources:
        workplace.pull(here, project, remote, sources)
        workplace.run(project, "dvc", "freeze", *sources)
    # Nothing is restored from an earlier run, and no second copy goes to a cache.
    words = ["--force", "--no-run-cache", "--no-commit"]
    workplace.run(project, "dvc", "repro", *words, *stages)


def _show(report: Report, file: Path | None) -> None:
    for line in report.table():
        click.echo(line)
    if file:
        with whole_file(file) as partial:
            partial.write_text(report.json(), encoding="utf-8")
    if not report.comparison.agrees:
        sys.exit(DIFFERS)


def _say(text: str) -> None:
    click.echo(text, err=True)
