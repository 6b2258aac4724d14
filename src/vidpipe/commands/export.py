"""`vidpipe export`: a trained model for other programs."""

from pathlib import Path

import click

from vidpipe.commands.outputs import ModelName, check_out, say_origin
from vidpipe.serving import onnx_model
from vidpipe.serving.published import AUTOENCODER
from vidpipe.serving.store import NAMES, WEIGHTS, check_weights, folder_of
from vidpipe.utils.errors import UserError


@click.command()
@click.argument("model", type=ModelName(NAMES))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="Folder that is written; of ONNX, a name that ends in .onnx.",
)
@click.option(
    "--format",
    "kind",
    type=click.Choice(["mlflow", "onnx"]),
    default="mlflow",
    show_default=True,
    help="A model of MLflow, or a graph of ONNX (extra vidpipe[onnx]).",
)
@click.option(
    "--weights",
    type=click.Path(path_type=Path),
    help="Folder with generator.safetensors  [default: as of `vidpipe generate`]",
)
def export(model: str, out: Path, kind: str, weights: Path | None) -> None:
    """Write a trained MODEL for other programs.

    A model of MLflow has weights, code and the versions of what it needs, and no pickle:
    `mlflow.pyfunc.load_model(OUT).predict(rows)` gives the bytes that `vidpipe generate` writes,
    and so does `mlflow models serve -m OUT`.

    \b
      vidpipe export gan3d --out gan3d-mlflow
      vidpipe export dcgan --format onnx --out dcgan.onnx
    """
    folder = weights or folder_of(model)
    check_weights(model, folder)
    if kind == "onnx":
        check_out("--out", out, (".onnx",))
        onnx_model.export(model, folder, out)
    else:
        check_out("--out", out / "MLmodel")
        if out.exists() and any(out.iterdir()):
            raise UserError(f"--out {out}: expected an empty folder, or none; choose another")
        from vidpipe.serving import mlflow_model  # noqa: PLC0415 (pandas)

        files = [folder / name for name in (WEIGHTS, AUTOENCODER)]
        mlflow_model.export(model, [file for file in files if file.is_file()], out)
    say_origin(folder)
    click.echo(f"{out}: {model}, as {kind}")
