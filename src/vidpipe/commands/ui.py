"""`vidpipe ui`: compare runs in a browser."""

import os
import sqlite3
import sys
from contextlib import suppress
from pathlib import Path

import click

from vidpipe.config.loader import FILE, read
from vidpipe.tracking.mlflow_tracker import relocate_artifacts, tracking_uri, without_secrets
from vidpipe.utils import children

STORE = "MLFLOW_BACKEND_STORE_URI"  # MLflow's name for --backend-store-uri


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=5000, show_default=True)
def ui(port: int) -> None:
    """Open MLflow's pages on this project's runs, on this machine alone.

    In the experiments digits, prediction and clips every row is one trained model: choose some and
    press Compare. In sources every row is what one run had to learn from. Where
    MLFLOW_TRACKING_URI names a server, its address is said, and nothing is started.
    """
    read(Path(FILE))  # fail before a database is made where there is no project
    uri = tracking_uri(Path.cwd())
    address = without_secrets(uri)
    if uri.startswith(("http://", "https://")):
        click.echo(f"these runs are kept by a server of MLflow: open {address}")
        return
    with suppress(sqlite3.Error):  # a database that MLflow has yet to set up
        relocate_artifacts(uri)
    click.echo(f"runs of {address} at http://127.0.0.1:{port} (Ctrl-C stops)")
    command = [sys.executable, "-m", "mlflow", "ui", "--host", "127.0.0.1", "--port", str(port)]
    with suppress(KeyboardInterrupt):
        # Not as an argument: all users of the machine see those, and it may hold a password.
        sys.exit(children.run(command, env=os.environ | {STORE: uri}))
