"""Reading `params.yaml`: by YAML 1.2 as DVC does, checked before anything runs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kedro.config import MissingConfigException, OmegaConfigLoader
from omegaconf import OmegaConf
from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from vidpipe.config.schema import Params
from vidpipe.utils.errors import UserError

FILE = "params.yaml"


class ParamsYamlLoader(OmegaConfigLoader):
    """Kedro's loader; its parameters are `params.yaml`, then conf/, then `--params`.

    In the catalog, `${params:digits.glyphs}` is the value of that parameter.

    Raises:
        UserError: If a merged value is not allowed.
    """

    def __init__(self, conf_source: str, env: str | None = None, **settings: Any) -> None:
        """Take what Kedro hands over; see `OmegaConfigLoader`.

        Raises:
            UserError: If an environment is named, and there is no folder of it.
        """
        if env and not (folder := Path(conf_source) / env).is_dir():
            raise UserError(
                f"{folder}: expected the settings of --env {env} (or KEDRO_ENV), found no such "
                "folder; make it, or name none: params.yaml and `vidpipe preset` set parameters"
            )
        super().__init__(conf_source, env, **settings)

    def __getitem__(self, key: str) -> dict[str, Any]:
        if key != "parameters" or key in self:
            # OmegaConf's resolvers are global: that of another loader would give the values
            # of another run.
            OmegaConf.register_new_resolver("params", self._value, replace=True)
            return super().__getitem__(key)
        # Later layers override earlier ones.
        layers = [read(Path(self.conf_source).parent / FILE), self._from_conf()]
        merged = OmegaConf.merge(*layers, self.runtime_params or {})
        params: dict[str, Any] = OmegaConf.to_container(merged)  # type: ignore[assignment]
        check(params)
        self[key] = params  # Kedro asks more than once, and YAML is slow to read
        return params

    def _value(self, key: str) -> Any:
        return OmegaConf.select(OmegaConf.create(self["parameters"]), key)

    def _from_conf(self) -> dict[str, Any]:
        try:
            return super().__getitem__("parameters")
        except MissingConfigException:
            return {}


def read(path: Path) -> dict[str, Any]:
    """Read a YAML file by YAML 1.2, as DVC does.

    Raises:
        UserError: If it is missing, or is not a mapping.
    """
    try:
        return read_text(path.read_text(encoding="utf-8"), str(path))
    except FileNotFoundError as error:
        raise UserError(
            f"{path}: expected the project's parameters, found no file; run this at its root"
        ) from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not readable as YAML: {error}") from error


def read_text(text: str, name: str) -> dict[str, Any]:
    """Read YAML 1.2.

    Args:
        text: The YAML.
        name: Of the file, for errors.

    Raises:
        UserError: If it is not a mapping.
    """
    try:
        values = YAML(typ="safe").load(text)
    except YAMLError as error:
        raise UserError(f"{name}: not readable as YAML: {error}") from error
    if not isinstance(values, dict):
        raise UserError(f"{name}: expected blocks of parameters, got {type(values).__name__}")
    return values


def check(params: dict[str, Any]) -> Params:
    """Validate parameters against the schema.

    Raises:
        UserError: Naming each key that is missing, unknown or has a value that is not allowed.
    """
    try:
        return Params.model_validate(params)
    except ValidationError as error:
        problems = [
            ": ".join(filter(None, [".".join(map(str, problem["loc"])), _message(problem)]))
            for problem in error.errors()
        ]
        raise UserError("\n  ".join([f"{FILE} is not right:", *problems])) from error


def _message(problem: Any) -> str:
    """Describe one of Pydantic's problems in a line."""
    match problem["type"]:
        case "extra_forbidden":
            return f"unknown key; known here: {', '.join(_allowed_keys(problem['loc'][:-1]))}"
        case "missing":
            return "expected a value, the key is not there"
    text: str = problem["msg"].removeprefix("Value error, ")
    text = text[:1].lower() + text[1:]
    # Where values of a block do not go together, the text names them: not all others as well.
    whole_block = problem["type"] == "value_error" and isinstance(problem["input"], Mapping)
    return text if whole_block else f"{text}, got {problem['input']!r}"


def _allowed_keys(key_path: tuple[str | int, ...]) -> list[str]:
    """List the keys that the block at a path may have."""
    block: Any = Params
    for key in key_path:
        # An optional block is annotated `Block | None`: take the block out of the union.
        annotation = block.model_fields[key].annotation
        parts = [annotation, *getattr(annotation, "__args__", ())]
        block = next(
            part for part in parts if isinstance(part, type) and issubclass(part, BaseModel)
        )
    return sorted(block.model_fields)
