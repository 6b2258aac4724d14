"""Names that modules and stages share."""

from typing import Any


def model_name(module: Any) -> str:
    """Return the name of a model, the last part of its module's."""
    name: str = module.__name__
    return name.rsplit(".", 1)[-1]
