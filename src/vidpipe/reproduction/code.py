"""The code that a stage depends on: what its modules import, directly or not."""

from collections.abc import Iterable
from pathlib import Path

from vidpipe.config.schema import CLIP_GANS

# The parameter models only check: values reach a stage through its `params`, and no field of
# theirs has a default. So a new model's parameters make no other model stale.
UNCOUNTED = {"vidpipe.config.schema", "vidpipe.config.models", "vidpipe.config.datasets"}


class Imports:
    """Which files of the package a file imports, directly or not (grimp).

    Args:
        project: Folder with `src/vidpipe`.
    """

    def __init__(self, project: Path) -> None:
        import grimp  # noqa: PLC0415

        self.project = project
        self.graph = grimp.build_graph("vidpipe", cache_dir=None)

    def closure(self, files: Iterable[str]) -> list[str]:
        """The files and all they import, sorted; packages' `__init__.py` hold no code but one."""
        modules = {
            file.removeprefix("src/").removesuffix(".py").replace("/", ".") for file in files
        }
        todo = list(modules)
        while todo:
            for found in self.graph.find_modules_directly_imported_by(todo.pop()):
                if found not in modules | UNCOUNTED:
                    modules.add(found)
                    todo.append(found)
        return sorted(self._file(module) for module in modules)

    def _file(self, module: str) -> str:
        stem = f"src/{module.replace('.', '/')}"
        package = f"{stem}/__init__.py"
        return package if (self.project / package).is_file() else f"{stem}.py"


def by_name(stage: str) -> set[str]:
    """Files that a stage of a GAN of clips imports by the model's name, where no import says so."""
    return {f"src/vidpipe/models/{gan}.py" for gan in CLIP_GANS if stage.startswith(f"{gan}_")}
