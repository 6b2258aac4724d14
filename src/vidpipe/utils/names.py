"""Names that modules and stages share, and numbers as a person says them."""

from typing import Any

from tqdm import tqdm


def model_name(module: Any) -> str:
    """Return the name of a model, the last part of its module's."""
    name: str = module.__name__
    return name.rsplit(".", 1)[-1]


def amount(number: int, noun: str) -> str:
    """Return a number with its noun: `1 video`, `3 videos`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def size(count: int) -> str:
    """Return a number of bytes with three digits: `3.72 MB`, `41.0 GB`."""
    text = tqdm.format_sizeof(count, "B")
    unit = text.lstrip("0123456789.")
    return f"{text.removesuffix(unit)} {unit}"
