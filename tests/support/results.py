"""A work tree with results of all models: the committed metrics and plots, and small films."""

import shutil
from pathlib import Path

import numpy as np

from support.project import ROOT
from vidpipe.config.schema import CLIP_GAN_NAMES
from vidpipe.data.npz import write_npz
from vidpipe.data.video import encode
from vidpipe.reporting.pictures import CLIP_TILE, DIGIT_TILE, FRAME_TILE
from vidpipe.reproduction.record import Numbers, read_numbers
from vidpipe.visualization.animation import gif
from vidpipe.visualization.prediction_films import COLUMNS
from vidpipe.visualization.sheets import grid, png

ACTIONS = ["bend", "jack"]
FRAMES = 3


def committed(model: str) -> Numbers:
    """The committed metrics of a model."""
    file = ROOT / f"metrics/{model}.json"
    return read_numbers(file.read_bytes(), file.name)


def moving(seed: int, side: int = 16) -> list[np.ndarray]:
    """A film of a bright square on its way over noise."""
    ground = np.random.default_rng(seed).integers(60, 90, (side, side, 3), dtype=np.uint8)
    frames = [ground.copy() for _ in range(FRAMES)]
    for time, frame in enumerate(frames):
        frame[4:9, 2 + 3 * time : 7 + 3 * time] = 250
    return frames


def pages(rows: int, columns: list[str], tile: int, names: list[str]) -> list[np.ndarray]:
    """Pages of moving tiles, as films of samples are composed."""
    clips = [[moving(10 * row + column) for column in range(len(columns))] for row in range(rows)]
    columns = columns if any(columns) else []
    return [
        grid([[clip[t] for clip in row] for row in clips], columns=columns, names=names, tile=tile)
        for t in range(FRAMES)
    ]


def write_films(project: Path, *models: str) -> None:
    """Films of some models, with the layout that evaluations give them."""
    for name in models:
        folder = project / "data/07_model_output" / name
        folder.mkdir(parents=True, exist_ok=True)
        if name in CLIP_GAN_NAMES:
            film = pages(3, ACTIONS, CLIP_TILE, ["real", "made", "made"])
            (folder / "real_and_made.gif").write_bytes(gif(film, fps=12))
        elif name == "pix2pix":
            film = pages(2, COLUMNS, FRAME_TILE, ["seen", "held out"])
            (folder / "samples.mp4").write_bytes(encode(film, fps=7))
        else:
            film = pages(2, ["", ""], DIGIT_TILE, [])
            (folder / "samples.gif").write_bytes(gif(film, fps=12))
            (folder / "samples.png").write_bytes(png(film[0]))


def write_tree(project: Path) -> Path:
    """The committed parameters, metrics and plots, and films of all models."""
    project.mkdir(parents=True, exist_ok=True)
    for name in ("metrics", "plots", "conf"):
        shutil.copytree(ROOT / name, project / name)
    shutil.copyfile(ROOT / "params.yaml", project / "params.yaml")
    write_films(project, *CLIP_GAN_NAMES, "pix2pix", "dcgan", "mlp_gan")
    pictures = np.random.default_rng(0).integers(0, 255, (30, 28, 28), dtype=np.uint8)
    digits = {"pictures": pictures, "label": np.arange(30, dtype=np.int32) % 3}
    file = project / "data/05_model_input/digits.npz"
    file.parent.mkdir(parents=True)
    write_npz(file, digits)
    return project
