"""Every command starts where the system lacks what is Unix's alone."""

import subprocess
import sys

PROGRAM = """
import os, select, signal, sys
import dvc.config, kedro.framework.cli.project, mlflow, torch  # these know other systems themselves
from importlib import import_module
from click.testing import CliRunner

def load():
    cli = import_module("vidpipe.cli").cli
    return {name: cli.get_command(None, name) for name in cli.list_commands(None)}

names = sorted(load())
for module in [name for name in sys.modules if name.split(".")[0] == "vidpipe"]:
    del sys.modules[module]
for name in ("SIGHUP", "SIGKILL", "SIGALRM", "SIGQUIT", "setitimer", "ITIMER_REAL", "pause"):
    delattr(signal, name)
for name in ("getsid", "setsid", "killpg", "getpgid", "fork", "getuid", "sched_getaffinity"):
    delattr(os, name)

commands = load()
for name in names:
    alone = name in ("dvc-yaml", "refresh", "results", "run", "ui")  # take no argument
    for arguments in (["--help"], [] if alone else ["x"]):
        result = CliRunner().invoke(commands[name], arguments)
        ended = isinstance(result.exception, SystemExit | None)
        assert ended or name == "run", (name, result.exception)  # Kedro's own asks for a project
print(*names)
children = import_module("vidpipe.utils.children")
assert children.run([sys.executable, "-c", "raise SystemExit(3)"]) == 3
"""


def test_every_command_starts_without_what_is_of_unix_alone(tmp_path):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert {"new", "predict", "reproduce", "ui", "use"} <= set(done.stdout.split())
