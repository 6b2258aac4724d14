"""What a file may hold that is made to do harm."""

import io
import pickle
import zipfile
from pathlib import Path

import numpy as np


class Bomb:
    """Makes a file when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self):
        return Path.touch, (self.mark,)


def npy(array: np.ndarray) -> bytes:
    """A `.npy`, pickled where NumPy must."""
    made = io.BytesIO()
    np.save(made, array, allow_pickle=True)
    return made.getvalue()


def npz(path: Path, members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    """A zip of these members, whatever they are."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def pickled(mark: Path) -> bytes:
    """A bare pickle that makes a file."""
    return pickle.dumps(Bomb(mark))
