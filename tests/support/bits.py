"""Print the md5 of every file that stages make, at a scale of seconds, on this processor.

    python tests/support/bits.py SCRATCH [--brief | --laptop]

All in one process: one that is started from an emulated one is not emulated itself. Briefly: data,
and the training of each GAN, without classifiers and scores. Laptop: the same, with networks,
pictures and batches of the committed size.
"""

import hashlib
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from omegaconf import OmegaConf

from vidpipe.config.loader import check, read
from vidpipe.config.schema import CLIP_GAN_NAMES, Params
from vidpipe.data.datasets.actions import videos
from vidpipe.data.frames import extract, write_shots
from vidpipe.data.npz import read_npz
from vidpipe.io import Metrics, Npz
from vidpipe.pipeline_registry import register_pipelines
from vidpipe.pipelines.data.clips import cut
from vidpipe.pipelines.data.digits import make_digits
from vidpipe.pipelines.data.pairs import pack
from vidpipe.tracking.protocol import NullTracker
from vidpipe.training.runtime import pin_instructions

# What a model learns from, and what its evaluation asks for besides.
MODELS = {
    "pix2pix": ["pairs"],
    "mlp_gan": ["digits", "digit_classifier"],
    "dcgan": ["digits", "digit_classifier"],
    "gan3d": ["clips", "action_classifier"],
    "vgan": ["clips", "action_classifier"],
    "convlstm_gan": ["clips", "action_classifier"],
    "mocogan": ["clips", "action_classifier"],
}
CLASSIFIERS = {"digit_classifier": "digits", "action_classifier": "clips"}
ENCODER, UNTAUGHT = "clip_autoencoder", "untaught_autoencoder"
ROOT = Path(__file__).parents[2]
FEW = {"steps": 3, "report_every": 3, "sample_every": 3}
TRAIN = FEW | {"batch": 2}
# All that a training of clips has, gradients of gradients too.
CLIPS = {"penalty_every": 2, "walk_steps": 3}
SHIPPED = read(ROOT / "params.yaml")
CLIPS_OF = {
    gan: {key: value for key, value in CLIPS.items() if key in SHIPPED[gan]["train"]}
    for gan in CLIP_GAN_NAMES
}
SMALL = {
    "pairs": {"gap": 1},
    "clips": {"frames": 16, "stride": 4},
    "digits": {"count": 200},
    **{classifier: {"steps": 3, "report_every": 3} for classifier in CLASSIFIERS},
    ENCODER: {"train": {"steps": 3, "report_every": 3, "batch": 4}, "evaluate": {"samples": 4}},
    "pix2pix": {"train": TRAIN, "evaluate": {"starts": 2, "resamples": 5}},
    "mlp_gan": {"train": TRAIN},
    "dcgan": {"train": TRAIN},
    **{gan: {"train": TRAIN | CLIPS_OF[gan], "evaluate": {"samples": 4}} for gan in CLIP_GAN_NAMES},
}
SMOKE = ROOT / "conf/presets/scale/smoke.yaml"


LAPTOP = {"digits": {"count": 200}, **{gan: {"train": FEW} for gan in MODELS}}
LAPTOP |= {gan: {"train": FEW | CLIPS_OF[gan]} for gan in CLIP_GAN_NAMES}


def main(scratch: Path, *, brief: bool, laptop: bool) -> None:
    """Make all in a folder, and print a line per file."""
    layers = [LAPTOP] if laptop else [read(SMOKE), SMALL]
    merged = OmegaConf.merge(read(ROOT / "params.yaml"), *layers)
    params = check(OmegaConf.to_container(merged))  # type: ignore[arg-type]
    pin_instructions(params.runtime.determinism)  # before torch is there
    from vidpipe.pipelines.clips import walk

    walk.CLIPS = 8  # windows of two videos
    make_data(scratch, params)
    make_untaught_autoencoder(scratch, params)
    for classifier in () if brief else CLASSIFIERS:
        learn(classifier, scratch, params)
    if not brief:
        encode(scratch, params)
    for model in MODELS:
        learn(model, scratch, params, brief=brief)
    files = (path for path in scratch.rglob("*") if path.is_file())
    made = (path for path in files if "checkpoints" not in path.parts)
    for path in sorted(made):
        digest = hashlib.md5(path.read_bytes()).hexdigest()
        print(digest, path.relative_to(scratch).as_posix())  # noqa: T201


