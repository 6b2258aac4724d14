"""Settings that Kedro reads of a project."""

from vidpipe.config.loader import ParamsYamlLoader
from vidpipe.hooks import Workbench

CONFIG_LOADER_CLASS = ParamsYamlLoader
CONFIG_LOADER_ARGS = {"base_env": "base", "default_run_env": "base"}
HOOKS = (Workbench(),)
DISABLE_HOOKS_FOR_PLUGINS = ("kedro-telemetry",)
