"""A data set's files, from where they are published, from a mirror, or from a copy that is here."""

import hashlib
import logging
import posixpath
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from filelock import FileLock

from vidpipe.data.datasets.record import Place
from vidpipe.data.download.resumable import check, download
from vidpipe.utils import hashing
from vidpipe.utils.errors import UserError

log = logging.getLogger(__name__)
SUMS = "SHA256SUMS"  # in the form that `sha256sum --check` reads
DIGITS = 8  # of the hash of what follows the `?` of an address
SUFFIXES = (".zip", ".rar", ".tar", ".tgz", ".tar.gz", ".tar.xz", ".tar.bz2")


@dataclass(frozen=True, kw_only=True)
class Published:
    """A file of a data set, as its authors offer it.

    Attributes:
        url: Its address.
        size: Bytes; None where nobody has published it.
        sha256: Its hash; None where nobody has published it.
    """

    url: str
    size: int | None = None
    sha256: str | None = None

    @property
    def name(self) -> str:
        """What the file is called, there and on mirrors."""
        return self.url.rpartition("/")[2]


def obtain(
    file: Published,
    archive: str | None,
    place: Place,
    *,
    sha256: str | None = None,
    beside: bool = False,
) -> Path:
    """The file, downloaded if it is not here; or a folder that it would unpack to.

    Args:
        file: What is wanted.
        archive: A folder or an address that has it under its name, or the archive itself, or a
            folder of what it would unpack to. None: where it is published.
        place: Where the source works.
        sha256: What the user says that an archive of their own hashes to.
        beside: It is not the archive, and stands beside it.

    Raises:
        UserError: If it is not there, cannot be downloaded, or is another one.
    """
    if archive is None:
        return _downloaded(file.url, place, size=file.size, sha256=file.sha256)
    itself = archive.lower().endswith(SUFFIXES)
    folder = posixpath.dirname(archive) if itself else archive
    where = archive if itself and not beside else posixpath.join(folder, file.name)
    if "://" in archive:
        path = _downloaded(where, place, sha256=sha256)
    else:
        choices = [where] if itself or beside else [where, posixpath.splitext(where)[0], folder]
        path = _here(choices, place)
    if path.is_file():
        _compare(path, file, place, sha256)
    return path


def _here(choices: Sequence[str], place: Place) -> Path:
    found = next(filter(None, map(place.find, choices)), None)
    if found is None:
        looked = " or ".join(str(place.project / choice) for choice in choices)
        raise UserError(f"{place.key}.archive: expected {looked}, found nothing")
    return found


def _compare(path: Path, file: Published, place: Place, sha256: str | None) -> None:
    if sha256 is not None:
        try:
            check(path, size=None, sha256=sha256)
        except UserError as error:
            raise UserError(f"{place.key}.sha256: {error}") from error
    elif file.sha256 not in (None, hashing.sha256(path)):
        log.warning("%s is not the file that is published at %s; going on with it", path, file.url)


def _downloaded(
    url: str, place: Place, *, size: int | None = None, sha256: str | None = None
) -> Path:
    """The file, held to its hash, or else to the one it had when it was first downloaded."""
    target = place.downloads / _slug(url)
    sums = place.downloads / SUMS
    known = sha256 or _read(sums).get(_slug(url))
    try:
        download(url, target, size=size, sha256=known)
    except UserError as error:
        recorded = "" if sha256 or not known else f" (hash of the first download, from {sums})"
        raise UserError(
            f"{place.key}: {error}{recorded}. If you have a copy of {target.name}, lay it at "
            f"{target}; or let {place.key}.archive name the folder of all files of the set"
        ) from error
    if known is None:
        digest = hashing.sha256(target)
        log.info("%s: no hash is published; sha256 %s recorded in %s", url, digest, sums)
        _record(sums, _slug(url), digest)
    return target


def _slug(url: str) -> str:
    """A path of its own for each address: host, parts of its path, hash of its query, name."""
    address = urlsplit(url)
    host = f"{address.hostname}:{address.port}" if address.port else f"{address.hostname}"
    parts = [quote(unquote(part), safe=" ") for part in address.path.split("/")]
    if address.query:
        parts.insert(-1, hashlib.sha256(address.query.encode()).hexdigest()[:DIGITS])
    return "/".join([host, *(part for part in parts if part not in ("", ".", ".."))])


def _record(sums: Path, slug: str, digest: str) -> None:
    with FileLock(f"{sums}.lock"):
        lines = {**_read(sums), slug: digest}
        text = "".join(f"{lines[name]}  {name}\n" for name in sorted(lines))
        partial = sums.with_name(f"{sums.name}.part")
        partial.write_text(text, encoding="utf-8")
        partial.replace(sums)


def _read(sums: Path) -> dict[str, str]:
    """Hashes by path."""
    if not sums.is_file():
        return {}
    rows = [line.split("  ", 1) for line in sums.read_text(encoding="utf-8").splitlines()]
    return {row[1]: row[0] for row in rows if len(row) == 2}
