import signal
import subprocess
import sys

import pytest

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
    program = "import sys, vidpipe.cli; print(*sys.modules)"
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    loaded = set(output.stdout.decode().split())
    assert not loaded & {"torch", "mlflow", "pandas"}
