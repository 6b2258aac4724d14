"""Weights of published networks that are not the project's to pass on: the user brings the file."""

import hashlib
import io
from pathlib import Path

from vidpipe.utils.errors import UserError


def read(path: Path, sha256: str, *, parameter: str) -> io.BytesIO:
    """Return the bytes of a file, if they have that hash: what is checked is what is loaded.

    Args:
        path: The file.
        sha256: Hash that it must have, in hexadecimal digits.
        parameter: Name of the parameter that names the file, for errors.

    Raises:
        UserError: If the file cannot be read, or is another one.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(
            f"{parameter}: expected a file of weights at {path}, got: {error.strerror}; bring it, "
            "or leave the parameter empty"
        ) from error
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise UserError(
            f"{parameter}: {path}: expected the file with sha256 {sha256}, got one with {found}; "
            "bring that file, or leave the parameter empty"
        )
    return io.BytesIO(content)
