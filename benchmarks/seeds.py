"""One model trained from several seeds: do its scores depend on luck?

    python benchmarks/seeds.py dcgan --seeds 0,1,2

Trains and scores with the numbers of params.yaml and the data that `dvc repro` made; nothing of the
project is written. Prints a row per seed, then the medians and the spread (largest less smallest);
with `--tolerances` also what `conf/tolerances.yaml` takes: see docs/reproducibility.md.
"""

import math
import statistics
import tempfile
from importlib import import_module
from pathlib import Path

import click
from scipy.stats import t as students

from vidpipe.config import check, read
from vidpipe.data.packing import read_npz
from vidpipe.training.tracker import NullTracker

SHOWN = ("modes", "kl_uniform", "confident_share", "frechet", "precision", "recall")


@click.command()
@click.argument("model", type=click.Choice(["dcgan", "mlp_gan"]))
@click.option("--seeds", default="0,1,2", show_default=True)
@click.option("--threads", default=2, show_default=True)
@click.option("--tolerances", is_flag=True, help="Print a block for conf/tolerances.yaml.")
def main(model: str, seeds: str, threads: int, tolerances: bool) -> None:
    """Print scores, seed by seed."""
    params = check(read(Path("params.yaml")))
    runtime = params.runtime.model_copy(update={"threads": threads})
    own = getattr(params, model)
    digits = read_npz(Path("data/05_model_input/digits.npz"))
    train = getattr(import_module(f"vidpipe.pipelines.{model}.train"), f"train_{model}")
    evaluate = getattr(import_module(f"vidpipe.pipelines.{model}.evaluate"), f"evaluate_{model}")
    rows, found = [], []
    for seed in map(int, seeds.split(",")):
        with tempfile.TemporaryDirectory() as name:
            scratch = Path(name)
            learnt = own.train.model_copy(update={"seed": seed})
            folder = train(digits, own.model, learnt, runtime, NullTracker(), scratch)
            judge = Path("data/06_models/digit_classifier")
            metrics, _, _ = evaluate(
                digits, folder, judge, own.evaluate, runtime, NullTracker(), scratch
            )
        found.append(metrics)
        rows.append([metrics[key] for key in SHOWN])
        _print(f"seed {seed}", rows[-1])
    columns = list(zip(*rows, strict=True))
    _print("median", [statistics.median(column) for column in columns])
    _print("spread", [max(column) - min(column) for column in columns])
    if tolerances:
        click.echo(f"{model}:")
        for name in sorted(found[0]):
            values = [float(metrics[name]) for metrics in found]
            if len(set(values)) > 1:  # what does not depend on luck must be equal
                click.echo(_entry(name, values, seeds))


def _entry(name: str, values: list[float], seeds: str) -> str:
    """What the difference of two runs stays below, 19 times in 20, by Student's t."""
    point = float(students.ppf(0.975, len(values) - 1))
    tolerance = point * math.sqrt(2) * statistics.stdev(values)
    source = f"seeds {seeds} of params.yaml"
    return f"  {name}:\n    absolute: {tolerance:.3g}\n    source: {source}"


def _print(name: str, values: list[float]) -> None:
    click.echo(" | ".join([f"{name:8}", *(f"{value:10.4g}" for value in values)]))


if __name__ == "__main__":
    click.echo(" | ".join(["        ", *(f"{name[:10]:>10}" for name in SHOWN)]))
    main()
