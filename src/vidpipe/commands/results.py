"""`vidpipe results`: a table of committed and rebuilt metrics."""

from pathlib import Path

import click

from vidpipe.config.loader import FILE, read, read_text
from vidpipe.reproduction import worktree
from vidpipe.reproduction.record import LOCK, Numbers, read_numbers
from vidpipe.tracking.headlines import HEADLINES
from vidpipe.tracking.provenance import git
from vidpipe.tracking.trust import CLASSIFIERS, few_samples
from vidpipe.utils.errors import UserError
from vidpipe.utils.names import amount


@click.command()
def results() -> None:
    """Compare the metrics in the work tree with those committed, in one table.

    The table has a line for each headline score; the count at its end is of all metrics.
    """
    here = Path.cwd()
    read(Path(FILE))  # fails with advice outside of a project
    commit = worktree.commit_of(here, "HEAD")
    files = sorted(Path("metrics").glob("*.json"))
    if not files:
        raise UserError("metrics/: nothing there yet; run `dvc repro`")
    click.echo(f"{'':44}{'committed':>12}{'rebuilt':>12}")
    differing = 0
    total = 0
    notes = []
    classifiers = changed_classifiers(here, commit)
    for file in files:
        rebuilt = read_numbers(file.read_bytes(), file.as_posix())
        committed = _committed(here, commit, file)
        # A line for the metric of each headline score, as it is printed.
        for score in HEADLINES.get(file.stem, ()):
            old = _cell(committed.get(score.metric))
            new = _cell(rebuilt.get(score.metric))
            marks = [] if old == new else ["differs"]
            if score.classifier in classifiers:
                marks.append("by another classifier")
            name = f"{file.stem} {score.metric}"
            click.echo(f"{name:44}{old:>12}{new:>12}  {', '.join(marks)}".rstrip())
        # The count takes in all metrics, with all their digits.
        names = committed.keys() | rebuilt.keys()
        total += len(names)
        differing += sum(committed.get(name) != rebuilt.get(name) for name in names)
        if few := few_samples(rebuilt):
            notes.append(f"{file.stem}: {few}")
    # Two classifiers are two scales.
    notes += [
        f"{name} is not the committed one: its scores are on another scale, and not to be compared"
        for name in classifiers
    ]
    for note in notes:
        click.echo(f"! {note}")
    verdict = "all equal" if not differing else f"{differing} differ"
    click.echo(f"{amount(total, 'number')} compared: {verdict}")


def changed_classifiers(project: Path, commit: str) -> list[str]:
    """Return the classifiers whose weights in the work tree's `dvc.lock` are not a commit's."""
    now = _outputs((project / LOCK).read_text("utf-8") if (project / LOCK).is_file() else "")
    then = _outputs(git(project, "show", f"{commit}:./{LOCK}"))
    names = sorted({*CLASSIFIERS.values()})
    # One that is new since the commit has not changed.
    return [name for name in names if name in now and now[name] != then.get(name, now[name])]


def _outputs(lock: str) -> dict[str, str]:
    """Return the hash of the first output, the model, of each stage in the text of a `dvc.lock`."""
    stages = (read_text(lock, LOCK) if lock else {}).get("stages", {})
    return {name: stage["outs"][0]["md5"] for name, stage in stages.items() if stage.get("outs")}


def _committed(project: Path, commit: str, file: Path) -> Numbers:
    """Return the metrics of a file as a commit has it; none if it has no such file."""
    name = f"{commit}:./{file.as_posix()}"
    text = git(project, "show", name)
    return read_numbers(text.encode(), name) if text else {}


def _cell(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"
