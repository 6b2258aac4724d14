"""Extract the frames of many videos on all processors; resume a run that was killed.

Finished videos wait in a locked directory that outlives the process. The frames of a video lie in
a folder named by the video's hash, so equal, long and foreign names do no harm.
"""

import hashlib
import logging
import re
import shutil
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
from filelock import FileLock

from vidpipe.data import colours, combs, frames, pictures, video
from vidpipe.data.files import UnwritableError, inside, named
from vidpipe.data.frames import Shot, read_shots, write_shots
from vidpipe.data.workers import Failure, PoolFactory, map_ordered
from vidpipe.utils.errors import UserError
from vidpipe.utils.hashing import sha256
from vidpipe.utils.names import amount
from vidpipe.utils.progress import progress

log = logging.getLogger(__name__)
SHA256 = re.compile(r"[0-9a-f]{64}")
DIGITS = 16  # of a hash, in the name of a folder
SUMS = "sums"  # file of hashes beside waiting frames, which a power failure may tear
NAMED = 3  # videos named in a message, of many
# Time limit for a video: so many seconds, and so many per second of the longest video.
BASE_LIMIT = 60.0
LIMIT_PER_SECOND = 10.0
Extract = partial[list[Shot]]


@dataclass(frozen=True)
class Job:
    """A video to extract.

    Attributes:
        name: Its path in the manifest.
        video: The file.
        folder: Folder of its frames and shots; it exists once both are complete.
    """

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
    pool: PoolFactory,
    workers: int | None = None,
) -> list[Shot]:
    """Extract videos into one folder, with a list of all shots in the manifest's order.

    Videos that an earlier run has finished are not extracted again, for the bytes are the same. A
    video that cannot be read is named in the log and left out.

    Args:
        videos: Folder that the manifest's paths start from.
        manifest: `path`, `sha256` and `seconds` of each video.
        home: Folder that outlives this process; finished videos wait in it for the rest.
        folder: The result, on the same disk as `home`; it appears when all is done.
        extract: `frames.extract` with its keywords.
        pool: Starts the workers; they must see the same files.
        workers: Number of workers; None: one per processor.

    Raises:
        UserError: If no video can be read, the disk is full, or the manifest leads elsewhere.
    """
    home.mkdir(parents=True, exist_ok=True)
    with FileLock(home.with_suffix(".lock")):
        work = home / _fingerprint(extract)
        jobs = [
            Job(path, inside(videos, path), work / _folder_name(path, digest))
            for path, digest in zip(manifest["path"], manifest["sha256"], strict=True)
        ]
        # Resume: keep what is complete, and extract the rest.
        _remove_stale(work, {job.folder for job in jobs})
        limit = BASE_LIMIT + LIMIT_PER_SECOND * float(manifest["seconds"].max())
        left_out = _run(jobs, extract, pool, workers, limit)
        shots = list(_read_all_shots(jobs, left_out))
        if not shots:
            raise UserError(
                f"{videos}: none of its {len(jobs)} videos can be read: "
                f"{'; '.join([*left_out.values()][:NAMED])}. Choose others in sources.clips"
            )
        # Publish the whole folder by one rename.
        write_shots(work, shots)
        for finished in {job.folder for job in jobs} - set(left_out):
            (finished / SUMS).unlink()
        work.replace(folder)
        for left_by_killed_worker in home.iterdir():
            # A worker that a cluster has given up may still write there.
            shutil.rmtree(left_by_killed_worker, ignore_errors=True)
    return shots


def _folder_name(path: str, digest: str) -> str:
    """Shorten a hash to a folder's name; check it first, for a manifest may come from anywhere."""
    if not SHA256.fullmatch(digest):
        raise UserError(f"{path}: expected a sha256 in the manifest, got {digest!r}")
    return digest[:DIGITS]


def _fingerprint(extract: Extract) -> str:
    """Hash all that frames depend on besides the video: parameters, code and its packages."""
    dependencies = [sorted(extract.keywords.items()), version("av"), version("numpy")]
    fingerprint = hashlib.sha256(repr(dependencies).encode())
    for module in (frames, video, colours, combs, pictures):
        assert module.__file__ is not None
        fingerprint.update(Path(module.__file__).read_bytes())
    return fingerprint.hexdigest()[:DIGITS]


def _remove_stale(work: Path, needed: set[Path]) -> None:
    """Remove what earlier runs have left, except complete folders of the videos of this run."""
    work.mkdir(exist_ok=True)
    for path in [*work.parent.iterdir(), *work.iterdir()]:
        if path == work or (path in needed and _is_whole(path)):
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()  # the list of all shots, if the run was killed right after writing it


def _run(
    jobs: list[Job], extract: Extract, pool: PoolFactory, workers: int | None, limit: float
) -> dict[Path, str]:
    """Extract the videos that are not finished yet.

    Returns:
        Name and reason of each video that was left out, by its folder.
    """
    # Equal files have one folder, and are extracted once.
    pending = {job.folder: job for job in jobs if not job.folder.exists()}
    if len(pending) < len(jobs):
        log.info("going on with %s of %d", amount(len(pending), "video"), len(jobs))
    call = partial(_extract, extract)
    results = map_ordered(call, pending.values(), pool=pool, workers=workers, seconds=limit)
    results = progress(results, total=len(pending), name="frames", unit="video")
    left_out = {}
    for job, result in zip(pending.values(), results, strict=True):
        if result is not None:
            reason = result.reason if isinstance(result, Failure) else result
            log.warning("%s is left out: %s", job.name, reason)
            left_out[job.folder] = f"{job.name}: {reason}"
    return left_out


def _extract(extract: Extract, job: Job) -> str | None:
    """Extract one video into a temporary folder, and rename that when it is complete.

    The temporary folder lies beside the result, never in it: a worker that is killed leaves it.

    Returns:
        The reason, if the video cannot be read.
    """
    if job.folder.exists():
        return None  # by a worker that was killed right after it
    with named(job.folder), TemporaryDirectory(dir=job.folder.parents[1]) as name:
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
        try:
            folder.replace(job.folder)
        except OSError:
            if not job.folder.exists():
                raise  # else by a worker that a cluster had given up, with the same bytes
    return None


def _sums(folder: Path) -> bytes:
    """Return the hashes of a folder's files, in the format of `sha256sum`."""
    files = sorted(path for path in folder.iterdir() if path.name != SUMS)
    return "".join(f"{sha256(path)}  {path.name}\n" for path in files).encode()


def _is_whole(folder: Path) -> bool:
    """Compare a video's frames and shots with the hashes beside them."""
    sums = folder / SUMS
    return sums.is_file() and sums.read_bytes() == _sums(folder)


def _read_all_shots(jobs: list[Job], left_out: Collection[Path]) -> Iterator[Shot]:
    """Yield the shots of all videos that were extracted.

    Raises:
        UserError: If the frames of one are not to be seen: a network's disk may show them later.
    """
    for job in jobs:
        if job.folder in left_out:
            continue
        if not job.folder.exists():
            raise UserError(
                f"{job.folder}: expected the frames of {job.name}, which a worker has written, but "
                "they are not to be seen here yet; run again, what is finished is kept"
            )
        for shot in read_shots(job.folder):
            yield replace(shot, video=job.name, file=f"{job.folder.name}/{shot.file}")
