"""Download over HTTP(S) with resume; a file gets its name when it is complete and verified.

Proxies are those of the environment. TLS is always verified.
"""

import logging
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import requests
import urllib3
from filelock import FileLock, Timeout
from tqdm import tqdm

from vidpipe.data import files
from vidpipe.utils import hashing
from vidpipe.utils.errors import UserError

log = logging.getLogger(__name__)
CHUNK = 2**18  # bytes
CONNECT_TIMEOUT = 20.0  # seconds
LONGEST_WAIT = 60.0  # seconds between two attempts
TRANSIENT = {408, 425, 429}  # client errors (4xx) that are worth another attempt
BAD_ADDRESS = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
)


@dataclass(frozen=True, kw_only=True)
class Patience:
    """Limits of repeated attempts.

    Attributes:
        attempts: Largest number of attempts in a row that make no progress.
        wait: Seconds before the second attempt; doubled before each that follows.
        stall: Seconds without a byte after which a connection is closed.
    """

    attempts: int = 6
    wait: float = 1.0
    stall: float = 60.0


def download(
    url: str,
    target: Path,
    *,
    size: int | None = None,
    sha256: str | None = None,
    patience: Patience = Patience(),
) -> None:
    """Download a file; only verify it if it exists.

    A partial download stays in `<target>.part`. The next call resumes it, if the server allows that
    and still offers the same version.

    Args:
        url: Address of the file.
        target: Path of the file; its folder is created.
        size: Expected size in bytes; None: unknown.
        sha256: Expected hash; None: unknown.
        patience: Limits of repeated attempts.

    Raises:
        UserError: If the server refuses, breaks off too often, or offers another file, or the
            disk is full.
    """
    with _locked(target):
        if target.is_file():
            _check_existing(target, size, sha256)
            return
        part = _Part(target)
        _retry(url, part, size, patience)
        try:
            check(part.path, size=size, sha256=sha256)
        except UserError as error:
            part.remove()
            raise UserError(f"{url}: {error}; it was thrown away") from error
        part.path.replace(target)
        part.remove()


def check(path: Path, *, size: int | None, sha256: str | None) -> None:
    """Check a file's size and hash, where they are known.

    Raises:
        UserError: If one differs.
    """
    actual = path.stat().st_size
    if size not in (None, actual):
        raise UserError(f"{path}: expected {size:,} bytes, got {actual:,}")
    if sha256 is not None and (digest := hashing.sha256(path)) != sha256:
        raise UserError(f"{path}: expected sha256 {sha256}, got {digest}")


