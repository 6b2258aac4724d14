"""A GAN trained from several seeds: do its scores depend on luck?

    python benchmarks/seeds.py dcgan --seeds 0,1,2 --threads 1 --at-once 3

Trains and scores with the numbers of params.yaml, on the inputs that `dvc repro` made; nothing of
the project is written. The seed of params.yaml is not trained anew: `metrics/` has its scores. With
`--steps` every seed is trained, for that many: models that differ can be compared at equal time.
Prints a table in Markdown: score by score, what each seed gave, the median, and the spread (largest
less smallest); scores of real samples and of stills, which no seed changes, are left out. With
`--tolerances` also what `conf/tolerances.yaml` takes, and the classifier is trained from each seed
too: on another machine it is another one. See docs/reproducibility.md.
"""

import math
import statistics
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial, reduce
from multiprocessing import get_context
from operator import add
from pathlib import Path
from typing import Any

import click
from kedro.io import CatalogConfigResolver, DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner
from scipy.stats import t as students

from vidpipe.config.loader import ParamsYamlLoader, check, read
from vidpipe.io import Metrics
from vidpipe.pipeline_registry import STAGES, register_pipelines
from vidpipe.reproduction.record import read_numbers
from vidpipe.settings import CONFIG_LOADER_ARGS
from vidpipe.tracking.experiments import EXPERIMENTS
from vidpipe.tracking.protocol import NullTracker
from vidpipe.training.runtime import pin_instructions

# Ends of names of scores that are not those of the model.
GIVEN = ("_real", "_held_out", "_copy_first", "_noise", "_floor")
CLASSIFIERS = ("digit_classifier", "action_classifier")


@click.command()
@click.argument("model", type=click.Choice([*EXPERIMENTS, *CLASSIFIERS]))
@click.option("--seeds", default="0,1,2", show_default=True)
@click.option("--threads", type=click.IntRange(1), help="Of each seed  [default: as params.yaml]")
@click.option("--at-once", default=1, show_default=True, help="Seeds that train side by side.")
@click.option("--steps", type=click.IntRange(1), help="Of training  [default: as params.yaml]")
@click.option("--tolerances", is_flag=True, help="Print a block for conf/tolerances.yaml.")
def main(
    model: str,
    seeds: str,
    threads: int | None,
    at_once: int,
    steps: int | None,
    tolerances: bool,
) -> None:
    """Print scores, seed by seed."""
    if steps and tolerances:
        raise click.UsageError(
            "--steps: expected none with --tolerances, which are for the steps of params.yaml; "
            "leave one of them out"
        )
    numbers = [int(seed) for seed in seeds.split(",")]
    committed = None if steps else seeded(read(Path("params.yaml"))[model])["seed"]
    others = [seed for seed in numbers if seed != committed]
    classifiers = (
        set(CLASSIFIERS) & set(EXPERIMENTS[model].shared_params)
        if tolerances and model in EXPERIMENTS
        else set()
    )
    learners = [*classifiers, model]
    with ProcessPoolExecutor(at_once, mp_context=get_context("spawn")) as pool:
        results = pool.map(partial(trained, learners, threads, steps), others)
        scores = dict(zip(others, results, strict=True))
    if committed in numbers:
        file = f"metrics/{model}.json"
        scores[committed] = read_numbers(Path(file).read_bytes(), file)
    results = [scores[seed] for seed in numbers]
    click.echo("\n".join(table(numbers, results)))
    if tolerances:
        click.echo("\n".join(block(model, seeds, results)))


def block(model: str, seeds: str, results: Sequence[dict[str, float]]) -> list[str]:
    """Lines of `conf/tolerances.yaml`: scores that are equal whatever the seed have none."""
    scores = {name: [float(result[name]) for result in results] for name in sorted(results[0])}
    differing = {name: values for name, values in scores.items() if len(set(values)) > 1}
    return [f"{model}:", *(_entry(name, values, seeds) for name, values in differing.items())]


def _entry(name: str, values: list[float], seeds: str) -> str:
    """What the difference of two runs stays below, 19 times in 20, by Student's t."""
    point = float(students.ppf(0.975, len(values) - 1))
    tolerance = point * math.sqrt(2) * statistics.stdev(values)
    return f'  {name}: {{absolute: {tolerance:.3g}, source: "seeds {seeds}"}}'


def seeded(block: dict[str, Any]) -> dict[str, Any]:
    """The part of a model's parameters that has the seed of its training."""
    return block.get("train", block)


def trained(
    learners: Sequence[str], threads: int | None, steps: int | None, seed: int
) -> dict[str, float]:
    """Metrics of the last of some networks that were trained from a seed."""
    start = time.monotonic()
    params = read(Path("params.yaml"))
    for learner in learners:
        seeded(params[learner])["seed"] = seed
    if steps:
        seeded(params[learners[-1]])["steps"] = steps
    params["runtime"]["threads"] = threads or params["runtime"]["threads"]
    checked = check(params)
    pin_instructions(checked.runtime.determinism)
    stages = register_pipelines()
    names = [n for n in STAGES if n.removesuffix("_train").removesuffix("_evaluate") in learners]
    pipeline = reduce(add, (stages[name] for name in names))
    files = ParamsYamlLoader("conf", **CONFIG_LOADER_ARGS)["catalog"]
    known = CatalogConfigResolver(files, default_runtime_patterns={"{any}": {}})
    named = [n for n in pipeline.inputs() if n in files or known.match_dataset_pattern(n)]
    # What is made stays in memory and scratch.
    catalog = DataCatalog.from_config({name: known.resolve_pattern(name) for name in named})
    with tempfile.TemporaryDirectory() as scratch:
        held: dict[str, Any] = {"tracker": NullTracker(), "scratch": Path(scratch)}
        held["checkpoints"] = Path(scratch) / "checkpoints"
        for name in pipeline.inputs():
            if name.startswith("params:"):
                held[name] = reduce(getattr, name.removeprefix("params:").split("."), checked)
        for name, value in held.items():
            catalog[name] = MemoryDataset(value, copy_mode="assign")
        # Rounded as the committed ones are.
        file = Path(scratch) / "metrics.json"
        catalog[f"{learners[-1]}_metrics"] = Metrics(filepath=str(file))
        SequentialRunner().run(pipeline, catalog)
        minutes = (time.monotonic() - start) / 60
        click.echo(f"seed {seed}: trained and scored in {minutes:.1f} minutes", err=True)
        return read_numbers(file.read_bytes(), file.name)


def table(seeds: Sequence[int], results: Sequence[dict[str, float]]) -> list[str]:
    """Lines in Markdown, of the model's own scores."""
    names = ["score", *(f"seed {seed}" for seed in seeds), "median", "spread"]
    lines = [names, ["---"] * len(names)]
    for score in results[0]:
        values = [result[score] for result in results]
        if score.endswith(GIVEN):
            continue
        shown = [*values, statistics.median(values), max(values) - min(values)]
        lines.append([score, *(f"{value:.4g}" for value in shown)])
    return [f"| {' | '.join(line)} |" for line in lines]


if __name__ == "__main__":
    main()