def make_data(scratch: Path, params: Params) -> None:
    """Draw two videos of the same actor, take their frames, and pack what models learn from."""
    drawn, frames = scratch / "videos", scratch / "frames"
    for folder in (drawn, frames):
        folder.mkdir()
    films = list(videos(seed=0, actors=1, seconds=0.8, folder=drawn, actions=["walk", "wave1"]))
    sampling = {"stride": 1, "fps": None, "cut_threshold": 0.12}
    for quick in (True, False):  # as clips are scaled, then as footage is: that is kept
        size = (params.frames.clips if quick else params.frames.footage).size
        sampling |= {"size": size, "quick": quick}
        shots = [extract(film.path, frames, **sampling) for film in films]
        write_shots(frames, [shot for of_one in shots for shot in of_one])
        if quick:
            rows = [(film.path.stem, film.label, "a", "train") for film in films]
            manifest = pd.DataFrame(rows, columns=["path", "label", "group", "split"])
            _keep(scratch, "clips", cut(frames, manifest, params.clips))
    write_shots(frames, shots[0])
    _keep(scratch, "pairs", pack(frames, manifest, params.pairs))
    _keep(scratch, "digits", make_digits(ROOT / params.digits.glyphs, params.digits))


def make_untaught_autoencoder(scratch: Path, params: Params) -> None:
    """Make the latents of the GANs of clips those of an autoencoder that has learnt nothing.

    What a training makes of latents is the question here, and one of three steps is refused.
    """
    import torch

    from vidpipe.models.autoencoder import Autoencoder
    from vidpipe.pipelines.clips import train
    from vidpipe.training import weights
    from vidpipe.training.weight_files import AUTOENCODER_WEIGHTS

    frames = _data(scratch, "clips")["frames"]
    model = params.clip_autoencoder.model
    built = {**model.model_dump(), "size": frames.shape[1], "channels": frames.shape[3]}
    torch.manual_seed(0)
    autoencoder = Autoencoder(**built)
    autoencoder.normalise_by(frames)
    (scratch / UNTAUGHT).mkdir()
    weights.save(autoencoder, scratch / UNTAUGHT / AUTOENCODER_WEIGHTS, built)
    train.trained_autoencoder = lambda folder, _: weights.build(
        Autoencoder, folder / AUTOENCODER_WEIGHTS
    )


def learn(name: str, scratch: Path, params: Params, *, brief: bool = False) -> None:
    """Train a model and, unless it is to be brief, score it, as its stages do."""
    place = scratch / name
    place.mkdir()
    own, runtime, tracker = getattr(params, name), params.runtime, NullTracker()
    if name in CLASSIFIERS:
        _, scores = _node(name)(_data(scratch, CLASSIFIERS[name]), own, runtime, place)
    else:
        source, *others = MODELS[name]
        data = _data(scratch, source)
        train = _node(f"{name}_train")
        given = (data, own.model, own.train, runtime, tracker, place / "kept", place)
        made = train(*given, *([scratch / UNTAUGHT] if name in CLIP_GAN_NAMES else []))
        if brief:
            return
        classifiers = [scratch / other / other for other in others]
        score = _node(f"{name}_evaluate")
        scores, *_ = score(data, made, *classifiers, own.evaluate, runtime, tracker, place)
    Metrics(filepath=str(place / "metrics.json")).save(scores)


def encode(scratch: Path, params: Params) -> None:
    """Train the autoencoder, as its stage does."""
    place = scratch / ENCODER
    place.mkdir()
    own, data = getattr(params, ENCODER), _data(scratch, "clips")
    blocks = (own.model, own.train, own.evaluate, params.runtime)
    classifier = scratch / "action_classifier" / "action_classifier"
    _, scores, _ = _node(ENCODER)(data, classifier, *blocks, NullTracker(), place)
    Metrics(filepath=str(place / "metrics.json")).save(scores)


def _node(stage: str) -> Callable[..., Any]:
    [node] = register_pipelines()[stage].nodes
    return node.func


def _keep(scratch: Path, name: str, made: tuple[Mapping[str, Any], bytes]) -> None:
    arrays, sheet = made
    Npz(filepath=str(scratch / f"{name}.npz")).save(dict(arrays))
    (scratch / f"{name}.png").write_bytes(sheet)


def _data(scratch: Path, name: str) -> dict[str, np.ndarray]:
    return read_npz(scratch / f"{name}.npz")


if __name__ == "__main__":
    laptop = "--laptop" in sys.argv[2:]
    main(Path(sys.argv[1]), brief=laptop or "--brief" in sys.argv[2:], laptop=laptop)
