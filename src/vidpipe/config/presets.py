"""Presets: named groups of parameters in `conf/presets`.

A *scale* sets sizes, steps and device of all models. A *recipe* sets hyper-parameters of
training, and can be applied to one model alone. A *runtime* sets device and arithmetic; `fast` is
that of the machine it is asked on, so it has no file.
"""

from pathlib import Path
from typing import Any

from vidpipe.config.editing import apply_patch, unlike
from vidpipe.config.loader import FILE, read
from vidpipe.utils.errors import UserError
from vidpipe.utils.processor import fastest_runtime

FOLDER = Path("conf/presets")
SCALE = "scale"
RECIPE = "recipe"
RUNTIME = "runtime"
KINDS = (SCALE, RECIPE, RUNTIME)
FAST = "fast"
COMMITTED = {SCALE: "laptop", RECIPE: "steady", RUNTIME: "portable"}  # that results are made with


def preset_names(project: Path, kind: str) -> list[str]:
    """List the presets of a kind: `scale`, `recipe` or `runtime`."""
    names = [path.stem for path in (project / FOLDER / kind).glob("*.yaml")]
    # Only where a project has presets at all: elsewhere there are none of any kind.
    return sorted([*names, FAST] if kind == RUNTIME and names else names)


def read_preset(project: Path, name: str, model: str | None = None) -> dict[str, Any]:
    """Read the values that a preset sets.

    Args:
        project: Folder of `params.yaml`.
        name: Of the preset.
        model: Read the block of this model alone; recipes only.

    Raises:
        UserError: If there is no such preset, or it has no block of its own for the model.
    """
    read(project / FILE)  # fails with advice outside of a project
    kind = kind_of(project, name)
    if model is not None and kind != RECIPE:
        raise UserError(f"{name} is a {kind}, and a {kind} is for all models: leave {model} out")
    if name == FAST:
        return {RUNTIME: fastest_runtime()}
    values = read(project / FOLDER / kind / f"{name}.yaml")
    if model is None:
        return values
    if model not in values:
        raise UserError(f"no recipe {name} for {model!r}; there is one for: {', '.join(values)}")
    return {model: values[model]}


def kind_of(project: Path, name: str) -> str:
    """Return the kind of a preset.

    Raises:
        UserError: If there is no such preset.
    """
    names = {kind: preset_names(project, kind) for kind in KINDS}
    for kind in KINDS:
        if name in names[kind]:
            return kind
    available = "; ".join(f"{kind}s: {', '.join(names[kind])}" for kind in KINDS)
    raise UserError(f"unknown preset {name!r}; {available}")


def scale_in_force(project: Path) -> str:
    """Return the name of the scale that `params.yaml` has, but for the runtime; empty: none."""
    for name in preset_names(project, SCALE):
        values = read_preset(project, name)
        if not unlike(project, {key: block for key, block in values.items() if key != RUNTIME}):
            return name
    return ""


def apply_preset(project: Path, name: str, model: str | None = None) -> list[str]:
    """Write the values of a preset into `params.yaml`, and return the changes, a line each.

    Raises:
        UserError: As `read_preset` and `apply_patch` do.
    """
    return apply_patch(project, read_preset(project, name, model))
