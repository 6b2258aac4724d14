"""Write values into `params.yaml`, comments kept, in the form that DVC itself writes."""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dvc.utils.serialize import modify_yaml

from vidpipe.config.loader import FILE, check, read
from vidpipe.utils.atomic import whole_file
from vidpipe.utils.errors import UserError

Patch = Mapping[str, Any]


def settle(project: Path, patch: Patch, *, make: bool = False) -> list[str]:
    """Merge a patch of nested keys into the project's parameters; nothing is written if wrong.

    Args:
        project: Folder of `params.yaml`.
        patch: What to change.
        make: Add keys that are not there yet.

    Returns:
        What has changed, a line each.

    Raises:
        UserError: If a key is unknown or the outcome is not allowed.
    """
    path = project / FILE
    values = read(path)
    changes = []
    for key, new in _leaves(patch):
        old = _look(values, key)
        if old is _Missing and not make:
            raise UserError(f"{FILE}: expected the key {'.'.join(key)}, it is not there")
        if old != new:
            shown = "" if old is _Missing else f"{old} → "
            changes.append(f"{'.'.join(key)}: {shown}{new}")
            _put(values, key, new)
    check(values)
    if changes:
        with whole_file(path) as partial:
            shutil.copyfile(path, partial)
            with modify_yaml(partial) as document:
                for key, new in _leaves(patch):
                    _put(document, key, new)
    return changes


class _Missing:
    pass


def _leaves(patch: Patch, place: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, value in patch.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, (*place, key))
        else:
            yield (*place, key), value


def _look(values: Any, place: tuple[str, ...]) -> Any:
    for key in place:
        if not isinstance(values, Mapping) or key not in values:
            return _Missing
        values = values[key]
    return values


def _put(values: Any, place: tuple[str, ...], new: Any) -> None:
    for key in place[:-1]:
        if not isinstance(values.get(key), Mapping):  # not there, or empty
            values[key] = {}
        values = values[key]
    values[place[-1]] = new
