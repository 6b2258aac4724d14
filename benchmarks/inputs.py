"""Parameters and data that benchmarks train on; no torch, no Kedro, no DVC, no MLflow."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from vidpipe.config.schema import Params
from vidpipe.data.npz import read_npz, write_npz
from vidpipe.pipelines.data import clips_fetch, clips_frames, digits, footage_fetch, footage_frames
from vidpipe.pipelines.data.clips import cut
from vidpipe.pipelines.data.pairs import pack

ROOT = Path(__file__).parents[1]
PRESETS = ROOT / "conf/presets"
# What plain loops are written for: the next frame is painted from one.
PAINTING = {"pix2pix": {"model": {"history": 1, "motion": "none"}}}


def parameters(scale: str, *patches: Mapping[str, Any]) -> Params:
    """`params.yaml` with a preset of conf/presets/scale laid over it, and patches over that."""
    blocks = _read(ROOT / "params.yaml")
    for patch in (_read(PRESETS / f"scale/{scale}.yaml"), *patches):
        _lay_over(blocks, patch)
    return Params.model_validate(blocks)


def recipe(name: str, model: str) -> dict[str, Any]:
    """The block of a model in a preset of conf/presets/recipe."""
    return {model: _read(PRESETS / f"recipe/{name}.yaml")[model]}


def portable() -> dict[str, Any]:
    """The block `runtime` of the preset `portable`."""
    return _read(PRESETS / "runtime/portable.yaml")["runtime"]


def cycle(params: Params, model: str) -> int:
    """Steps of a model from one gradient penalty to the next: the step with it takes longer."""
    every: int = getattr(getattr(params, model).train, "penalty_every", 1)
    return every


def _read(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _lay_over(blocks: dict[str, Any], patch: Mapping[str, Any]) -> None:
    for key, value in patch.items():
        if isinstance(value, dict):
            _lay_over(blocks[key], value)
        else:
            blocks[key] = value


def make_data(folder: Path, params: Params, *, draw: bool = False) -> None:
    """Write clips.npz, pairs.npz and digits.npz by the nodes of the pipeline, without Kedro.

    Args:
        folder: Not there yet.
        params: Sizes and sources.
        draw: Draw the videos of clips anew, where `clips_fetch` has drawn some too.
    """
    scratch = folder / "scratch"
    scratch.mkdir(parents=True)
    videos, manifest = footage_fetch.fetch_footage(params.sources.footage, ROOT, scratch)
    frames = footage_frames.extract_footage(videos, manifest, params.frames.footage, scratch)
    write_npz(folder / "pairs.npz", pack(frames, manifest, params.pairs)[0])

    # Drawing takes a minute; what `clips_fetch` has drawn is taken where it is there.
    videos, table = ROOT / "data/01_raw/clips", ROOT / "data/01_raw/clips.csv"
    if table.is_file() and not draw:
        manifest = pd.read_csv(table, keep_default_na=False)
    else:
        videos, manifest, _ = clips_fetch.fetch_clips(params.sources.clips, ROOT, scratch)
    frames = clips_frames.extract_clips(videos, manifest, params.frames.clips, scratch)
    write_npz(folder / "clips.npz", cut(frames, manifest, params.clips)[0])

    write_npz(folder / "digits.npz", digits.make_digits(ROOT / "data/01_raw/glyphs",
                                                        params.digits)[0])  # fmt: skip


def arrays_of(model: str, folder: Path) -> dict[str, np.ndarray]:
    """What a model is trained on."""
    file = {"pix2pix": "pairs", "dcgan": "digits", "mlp_gan": "digits"}.get(model, "clips")
    return read_npz(folder / f"{file}.npz")
