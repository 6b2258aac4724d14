"""Many videos to packed frames, on all processors; a run that was killed is taken up again.

What is finished waits in a folder that outlives the process, under a lock. There and in the end a
video's frames lie in a folder named by its hash: equal, long and foreign names do no harm.
"""

import hashlib
import logging
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
from filelock import FileLock

from vidpipe.data import frames, video
from vidpipe.data.files import UnwritableError, inside, named
from vidpipe.data.frames import Shot, read_shots, write_shots
from vidpipe.data.workers import Died, Pool, ordered, processes
from vidpipe.utils.errors import UserError
from vidpipe.utils.hashing import sha256
from vidpipe.utils.progress import progress

log = logging.getLogger(__name__)
SHA256 = re.compile(r"[0-9a-f]{64}")
DIGITS = 16  # of a hash in the name of a folder
SUMS = "sums"  # a file beside a video's frames while they wait: a cut of power may tear them
NAMED = 3  # of many, in a message
# A decoder hangs that takes longer than these seconds and so many times the longest video's length.
PATIENCE = 60.0, 10.0
Extract = partial[list[Shot]]


@dataclass(frozen=True)
class Job:
    """A video, and the folder of its frames and shots, which is there once both are complete."""

    name: str
    video: Path
    folder: Path


def extract_all(
    videos: Path,
    manifest: pd.DataFrame,
    home: Path,
    folder: Path,
    extract: Extract,
    *,
    anew: bool = False,
    pool: Pool = processes,
    workers: int | None = None,
) -> list[Shot]:
    """Extract videos into one folder, with a list of all shots in the manifest's order.

    The bytes depend neither on the number of workers nor on how often the run was killed. A video
    that cannot be read is named in the log and left out.

    Args:
        videos: Folder that the manifest's paths start from.
        manifest: `path`, `sha256` and `seconds` of each video.
        home: Folder that outlives this process, where finished videos wait for the rest.
        folder: What to make, on the same disk; it appears when all is done.
        extract: `frames.extract` with its keywords.
        anew: Take up nothing of earlier runs.
        pool: Makes an executor of so many workers.
        workers: How many; None: as many as there are processors.

    Raises:
        UserError: If no video can be read, the disk is full, or the manifest leads elsewhere.
    """
    home.mkdir(parents=True, exist_ok=True)
    with FileLock(home.with_suffix(".lock")):
        work = home / _state(extract)
        jobs = [
            Job(path, inside(videos, path), work / _short(path, digest))
            for path, digest in zip(manifest["path"], manifest["sha256"], strict=True)
        ]
        _tidy(work, set() if anew else {job.folder for job in jobs})
        seconds = PATIENCE[0] + PATIENCE[1] * float(manifest["seconds"].max())
        left_out = _run(jobs, extract, pool, workers, seconds)
        shots = list(_gather(jobs))
        if not shots:
            raise UserError(
                f"{videos}: none of its {len(jobs)} videos can be read: "
                f"{'; '.join(left_out[:NAMED])}. Choose others in sources.clips"
            )
        write_shots(work, shots)
        for sums in work.glob(f"*/{SUMS}"):
            sums.unlink()
        work.replace(folder)
    return shots


def _short(path: str, digest: str) -> str:
    """The name of a video's folder; a manifest may come from anywhere."""
    if not SHA256.fullmatch(digest):
        raise UserError(f"{path}: expected a sha256 in the manifest, got {digest!r}")
    return digest[:DIGITS]


def _state(extract: Extract) -> str:
    """What the frames of a video depend on besides it: parameters, code and its packages."""
    known = [sorted(extract.keywords.items()), version("av"), version("numpy")]
    state = hashlib.sha256(repr(known).encode())
    for module in (frames, video):
        assert module.__file__ is not None
        state.update(Path(module.__file__).read_bytes())
    return state.hexdigest()[:DIGITS]


def _tidy(work: Path, wanted: set[Path]) -> None:
    """Keep of earlier runs what is complete and still wanted."""
    work.mkdir(exist_ok=True)
    for left in [*work.parent.iterdir(), *work.iterdir()]:
        if left == work or (left in wanted and _whole(left)):
            continue
        if left.is_dir():
            shutil.rmtree(left)
        else:
            left.unlink()  # a list of all shots, had the run been killed right after it


def _run(
    jobs: list[Job], extract: Extract, pool: Pool, workers: int | None, seconds: float
) -> list[str]:
    """Extract what is not there yet. Returns why each video was left out that was."""
    todo = {job.folder: job for job in jobs if not job.folder.exists()}  # equal files once
    if len(todo) < len(jobs):
        log.info("%d videos are left to extract, of %d", len(todo), len(jobs))
    call = partial(_extract, extract)
    results = ordered(call, todo.values(), pool=pool, workers=workers, seconds=seconds)
    results = progress(results, total=len(todo), name="frames", unit="video")
    left_out = []
    for job, result in zip(todo.values(), results, strict=True):
        if result is not None:
            reason = result.reason if isinstance(result, Died) else result
            log.warning("%s is left out: %s", job.name, reason)
            left_out.append(f"{job.name}: {reason}")
    return left_out


def _extract(extract: Extract, job: Job) -> str | None:
    """Extract one video; the folder's name is given to it last. Returns why it is left out."""
    with named(job.folder), TemporaryDirectory(dir=job.folder.parent) as name:
        folder = Path(name) / "frames"
        folder.mkdir()
        try:
            shots = extract(job.video, folder)
        except UnwritableError:
            raise
        except UserError as error:
            return str(error)
        write_shots(folder, shots)
        (folder / SUMS).write_bytes(_sums(folder))
        folder.replace(job.folder)
    return None


def _sums(folder: Path) -> bytes:
    files = sorted(path for path in folder.iterdir() if path.name != SUMS)
    return "".join(f"{sha256(path)}  {path.name}\n" for path in files).encode()


def _whole(folder: Path) -> bool:
    """Whether a video's frames and shots are those that were written."""
    sums = folder / SUMS
    return sums.is_file() and sums.read_bytes() == _sums(folder)


def _gather(jobs: list[Job]) -> Iterator[Shot]:
    for job in jobs:
        if job.folder.exists():
            for shot in read_shots(job.folder):
                yield replace(shot, video=job.name, file=f"{job.folder.name}/{shot.file}")
