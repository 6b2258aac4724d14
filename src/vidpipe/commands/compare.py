"""`vidpipe compare`: runs side by side, in the terminal or as a page."""

from pathlib import Path
from tempfile import TemporaryDirectory

import click

from vidpipe.commands.outputs import check_out
from vidpipe.config.loader import FILE, read
from vidpipe.reporting import side_by_side
from vidpipe.reproduction.comparison import TOLERANCES, tolerance_of, tolerances
from vidpipe.reproduction.named_runs import find_run
from vidpipe.tracking.headlines import HEADLINES
from vidpipe.utils.atomic import whole_file
from vidpipe.utils.errors import UserError


@click.command()
@click.argument("runs", nargs=-1, required=True)
@click.option("--model", help="This one alone.")
@click.option(
    "--html",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write a page too: films that start, stop and step together, and the same tables.",
)
def compare(runs: tuple[str, ...], model: str | None, html: Path | None) -> None:
    """Compare the headline scores and the parameters of RUNS.

    A run is named by a tag, branch or commit, by an experiment of DVC, by a run of MLflow (its id,
    the start of it, or its name), or is the `workspace`. Differences are from the first. Those
    within the tolerance of conf/tolerances.yaml say nothing: other seeds differ as much. Scores by
    different classifiers cannot be compared, and are marked.

    \b
      vidpipe compare main workspace
      vidpipe compare puffy-daks 3f9a --html films.html
    """
    read(Path(FILE))  # fails with advice outside of a project
    if len(runs) < 2:
        raise UserError(f"expected two runs or more, got {runs[0]}; `workspace` is one")
    if model is not None and model not in HEADLINES:
        raise UserError(
            f"--model {model}: expected one that has scores; there are: {', '.join(HEADLINES)}"
        )
    if html:
        check_out("--html", html, (".html",))
    with TemporaryDirectory() as folder:
        films = Path(folder) if html else None
        compared = [find_run(Path.cwd(), name, films) for name in runs]
        if model:
            compared = [_with_one_model(run, model) for run in compared]
        groups = side_by_side.compare(compared, _tolerances(compared), with_films=html is not None)
        for line in side_by_side.lines(compared, groups):
            click.echo(line)
        if not groups:
            click.echo("no model is in two of them: there is nothing to compare")
        if html:
            with whole_file(html) as partial:
                text = side_by_side.render_comparison(compared, groups)
                partial.write_text(text, encoding="utf-8")
            click.echo(f"\n{html}: open it in a browser")


def _with_one_model(run: side_by_side.ComparedRun, model: str) -> side_by_side.ComparedRun:
    """Return a run with one model, or none."""
    models = {name: one for name, one in run.models.items() if name == model}
    return side_by_side.ComparedRun(run.name, run.kind, models)


def _tolerances(runs: list[side_by_side.ComparedRun]) -> dict[str, dict[str, float]]:
    """Return the tolerances of the first run's headline scores, by model and metric."""
    if not Path(TOLERANCES).is_file():
        return {}
    stated = tolerances(Path.cwd())
    return {
        name: {
            score.metric: tolerance_of(
                stated.get(name, {}), score.metric, one.numbers.get(score.metric)
            )
            for score in HEADLINES[name]
        }
        for name, one in runs[0].models.items()
    }
