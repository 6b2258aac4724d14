"""The page is for this machine alone, and ends when it is told to."""

import signal
import socket
import subprocess
import sys
import urllib.request

import pytest
from support import untaught_models
from support.project import environment

from vidpipe.commands import play
from vidpipe.utils import screen


@pytest.fixture
def taken():
    """A port that another process listens on."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


@pytest.fixture
def served(monkeypatch):
    """The addresses that were served, each for no time at all."""
    places = []
    monkeypatch.setattr(play, "_serve", lambda place: places.append(place.getsockname()))
    monkeypatch.setattr(screen, "has_screen", lambda: False)
    return places


def test_a_port_that_was_asked_for_and_is_taken_is_told(vidpipe, served, taken):
    said = vidpipe("play", "--port", str(taken), code=1).output
    assert f"--port {taken}: expected a free port" in said
    assert not served


def test_without_a_job_a_free_port_is_found(vidpipe, served, taken, monkeypatch):
    monkeypatch.setattr(play, "PORT", taken)
    said = vidpipe("play").output
    ((host, port),) = served
    assert host == "127.0.0.1"
    assert port != taken
    assert said.startswith(f"http://127.0.0.1:{port} ")


@pytest.mark.parametrize("words", [(), ("--no-open",)])
def test_the_browser_is_opened_unless_told_otherwise(vidpipe, served, monkeypatch, words):
    opened = []
    monkeypatch.setattr(screen, "has_screen", lambda: True)
    monkeypatch.setattr(play.webbrowser, "open", opened.append)
    monkeypatch.setattr(play, "PORT", 0)
    vidpipe("play", *words)
    ((host, port),) = served
    assert opened == ([] if words else [f"http://{host}:{port}"])


@pytest.mark.slow
@pytest.mark.parametrize("busy", [False, True], ids=["idle", "busy"])
def test_a_signal_ends_it_at_once(tmp_path, busy):
    untaught_models.save(tmp_path / "data/06_models", "mocogan")
    process = subprocess.Popen(
        # Tests that run in the background have SIGINT ignored, and children inherit that.
        ["env", "--default-signal=INT", sys.executable, "-u", "-m", "vidpipe", "play", "--no-open"],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    place = socket.socket()
    try:
        address = process.stdout.readline().split()[0]
        assert urllib.request.urlopen(f"{address}/", timeout=600).status == 200
        if busy:
            place.connect(("127.0.0.1", int(address.rpartition(":")[2])))
            job = "POST /make/mocogan?frames=100&count=16 HTTP/1.1\r\nHost: localhost\r\n"
            place.sendall(f"{job}Content-Length: 0\r\n\r\n".encode())
            place.settimeout(1)
            with pytest.raises(TimeoutError):
                place.recv(1)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=60)[1]
    finally:
        place.close()
        process.kill()
    assert (process.returncode, said.strip()) == (130, "stopped")
