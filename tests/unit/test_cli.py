import errno
import signal
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner
from kedro.config import OmegaConfigLoader
from kedro.io import DataCatalog
from kedro.pipeline import Pipeline, node
from kedro.runner import SequentialRunner
from support.project import ROOT, run

from vidpipe.cli import COMMANDS, cli, report_user_errors, summary, user_message
from vidpipe.io import Npz

PROGRAM = """
import signal, sys, time
import click
from vidpipe.cli import report_user_errors

@click.command()
def wait():
    try:
        print("waiting", flush=True)
        time.sleep(60)
    finally:
        print("cleared", flush=True)

# Whatever the tests themselves were started by.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_IGN if len(sys.argv) > 1 else signal.SIG_DFL)
report_user_errors(wait)([])
"""


def ended(*signals, words=()):
    """A command that is sent signals: how it ended, and what it said."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", PROGRAM, *words], text=True, **pipes) as process:
        assert process.stdout.readline() == "waiting\n"
        for number in signals:
            process.send_signal(number)
        out, error = process.communicate(timeout=30)
        return process.returncode, out, error


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_whatever_ends_a_command_it_clears_up(number):
    code, out, error = ended(number)
    assert code == 128 + number
    assert out == "cleared\n"
    assert "Traceback" not in error
    assert "goes on" not in error, "only a run of Kedro does"


def test_nohup_is_heeded():
    assert ended(signal.SIGHUP, signal.SIGTERM, words=["nohup"])[0] == 128 + signal.SIGTERM


def test_help_does_not_wait_for_large_libraries():
    program = (
        "import sys; from click.testing import CliRunner; from vidpipe.cli import cli;"
        "CliRunner().invoke(cli, ['--help']); print(*sys.modules)"
    )
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    loaded = set(output.stdout.decode().split())
    assert not loaded & {"torch", "mlflow", "pandas", "numpy", "kedro", "dvc", "pydantic"}


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_the_list_of_commands_has_the_first_sentence_of_each(name, monkeypatch):
    monkeypatch.chdir(ROOT)
    help_text = cli.get_command(None, name).help
    assert " ".join(help_text.split("\n\n")[0].split()) == summary(name)


def test_the_version_is_told():
    assert CliRunner().invoke(cli, ["--version"]).output == "vidpipe, version 0.1.0\n"


def fail(numbers):
    raise TypeError("a bug")


PIPELINE = Pipeline([node(fail, ["numbers"], "result", name="fail")])


def refusal(call, *arguments, **options):
    """What a user reads of the error that a call raises."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 (of whatever kind Kedro raises)
        call(*arguments, **options)
    return user_message(caught.value)


@pytest.mark.parametrize(
    ("options", "problem", "advice"),
    [
        ({"tags": ["x"]}, "Pipeline contains no nodes", "leave out --tags"),
        ({"from_inputs": ["x"]}, "datasets named ['x']", "conf/base/catalog.yml names them"),
        ({"to_outputs": ["x"]}, "datasets named ['x']", "conf/base/catalog.yml names them"),
        ({"node_names": ["x"]}, "nodes named ['x']", "there are: pix2pix, mlp_gan"),
        ({"node_namespaces": ["x"]}, "namespaces: ['x']", "there are: pix2pix, mlp_gan"),
    ],
)
def test_options_that_fit_no_node_are_told_in_a_line_with_what_to_do(options, problem, advice):
    line = refusal(PIPELINE.filter, **options)
    assert problem in line
    assert f"; {advice}" in line
    assert "\n" not in line


def test_whatever_kedro_refuses_before_a_node_runs_is_no_bug(tmp_path):
    (tmp_path / "base").mkdir()
    (tmp_path / "base/catalog.yml").write_text("x: [")
    loader = OmegaConfigLoader(str(tmp_path), base_env="base", default_run_env="base")
    assert "base/catalog.yml, unable to read" in refusal(loader.__getitem__, "catalog")


def test_a_bug_in_a_node_keeps_its_traceback():
    catalog = DataCatalog.from_config({"numbers": {"type": "kedro.io.MemoryDataset", "data": 1}})
    assert refusal(SequentialRunner().run, PIPELINE, catalog) == ""


def test_data_and_datasets_that_are_missing_are_no_bug(tmp_path):
    line = refusal(SequentialRunner().run, PIPELINE, DataCatalog())
    assert "; expected them in conf/base/catalog.yml" in line
    catalog = DataCatalog({"numbers": Npz(filepath=str(tmp_path / "numbers.npz"))})
    assert "not there yet; run `dvc repro`" in refusal(SequentialRunner().run, PIPELINE, catalog)


@pytest.mark.parametrize("runner", ["ParallelRunner", "ThreadRunner", "Nope", "no_module.Nope"])
def test_runners_under_which_nodes_do_not_work_are_refused(vidpipe, monkeypatch, runner):
    monkeypatch.chdir(ROOT)
    line = vidpipe("run", f"--runner={runner}", code=1).output
    assert line.startswith(f"Error: --runner {runner}: expected SequentialRunner")
    assert "leave --runner out" in line


@pytest.mark.parametrize("command", ["run", "dvc-yaml", "results", "preset smoke", "refresh", "ui"])
def test_outside_a_project_commands_say_so_in_a_line(vidpipe, tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cli, "commands", {})  # `run` is refused when it is loaded
    (line,) = vidpipe(*command.split(), code=1).output.splitlines()
    assert "expected the project's" in line
    assert "root" in line


def test_kedro_tells_its_errors_as_vidpipe_does():
    (line,) = run(ROOT, "kedro", "run", "--env=nope", code=1).splitlines()
    assert "conf/nope: expected the settings of --env nope" in line
    assert "make it, or name none" in line


def test_a_reader_that_has_enough_ends_a_command_in_silence():
    program = """
import click
from vidpipe.cli import report_user_errors

@click.command()
def talk():
    for n in range(100_000):
        click.echo(n)

report_user_errors(talk)([])
"""
    command = [sys.executable, "-c", program]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as process:
        assert process.stdout.readline() == "0\n"
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 1


def test_a_pipe_that_breaks_elsewhere_is_an_error():
    @click.command()
    def talk():
        raise BrokenPipeError(errno.EPIPE, "of a worker")

    said = CliRunner().invoke(report_user_errors(talk), [])
    assert said.exit_code == 1
    assert "of a worker" in said.output
