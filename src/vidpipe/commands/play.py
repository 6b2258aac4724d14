"""`vidpipe play`: a page on which trained models are tried."""

import os
import shutil
import socket
import sys
import tempfile
import webbrowser
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

import click

from vidpipe.utils import screen
from vidpipe.utils.errors import UserError

HOST = "127.0.0.1"
PORT = 8765
STOPPED = 130  # exit status after Ctrl-C, as shells report it


@click.command()
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    help=f"Port of this machine  [default: {PORT}, or a free one where that is taken]",
)
@click.option("--no-open", is_flag=True, help="Print the address, and open no browser.")
def play(port: int | None, no_open: bool) -> None:
    """Try trained models on a page, on this machine alone.

    Draw a picture or choose one, and pix2pix and convlstm_gan move it; take a seed and a label, and
    the other GANs make clips and numerals. Below each film stands the command that makes the same
    bytes.
    """
    with _listening(port) as place:
        address = f"http://{HOST}:{place.getsockname()[1]}"
        click.echo(f"{address} plays with the models of {Path.cwd()} (Ctrl-C stops)")
        if not no_open and screen.has_screen():
            Thread(target=webbrowser.open, args=(address,), daemon=True).start()
        _serve(place)


def _listening(port: int | None) -> socket.socket:
    """Return a socket that listens on a port of this machine alone.

    Raises:
        UserError: If the port that was asked for is taken.
    """
    for choice in (port,) if port else (PORT, 0):
        place = socket.socket()
        if sys.platform != "win32":  # there it would share the port
            place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            place.bind((HOST, choice))
            place.listen()
        except OSError as error:
            place.close()
            if port:
                raise UserError(
                    f"--port {port}: expected a free port, got: {error.strerror}; leave --port "
                    "out, and a free one is found"
                ) from error
        else:
            return place
    raise UserError(f"{HOST}: found no free port")


def _serve(place: socket.socket) -> None:
    """Answer until a signal comes; then end at once, whatever is being generated."""
    import uvicorn  # noqa: PLC0415 (a quarter of a second)

    from vidpipe.serving.page import Worker, application  # noqa: PLC0415

    worker = Worker()
    config = uvicorn.Config(
        application(worker),
        log_level="critical",
        access_log=False,
        server_header=False,
        lifespan="off",
        loop="asyncio",
        ws="none",
        timeout_graceful_shutdown=0,
    )
    with TemporaryDirectory(prefix="vidpipe-play-") as pictures:
        tempfile.tempdir = pictures
        try:
            uvicorn.Server(config).run(sockets=[place])
        finally:
            tempfile.tempdir = None
            worker.thread.shutdown(wait=False, cancel_futures=True)
            if worker.busy:
                # Python would wait for the thread, which torch does not let go of.
                shutil.rmtree(pictures, ignore_errors=True)
                click.echo("\nstopped", err=True)
                sys.stdout.flush()
                os._exit(STOPPED)
