"""Data sets in small, in the layouts that their authors publish."""

import io
import itertools
import zipfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from support import archives as packed
from support import footage

PEOPLE = ("daria", "denis", "eli", "ido", "ira", "lena", "lyova", "moshe", "shahar")
ACTIONS = ("bend", "jack", "jump", "pjump", "run", "side", "walk", "wave1", "wave2")
IN_PARTS = {"walk", "run", "skip"}  # of lena
CLASSES = ("ApplyEyeMakeup", "HandstandPushups", "YoYo")


def film(path: Path, seed: int = 0, frames: int = 6) -> bytes:
    """A short MPEG-4 AVI of a square that goes to and fro on a coloured ground."""
    rng = np.random.default_rng(seed)
    ground, figure = rng.integers(60, 200, (2, 3))
    pictures = []
    for n in range(frames):
        picture = footage.plain(36, 48, ground)
        x = 34 - abs(30 - 5 * n % 60)
        picture[12:30, x : x + 10] = figure
        pictures.append(picture)
    return footage.write(path, pictures, codec="mpeg4").read_bytes()


def weizmann(folder: Path, actions: Iterable[str], frames: int = 6) -> Path:
    """A zip per action."""
    folder.mkdir(exist_ok=True)
    seeds = itertools.count()  # no two videos have the same bytes
    for action in actions:
        names = [f"{person}_{action}.avi" for person in PEOPLE]
        if action in IN_PARTS:
            names.remove(f"lena_{action}.avi")
            names += [f"lena_{action}{part}.avi" for part in (1, 2)]
        films = {name: film(folder / "film.avi", next(seeds), frames) for name in names}
        packed.zipped(folder / f"{action}.zip", films)
    (folder / "film.avi").unlink()
    (folder / "classification_masks.mat").write_bytes(b"masks")
    return folder


def ucf101(
    folder: Path, classes: Iterable[str] = CLASSES, groups: int = 25, frames: int = 6
) -> Path:
    """The zip of videos, two of each group, and the zip of split lists."""
    folder.mkdir(exist_ok=True)
    names = [
        f"v_{label}_g{group:02d}_c{clip:02d}.avi"
        for label in classes
        for group in range(1, groups + 1)
        for clip in (1, 2)
    ]
    films = {
        f"UCF101/{name}": film(folder / "film.avi", seed, frames) for seed, name in enumerate(names)
    }
    packed.zipped(folder / "UCF101_videos.zip", films)
    (folder / "film.avi").unlink()
    lists(folder / "UCF101TrainTestSplits-RecognitionTask.zip", names)
    return folder


def lists(path: Path, names: Iterable[str]) -> Path:
    """List n tests on seven groups, from group 7 (n - 1) + 1; it writes HandStand."""
    texts = {}
    for number in (1, 2, 3):
        train, test = io.StringIO(), io.StringIO()
        for name in names:
            listed = name.replace("Handstand", "HandStand")
            label = listed.split("_")[1]
            tested = int(name.split("_g")[1][:2]) in range(7 * number - 6, 7 * number + 1)
            print(f"{label}/{listed}" + ("" if tested else " 1"), file=test if tested else train)
        texts[f"trainlist{number:02d}.txt"] = train.getvalue().replace("\n", "\r\n")
        texts[f"testlist{number:02d}.txt"] = test.getvalue()
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in {"classInd.txt": "1 ApplyEyeMakeup\n", **texts}.items():
            archive.writestr(f"ucfTrainTestlist/{name}", text)
    return path
