"""Get the files of a data set from their publisher, a mirror, or a local copy."""

import hashlib
import logging
import posixpath
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from filelock import FileLock

from vidpipe.data.datasets.record import Place
from vidpipe.data.download.resumable import check, download
from vidpipe.data.download.unpack import member_names
from vidpipe.utils import hashing
from vidpipe.utils.errors import UserError

log = logging.getLogger(__name__)
SUMS = "SHA256SUMS"  # in the format that `sha256sum --check` reads
DIGITS = 8  # of the hash of an address's query
SUFFIXES = (".zip", ".rar", ".tar", ".tgz", ".tar.gz", ".tar.xz", ".tar.bz2")


@dataclass(frozen=True, kw_only=True)
class Published:
    """A file of a data set, as its authors offer it.

    Attributes:
        url: Address of the file.
        size: Bytes; None: not published.
        sha256: Hash of the file; None: not published.
    """

    url: str
    size: int | None = None
    sha256: str | None = None

    @property
    def name(self) -> str:
        """Name of the file, also on mirrors."""
        return self.url.rpartition("/")[2]


def obtain(
    file: Published,
    archive: str | None,
    place: Place,
    *,
    sha256: str | None = None,
    beside: bool = False,
) -> Path:
    """Return the path of a published file, downloaded if need be, or of its unpacked content.

    Args:
        file: The file.
        archive: A folder or address that has the file under its name, the archive itself, or a
            folder of its content; None: download the file from its publisher.
        place: Folders of the project.
        sha256: Hash of the user's archive, if it is to be checked.
        beside: The file is not the archive itself, but stands beside it.

    Raises:
        UserError: If the file is missing, cannot be downloaded, or has another hash.
    """
    if archive is None:
        return _download(file.url, place, size=file.size, sha256=file.sha256)
    locations = _locations(file, archive, beside)
    if "://" in archive:
        path = _download(locations[0], place, sha256=sha256)
    else:
        path = _find(locations, place)
    if path.is_file():
        _verify(path, file, place, sha256)
    return path


def own_files(
    files: Iterable[Published],
    archive: str | None,
    place: Place,
    *,
    beside: Iterable[Published] = (),
) -> dict[str, Path]:
    """Find the files that `obtain` reads from the user's disk, by name; none if it downloads.

    Args:
        files: Files of the data set.
        archive: As for `obtain`.
        place: Folders of the project.
        beside: Files that stand beside the archive.

    Raises:
        UserError: If one is missing.
    """
    if archive is None or "://" in archive:
        return {}
    paths = [_find(_locations(file, archive, False), place) for file in files]
    paths += [_find(_locations(file, archive, True), place) for file in beside]
    by_name = dict[str, Path]()
    for path in dict.fromkeys(paths):
        if path.is_dir():
            by_name |= {member: path / member for member in member_names(path)}
        else:
            by_name[path.name] = path
    return by_name


def _locations(file: Published, archive: str, beside: bool) -> list[str]:
    """List the paths, or the one address, at which `archive` may have a file."""
    # `archive` may name the file, or the folder or address that it is in.
    is_file = archive.lower().endswith(SUFFIXES)
    folder = posixpath.dirname(archive) if is_file else archive
    location = archive if is_file and not beside else posixpath.join(folder, file.name)
    if is_file or beside or "://" in archive:
        return [location]
    return [location, posixpath.splitext(location)[0], folder]


def _find(choices: Sequence[str], place: Place) -> Path:
    """Return the first of some paths that exists."""
    path = next(filter(None, map(place.find, choices)), None)
    if path is None:
        expected = " or ".join(str(place.project / choice) for choice in choices)
        raise UserError(f"{place.key}.archive: expected {expected}, found nothing")
    return path


def _verify(path: Path, file: Published, place: Place, sha256: str | None) -> None:
    """Raise an error for another hash than the user's; warn of another than the published one."""
    if sha256 is not None:
        try:
            check(path, size=None, sha256=sha256)
        except UserError as error:
            raise UserError(f"{place.key}.sha256: {error}") from error
    elif file.sha256 not in (None, hashing.sha256(path)):
        log.warning("%s is not the file that is published at %s; going on with it", path, file.url)


def _download(
    url: str, place: Place, *, size: int | None = None, sha256: str | None = None
) -> Path:
    """Download a file, verified by its hash, or else by that of the first download."""
    # Many publishers state no hash: record that of the first download, and expect it ever after.
    target = place.downloads / _slug(url)
    sums = place.downloads / SUMS
    expected = sha256 or _read(sums).get(_slug(url))
    try:
        download(url, target, size=size, sha256=expected)
    except UserError as error:
        recorded = "" if sha256 or not expected else f" (hash of the first download, from {sums})"
        raise UserError(
            f"{place.key}: {error}{recorded}. If you have a copy of {target.name}, lay it at "
            f"{target}; or let {place.key}.archive name the folder of all files of the set"
        ) from error
    if expected is None:
        digest = hashing.sha256(target)
        log.info("%s: no hash is published; sha256 %s recorded in %s", url, digest, sums)
        _record(sums, _slug(url), digest)
    return target


def _slug(url: str) -> str:
    """Make a distinct path of each address: host, folders, hash of the query, name."""
    address = urlsplit(url)
    host = f"{address.hostname}:{address.port}" if address.port else f"{address.hostname}"
    parts = [quote(unquote(part), safe=" ") for part in address.path.split("/")]
    if address.query:
        parts.insert(-1, hashlib.sha256(address.query.encode()).hexdigest()[:DIGITS])
    return "/".join([host, *(part for part in parts if part not in ("", ".", ".."))])


def _record(sums: Path, slug: str, digest: str) -> None:
    """Add a hash to the file of hashes; another process may do so at the same time."""
    # Write beside, then rename: no reader finds half a file.
    with FileLock(f"{sums}.lock"):
        lines = {**_read(sums), slug: digest}
        text = "".join(f"{lines[name]}  {name}\n" for name in sorted(lines))
        partial = sums.with_name(f"{sums.name}.part")
        partial.write_text(text, encoding="utf-8")
        partial.replace(sums)


def _read(sums: Path) -> dict[str, str]:
    """Read the hashes, by path."""
    if not sums.is_file():
        return {}
    rows = [line.split("  ", 1) for line in sums.read_text(encoding="utf-8").splitlines()]
    return {row[1]: row[0] for row in rows if len(row) == 2}
