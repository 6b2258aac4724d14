"""`vidpipe reproduce`: rebuild the results of a revision elsewhere, and compare."""

import sys
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import click
from dvc.stage import PipelineStage

from vidpipe.commands.outputs import check_out
from vidpipe.config.loader import FILE, read
from vidpipe.reproduction import guarantees, worktree
from vidpipe.reproduction.comparison import compare_metrics, compare_outputs, tolerances
from vidpipe.reproduction.record import (
    LOCK,
    STAGES,
    declared,
    mismatches,
    numbers,
    recorded,
    with_upstream,
)
from vidpipe.reproduction.report import Builder, Level, Report
from vidpipe.tracking.mlflow_tracker import RunSource, run_source
from vidpipe.utils import children
from vidpipe.utils.atomic import whole_file
from vidpipe.utils.errors import UserError
from vidpipe.utils.hashing import md5

DIFFERS, NO_GUARANTEE = 1, 2  # exit codes
HASHES = "requirements.hashes"  # of the files of the lock, as `make env` checks them
SOURCES = ("_files", "_fetch")  # suffixes of the stages that bring sources
_say = partial(click.echo, err=True)


@click.command()
@click.argument("revision", required=False)
@click.option(
    "--run", "run_id", metavar="ID", help="Rebuild a run of MLflow: its revision, its stage."
)
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
@click.option(
    "--env", "own_packages", is_flag=True, help="With the packages of the revision's lock, anew."
)
@click.option("--keep", is_flag=True, help="Keep the work tree, and say where it is.")
@click.option(
    "--json", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write the table here."
)
def reproduce(
    revision: str | None,
    run_id: str | None,
    level: Level,
    names: tuple[str, ...],
    pull: bool,
    remote: str | None,
    own_packages: bool,
    keep: bool,
    file: Path | None,
) -> None:
    """Rebuild what REVISION recorded and compare every output and metric.

    REVISION is a tag, a branch or a commit. It is checked out and run elsewhere (TMPDIR says
    where), so that this work tree, its cache and its MLflow runs stay as they are. Ends with 0 if
    all agrees, 1 if not, 2 if this machine or its packages cannot promise the level.

    \b
      vidpipe reproduce HEAD
      vidpipe reproduce HEAD --stage digits
      vidpipe reproduce HEAD --pull
      vidpipe reproduce --run 9a38b19d2046491abaa71285100e61ed
    """
    start = time.monotonic()
    here = Path.cwd()
    read(here / FILE)  # fails with advice outside of a project
    revision, source = _target(here, revision, run_id)
    if file:
        check_out("--json", file)
    commit = worktree.commit_of(here, revision)
    if own_packages:
        sys.exit(
            _with_own_packages(here, commit, [word for word in sys.argv[1:] if word != "--env"])
        )
    with worktree.scratch(keep=keep) as folder:
        _say(f"{revision} ({commit[:12]}) {'goes to' if keep else 'for a while in'} {folder}")
        # Of an older revision a work tree is expected to differ.
        if commit == worktree.commit_of(here, "HEAD") and (
            others := worktree.uncommitted(here, commit)
        ):
            _say(
                f"the work tree has other {', '.join(others)} than {revision}, which alone is "
                "rebuilt: to prove what lies here, commit it first"
            )
        # Check the revision out, with the user's own files and none of the outputs.
        project = worktree.clone(here, commit, folder)
        records = recorded(project)
        names = names or _stages_of(source, records)
        worktree.lend(here, project, [out for stage in records.values() for out in stage.outs])
        # Read all that is to be compared before a run overwrites it.
        stages = with_upstream(records, names)
        declarations = declared(project)
        runnable = {name: declarations[name] for name in stages if name in declarations}
        allowed = tolerances(project) if level == "tolerance" else {}
        before = numbers(project, runnable)
        if level == "tolerance" and not before:
            raise UserError("--level tolerance: expected stages that have metrics, these have none")
        unlike = {k: list(v.values()) for k, v in mismatches(project, stages, declarations).items()}
        if not names:
            new = [name for name in declarations if name not in stages]
            unlike |= {name: [f"in {STAGES}, not in {LOCK}"] for name in new}
        for name, lines in unlike.items():
            _say(f"{name} cannot agree: {'; '.join(lines)}")
        # Pull the outputs, or rebuild them.
        builder = None if pull else _builder(project, level, revision)
        if pull and runnable:
            worktree.pull(here, project, remote, list(runnable))
        elif runnable:  # without a name, DVC would run all
            worktree.clear(project, [out for stage in stages.values() for out in stage.outs])
            _rebuild(here, project, remote, runnable)
        outputs = compare_outputs(project, stages)
        metrics = compare_metrics(before, numbers(project, runnable), allowed)
        same_weights = not source or _has_weights_of(source, project)
    seconds = round(time.monotonic() - start, 1)
    report = Report(revision, commit, builder, level, outputs, metrics, unlike, seconds)
    _print_report(report, file)
    if source:
        click.echo(f"the weights of run {run_id} {'are' if same_weights else 'are not'} reproduced")
    sys.exit(0 if report.agrees and same_weights else DIFFERS)


