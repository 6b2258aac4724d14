"""The code that a stage depends on: the modules of its node functions and all they import.

In a project without `src/vidpipe` it is `vidpipe.lock`, which names the installed package.
"""

import hashlib
import inspect
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property, partial
from importlib.metadata import version
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from vidpipe.utils.errors import UserError

PACKAGE = "vidpipe"
INSTALLED = "vidpipe.lock"  # stands for the code in a project that has none
# Packages that stand as a folder in dvc.yaml only where a stage uses all files of it: trainings and
# fetches are long, and no edit of the scores of clips is to make those of footage stale.
EXACT = tuple(Path("src", PACKAGE, name) for name in ("models", "data", "evaluation"))
# Modules that cannot change a byte of any output: errors, progress, names, whole-file writes and
# type aliases. The models of params.yaml are among them, for only optional blocks have a default:
# values reach a stage through its `params`.
UNCOUNTED = (
    "vidpipe.config",
    "vidpipe.models.shapes",
    "vidpipe.tracking.protocol",
    "vidpipe.utils.atomic",
    "vidpipe.utils.errors",
    "vidpipe.utils.names",
    "vidpipe.utils.progress",
)


class Imports:
    """Import graph of the package, by grimp.

    Args:
        project: Folder with `src/vidpipe`, or with `INSTALLED`.
    """

    def __init__(self, project: Path) -> None:
        self.project = project

    @cached_property
    def graph(self) -> Any:
        """The graph, which takes a second to build."""
        import grimp

        return grimp.build_graph(PACKAGE, cache_dir=None)

    def closure(self, files: Iterable[str]) -> list[str]:
        """Return the files and every counted file they import, directly or not, sorted.

        The `__init__.py` of the packages that contain them are not in it: they hold no code.
        """
        if not has_code(self.project):
            return [INSTALLED]
        modules = {
            file.removeprefix("src/").removesuffix(".py").replace("/", ".") for file in files
        }
        queue = list(modules)
        while queue:
            for imported in self.graph.find_modules_directly_imported_by(queue.pop()):
                if imported not in modules and counted(imported):
                    modules.add(imported)
                    queue.append(imported)
        return sorted(self._file(module) for module in modules)

    def _file(self, module: str) -> str:
        stem = f"src/{module.replace('.', '/')}"
        package = f"{stem}/__init__.py"
        return package if (self.project / package).is_file() else f"{stem}.py"


def has_code(project: Path) -> bool:
    """Return True for a clone, False for a project that uses the installed package."""
    return (project / "src" / PACKAGE).is_dir()


def installed() -> str:
    """Return what `INSTALLED` says of this package: its version, and a hash of its code."""
    root = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for file in sorted([*root.rglob("*.py"), *root.rglob("templates/*.html")]):
        digest.update(f"{file.relative_to(root).as_posix()}\n".encode() + file.read_bytes())
    return f"{PACKAGE} {version(PACKAGE)}\nsha256 {digest.hexdigest()}\n"


def check_installed(project: Path) -> None:
    """Compare the installed package with the one that a project without code names.

    Raises:
        UserError: If it is another one: the results of the project would be of two.
    """
    if has_code(project):
        return
    file = project / INSTALLED
    named = file.read_text(encoding="utf-8") if file.is_file() else "nothing"
    if named != installed():
        raise UserError(
            f"{INSTALLED}: expected the installed package, {' '.join(installed().split())}, got "
            f"{' '.join(named.split())}; `vidpipe dvc-yaml` takes the installed one, and `dvc "
            "repro` then runs all stages anew"
        )


def counted(module: str) -> bool:
    """Return True if a change of the module can change the bytes of a stage."""
    return not any(f"{module}.".startswith(f"{name}.") for name in UNCOUNTED)


def by_folder(project: Path, files: Iterable[str]) -> list[str]:
    """Replace the files of a folder by the folder where they are at least half of it, sorted.

    A folder counts with its subfolders, so each of these must be replaced too. In the packages of
    `EXACT`, all files must be there: an edit of one model is not to make another's stages stale,
    nor one of clips a fetch. `__init__.py` holds no code, and is not asked for.
    """
    paths = {Path(file) for file in files}
    packages = {p for path in paths for p in path.parents if Path("src", PACKAGE) in p.parents}
    # The innermost folder comes first, so that its parent finds it replaced.
    for folder in sorted(packages, key=lambda path: len(path.parts), reverse=True):
        members = {
            path.relative_to(project)
            for path in (project / folder).rglob("[!.]*.py")
            if path.name != "__init__.py"
        }
        missing = {path for path in members if paths.isdisjoint((path, *path.parents))}
        own = {path for path in members if path.parent == folder}
        exact = any(map(folder.is_relative_to, EXACT))
        allowed = 0 if exact else len(own) // 2
        inside = {path for path in paths if path.is_relative_to(folder)}
        if len(inside) > 1 and missing <= own and len(missing) <= allowed:
            paths = paths - inside | {folder}
    return sorted(path.as_posix() for path in paths)


def code_of(function: Callable[..., Any]) -> set[str]:
    """Return the files of the package that a node function is made of.

    These are the function's own module and the modules, functions and classes bound in its closure
    or in the arguments of a `partial`. What the files import is not in it.
    """
    return {f"src/{name.replace('.', '/')}.py" for name in _modules(function)}


def _modules(value: Any) -> Iterator[str]:
    """Names of the package's modules that a value is or is defined in."""
    if isinstance(value, partial):
        for part in (value.func, *value.args, *value.keywords.values()):
            yield from _modules(part)
        return
    name = value.__name__ if isinstance(value, ModuleType) else _defined_in(value)
    if name.partition(".")[0] == PACKAGE:
        yield name
    if isinstance(value, FunctionType):
        for bound in inspect.getclosurevars(value).nonlocals.values():
            yield from _modules(bound)


def _defined_in(value: Any) -> str:
    return value.__module__ if isinstance(value, FunctionType | type) else ""
