"""Writing values into `params.yaml`: comments stay, and the form is that of DVC."""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dvc.utils.serialize import modify_yaml

from vidpipe.config.loader import FILE, check, read
from vidpipe.utils.atomic import whole_file
from vidpipe.utils.errors import UserError

Patch = Mapping[str, Any]  # nested keys, and the values to set
KeyPath = tuple[str, ...]


def apply_patch(project: Path, patch: Patch, *, add_missing: bool = False) -> list[str]:
    """Merge a patch into the project's parameters; write nothing if the result is not allowed.

    Args:
        project: Folder of `params.yaml`.
        patch: The values to set.
        add_missing: Add keys that are not there yet.

    Returns:
        The changes, a line each.

    Raises:
        UserError: If a key is unknown or the result is not allowed.
    """
    path = project / FILE
    values = read(path)

    # Apply the patch in memory, and check the result, before the file is touched.
    changes = []
    for key_path, new in _leaves(patch):
        old = _get(values, key_path)
        dotted = ".".join(key_path)
        if old is _Missing and not add_missing:
            raise UserError(f"{FILE}: expected the key {dotted}, it is not there")
        if old != new:
            before = "" if old is _Missing else f"{old} → "
            changes.append(f"{dotted}: {before}{new}")
            _set(values, key_path, new)
    check(values)

    # Write with DVC's own round-trip, which keeps comments and the order of keys.
    if changes:
        with whole_file(path) as partial:
            shutil.copyfile(path, partial)
            with modify_yaml(partial) as document:
                for key_path, new in _leaves(patch):
                    _set(document, key_path, new)
    return changes


def unlike(project: Path, patch: Patch) -> list[str]:
    """Return the keys of a patch whose values the project's parameters do not have."""
    values = read(project / FILE)
    return [".".join(path) for path, new in _leaves(patch) if _get(values, path) != new]


class _Missing:
    """The value of a key that is not there; None is a value."""


def _leaves(patch: Patch, prefix: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    """Yield the path and the value of each leaf of nested mappings."""
    for key, value in patch.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, (*prefix, key))
        else:
            yield (*prefix, key), value


def _get(values: Any, key_path: KeyPath) -> Any:
    for key in key_path:
        if not isinstance(values, Mapping) or key not in values:
            return _Missing
        values = values[key]
    return values


def _set(values: Any, key_path: KeyPath, new: Any) -> None:
    for key in key_path[:-1]:
        # A block that is missing, or empty, is made.
        if not isinstance(values.get(key), Mapping):
            values[key] = {}
        values = values[key]
    values[key_path[-1]] = new
