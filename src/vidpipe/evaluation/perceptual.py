"""MS-SSIM and ST-RRED through scikit-video: the only file that imports it.

scikit-video 1.1.11 was written for a NumPy that had aliases which are gone; they stand in for
the length of a call, and are gone again after it.
"""

import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from jaxtyping import UInt8

from vidpipe.data.workers import processes

Video = UInt8[np.ndarray, "t h w c"]
SMALLEST_MS_SSIM = 176  # pixels; below it the fifth scale is smaller than the window
LUMA = np.array([0.299, 0.587, 0.114])
# Of NumPy's and SciPy's OpenBLAS, which reads them once, as it is loaded.
BLAS = {"OPENBLAS_CORETYPE": "Haswell", "OPENBLAS_NUM_THREADS": "1"}


def strred(real: Video, other: Video) -> float:
    """Spatio-temporal reduced-reference entropic difference (Soundararajan and Bovik 2013).

    0 for equal videos, and grows with distortion. Needs two frames. It solves equations in 32 bits,
    where other kernels give another fifth digit; a process of its own has one kind everywhere.
    """
    with _environment(BLAS), processes(1) as pool:
        return pool.submit(_strred, _luma(real), _luma(other)).result()


def ms_ssim(real: Video, other: Video) -> float | None:
    """Multi-scale structural similarity (Wang et al. 2003), the mean over frames.

    None where the frames are smaller than 176 pixels.
    """
    if min(real.shape[1:3]) < SMALLEST_MS_SSIM:
        return None
    with _old_numpy() as measure:
        return float(np.mean(measure.msssim(_luma(real), _luma(other))))


def _strred(real: UInt8[np.ndarray, "t h w 1"], other: UInt8[np.ndarray, "t h w 1"]) -> float:
    with _old_numpy() as measure:
        return float(measure.strred(real, other)[1])


def _luma(video: Video) -> UInt8[np.ndarray, "t h w 1"]:
    return (video @ LUMA).round().astype(np.uint8)[..., None]


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def _old_numpy() -> Iterator[Any]:
    aliases = {"int": int, "float": float, "product": np.prod}
    missing = {name: value for name, value in aliases.items() if name not in np.__dict__}
    for name, value in missing.items():
        setattr(np, name, value)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            import skvideo.measure  # noqa: PLC0415 (needs the aliases)

            yield skvideo.measure
    finally:
        for name in missing:
            delattr(np, name)
