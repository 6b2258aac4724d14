"""MS-SSIM and ST-RRED through scikit-video: the only file that imports it.

scikit-video 1.1.11 was written for an older NumPy. What has changed since is restored for the
length of a call: aliases that are gone, and real results of `np.linalg.eig`.
"""

import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import UInt8

from vidpipe.data.workers import processes

Video = UInt8[np.ndarray, "t h w c"]
Luma = UInt8[np.ndarray, "t h w 1"]
MIN_SIDE_MS_SSIM = 176  # pixels; below it the fifth scale is smaller than the window
LUMA = np.array([0.299, 0.587, 0.114])
# OpenBLAS of NumPy and of SciPy reads these once, when it is loaded.
BLAS = {"OPENBLAS_CORETYPE": "Haswell", "OPENBLAS_NUM_THREADS": "1"}


def strred(real: Video, predictions: Sequence[Video]) -> list[float]:
    """Spatio-temporal reduced-reference entropic difference (Soundararajan and Bovik 2013).

    0 for equal videos, and grows with distortion. Needs two frames. It solves equations in 32 bits,
    where the kernels of another processor change the fifth digit: a process of its own has the same
    kernels everywhere. One process measures all predictions, for to start it takes longer.
    """
    with _environment(BLAS), processes(1) as pool:
        return list(pool.map(partial(_strred, _luma(real)), map(_luma, predictions)))


def ms_ssim(real: Video, prediction: Video) -> float | None:
    """Multi-scale structural similarity (Wang et al. 2003), the mean over frames.

    None where the frames are smaller than 176 pixels.
    """
    if min(real.shape[1:3]) < MIN_SIDE_MS_SSIM:
        return None
    with _old_numpy() as measure:
        return float(np.mean(measure.msssim(_luma(real), _luma(prediction))))


def _strred(real: Luma, prediction: Luma) -> float:
    with _old_numpy() as measure:
        return float(measure.strred(real, prediction)[1])


def _luma(video: Video) -> Luma:
    return (video @ LUMA).round().astype(np.uint8)[..., None]


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables, and restore all of them afterwards."""
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def _old_numpy() -> Iterator[Any]:
    """Yield `skvideo.measure`, with NumPy as it expects it."""
    aliases = {"int": int, "float": float, "product": np.prod}
    missing = {name: value for name, value in aliases.items() if name not in np.__dict__}
    eig, eigvals = np.linalg.eig, np.linalg.eigvals

    def real_eig(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        values, vectors = eig(matrix)
        return (values, vectors) if np.any(values.imag) else (values.real, vectors.real)

    def real_eigvals(matrix: np.ndarray) -> np.ndarray:
        values = eigvals(matrix)
        return values if np.any(values.imag) else values.real

    for name, value in missing.items():
        setattr(np, name, value)
    # From NumPy 2.5 on both are complex, even where no imaginary part is other than zero.
    np.linalg.eig, np.linalg.eigvals = real_eig, real_eigvals  # type: ignore[assignment]
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            import skvideo.measure  # noqa: PLC0415 (needs the aliases)

            yield skvideo.measure
    finally:
        np.linalg.eig, np.linalg.eigvals = eig, eigvals
        for name in missing:
            delattr(np, name)