def _print_report(report: Report, file: Path | None) -> None:
    """Print the table, and write the JSON."""
    for line in report.table():
        click.echo(line)
    if file:
        with whole_file(file) as partial:
            partial.write_text(report.json(), encoding="utf-8")


def _target(here: Path, revision: str | None, run_id: str | None) -> tuple[str, RunSource | None]:
    """Return the revision to rebuild, and the run of MLflow if it was named by one.

    Raises:
        UserError: If none is named, or both are; if the run cannot be rebuilt.
    """
    if revision and not run_id:
        return revision, None
    if revision or not run_id:
        raise UserError("expected a revision or --run ID, one of both; --help shows examples")
    source = run_source(here, run_id)
    return _revision_of(here, source), source


def _revision_of(here: Path, source: RunSource) -> str:
    """Return the commit that a run of MLflow can be rebuilt from.

    Raises:
        UserError: If there is none: its code or parameters were never committed.
    """
    advice = "commit first, run again, and take the id of the new row"
    if source.experiment and (commit := worktree.experiments(here).get(source.experiment)):
        return commit
    if not source.commit:
        raise UserError(f"--run: expected a run of a commit, this one notes none; {advice}")
    if source.is_dirty:
        raise UserError(
            f"--run: expected a run of committed code and parameters, this one ran on changes to "
            f"{source.commit[:12]} that were not committed; {advice}"
        )
    return worktree.results_commit(here, source.commit)


def _stages_of(source: RunSource | None, records: Mapping[str, object]) -> tuple[str, ...]:
    """Return the stage that scores a run's model, and needs the one that trains it."""
    if not source:
        return ()
    stage = f"{source.model}_evaluate"
    return (stage if stage in records else source.model,)


def _has_weights_of(source: RunSource, project: Path) -> bool:
    """Return True if a file of the rebuilt model has the hash that the run is tagged with."""
    files = (project / "data/06_models" / source.model).glob("*.safetensors")
    return source.weights_md5 in {md5(file) for file in files}


def _with_own_packages(here: Path, commit: str, words: list[str]) -> int:
    """Run this command in an environment by the revision's lock, and return its exit code."""
    with worktree.scratch(keep=False) as folder:
        project = worktree.clone(here, commit, folder)
        if not (project / guarantees.REQUIREMENTS).is_file():
            raise UserError(f"--env: {guarantees.REQUIREMENTS} is not in this revision")
        home = project / ".venv"
        _say(f"installing the packages of {commit[:12]} in {home}")
        worktree.run(project, sys.executable, "-m", "venv", str(home))
        python = str(home / Path(sys.executable).parent.name / "python")
        install = (python, "-m", "pip", "install", "--quiet")
        if (project / HASHES).is_file():  # of all but torch
            worktree.run(
                project, *install, "--no-deps", "--require-hashes", "--requirement", HASHES
            )
        worktree.run(project, *install, "--requirement", guarantees.REQUIREMENTS)
        # The command's own code is that of this project, as without --env.
        command = [python, "-m", "vidpipe", *words]
        return children.run(command, cwd=here, env=worktree.environment(here))


def _builder(project: Path, level: Level, revision: str) -> Builder:
    """Describe this platform. End where it does not guarantee the level, which is never lowered."""
    runtime = guarantees.runtime(project)
    machine = guarantees.this_platform(runtime)
    if runtime["device"] == "cuda" and machine.device == "cpu":
        _say(
            f"{revision} is made on a CUDA device (runtime.device), and this build of torch "
            f"({machine.torch}) finds none; --pull checks its data, and runs nothing"
        )
        sys.exit(NO_GUARANTEE)
    packages = list(guarantees.package_mismatches(project))
    lines = [*packages, *guarantees.platform_mismatches(project, runtime, machine)]
    for line in lines:
        _say(line)
    if lines and level == "bits":
        _say(
            f"this machine cannot promise the bits of {revision}. Its packages come with --env; or "
            "compare metrics with --level tolerance"
        )
        sys.exit(NO_GUARANTEE)
    return Builder(machine, packages)


def _rebuild(
    here: Path, project: Path, remote: str | None, stages: Mapping[str, PipelineStage]
) -> None:
    """Run the stages; the sources come from a remote if one is named."""
    if frozen := [name for name, stage in stages.items() if stage.frozen]:
        worktree.run(project, "dvc", "unfreeze", *frozen)
    sources = [name for name in stages if name.endswith(SOURCES)]
    if remote and sources:
        worktree.pull(here, project, remote, sources)
        worktree.run(project, "dvc", "freeze", *sources)
    # Nothing is restored from an earlier run, and no second copy goes to a cache.
    worktree.run(project, "dvc", "repro", "--force", "--no-run-cache", "--no-commit", *stages)
