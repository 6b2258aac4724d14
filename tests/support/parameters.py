"""The shipped parameters, with one value changed."""

import copy
from functools import cache
from typing import Any

import pytest

from support.project import ROOT
from vidpipe.config.loader import check, read
from vidpipe.utils.errors import UserError

GONE = object()


@cache
def _shipped() -> dict[str, Any]:
    return read(ROOT / "params.yaml")


def changed(key: str, value: Any) -> dict[str, Any]:
    """Another value at a dotted key, or none: `GONE`."""
    params = block = copy.deepcopy(_shipped())
    *place, last = key.split(".")
    for name in place:
        block = block[name]
    if value is GONE:
        del block[last]
    else:
        block[last] = value
    return params


def assert_refused(key: str, value: Any, message: str) -> None:
    """A wrong value is told by its dotted key; two that do not go together, by their block."""
    with pytest.raises(UserError, match=message) as error:
        check(changed(key, value))
    head, *problems = str(error.value).splitlines()
    assert head == "params.yaml is not right:"
    place = key.removesuffix(".dataset").removesuffix(".codes").removesuffix(".history")
    assert all(problem.startswith(f"  {place}") for problem in problems)