@contextmanager
def _locked(target: Path) -> Iterator[None]:
    """Wait for any other process that downloads the same file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(f"{target}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        log.info("%s: another process downloads it; waiting", target.name)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _check_existing(target: Path, size: int | None, sha256: str | None) -> None:
    try:
        check(target, size=size, sha256=sha256)
    except UserError as error:
        raise UserError(f"{error}; remove it to have it fetched again") from error


class _Part:
    """A partial download, and the version of the file that the server gave it."""

    def __init__(self, target: Path) -> None:
        self.path = target.with_name(f"{target.name}.part")
        self.version_file = target.with_name(f"{target.name}.part.version")

    def __len__(self) -> int:
        return self.path.stat().st_size if self.path.is_file() else 0

    def version(self) -> str:
        file = self.version_file
        return file.read_text(encoding="utf-8") if file.is_file() else ""

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)
        self.version_file.unlink(missing_ok=True)


def _retry(url: str, part: _Part, size: int | None, patience: Patience) -> None:
    """Attempt the download until it is complete, or too many attempts make no progress."""
    furthest = len(part)
    failures = 0
    while True:
        try:
            return _stream(url, part, size, patience.stall)
        except requests.RequestException as error:
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                raise UserError(_certificate_message(url)) from error
            # Progress starts the count again.
            failures = 1 if len(part) > furthest else failures + 1
            furthest = max(len(part), furthest)
            if failures >= patience.attempts:
                raise UserError(
                    f"{url}: {failures} attempts in a row got no further than byte {furthest:,}: "
                    f"{error}. Run it again to go on from there"
                ) from error
            # Wait with exponential backoff.
            wait = min(patience.wait * 2 ** (failures - 1), LONGEST_WAIT)
            log.warning("%s: %s at byte %d; again in %.0f s", url, error, len(part), wait)
            time.sleep(wait)


def _stream(url: str, part: _Part, size: int | None, stall: float) -> None:
    """Make one attempt: request the missing bytes and append what arrives."""
    have = len(part)
    if size is not None and have == size:
        return
    # Ask for the rest, if the file is still the same version.
    headers = {"Accept-Encoding": "identity"}
    if have and part.version():
        headers |= {"Range": f"bytes={have}-", "If-Range": part.version()}
    with _get(url, headers, stall) as response:
        whole = response.headers.get("Content-Range", "").rpartition("/")[2]
        if response.status_code == 416 and whole == str(have):
            return  # complete: the connection broke after the last byte
        if response.status_code == 416:
            part.remove()
        _check_status(url, response)
        # 206 continues the part, 200 sends the whole file.
        start = have if response.status_code == 206 else 0
        total = _total(response, start)
        if total is not None and size not in (None, total):
            raise UserError(f"{url}: expected a file of {size:,} bytes, the server has {total:,}")
        _check_space(part.path, (total or 0) - start)
        if not start:
            part.remove()
            part.version_file.write_text(_version(response), encoding="utf-8")
        _append(part.path, response, start, total)
    if total is not None and len(part) != total:
        raise requests.ConnectionError(f"broke off at byte {len(part):,} of {total:,}")


def _get(url: str, headers: dict[str, str], stall: float) -> requests.Response:
    try:
        return requests.get(url, headers=headers, stream=True, timeout=(CONNECT_TIMEOUT, stall))
    except BAD_ADDRESS as error:
        raise UserError(f"{url}: not an address that can be downloaded from: {error}") from error


def _append(path: Path, response: requests.Response, start: int, total: int | None) -> None:
    name = path.name.removesuffix(".part")
    with files.named(path), path.open("ab") as file:
        file.truncate(start)
    with tqdm(
        desc=name, initial=start, total=total, unit="B", unit_scale=True, disable=None
    ) as bar:
        while data := _read(response):
            # Opened for each part: closing a file writes what is left, so it can fail too.
            with files.named(path), path.open("ab") as file:
                file.write(data)
            bar.update(len(data))


def _read(response: requests.Response) -> bytes:
    """Read what has arrived; `iter_content` loses an incomplete chunk if the line breaks."""
    try:
        data: bytes = response.raw.read1(CHUNK)
    except urllib3.exceptions.ReadTimeoutError as error:
        raise requests.ReadTimeout("the server has fallen silent") from error
    except (OSError, urllib3.exceptions.HTTPError) as error:
        raise requests.ConnectionError("the connection broke off") from error
    return data


def _check_status(url: str, response: requests.Response) -> None:
    """Raise `HTTPError` for a status worth another attempt, `UserError` for a final one."""
    code = response.status_code
    if code in (200, 206):
        return
    answer = f"the server says {code} {response.reason}"
    if code in TRANSIENT or code == 416 or code >= 500:
        raise requests.HTTPError(answer)
    raise UserError(f"{url}: expected a file, {answer}")


def _total(response: requests.Response, start: int) -> int | None:
    """Return the size of the whole file in bytes, if the server states it."""
    if response.status_code == 206:
        span, _, whole = response.headers.get("Content-Range", "").partition("/")
        if not span.startswith(f"bytes {start}-"):
            raise requests.HTTPError(f"asked to go on at byte {start}, got {span or 'no range'}")
        return int(whole) if whole.isdigit() else None
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isdigit() else None


def _version(response: requests.Response) -> str:
    """Return a validator for `If-Range`: a strong ETag, else a date, else nothing."""
    tag = response.headers.get("ETag", "")
    if tag and not tag.startswith("W/"):
        return tag
    return response.headers.get("Last-Modified", "")


def _check_space(path: Path, more: int) -> None:
    free = shutil.disk_usage(path.parent).free
    if more > free:
        raise UserError(f"{path}: needs {more:,} bytes more, the disk has {free:,} free")


def _certificate_message(url: str) -> str:
    host = urlsplit(url).netloc
    return (
        f"{url}: the certificate of {host} cannot be verified, and is never taken unverified. "
        "If the host leaves an intermediate certificate out, let REQUESTS_CA_BUNDLE name a file "
        "with that one and the usual ones; or fetch the file with a browser"
    )
