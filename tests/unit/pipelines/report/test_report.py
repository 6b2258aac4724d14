import inspect

from support.results import write_tree

from vidpipe.config.loader import read
from vidpipe.evaluation.protocol import METRICS
from vidpipe.io import Folder, Metrics, Npz
from vidpipe.pipelines.report.report import inputs_of_report, write_report
from vidpipe.reporting.page import render_report
from vidpipe.reporting.results import DIGITS, MODELS, PLOTS, SAMPLES, read_tree


def test_the_node_takes_its_inputs():
    inspect.signature(write_report).bind(**inputs_of_report())


def test_the_stage_writes_the_bytes_of_the_command(tmp_path):
    tree = write_tree(tmp_path / "tree")
    params = read(tree / "params.yaml")
    parts = {}
    for name in MODELS:
        parts[f"{name}_metrics"] = Metrics(filepath=str(tree / METRICS / f"{name}.json")).load()
        parts[f"{name}_plots"] = Folder(filepath=str(tree / PLOTS / name)).load()
        parts[f"{name}_samples"] = Folder(filepath=str(tree / SAMPLES / name)).load()
        parts |= {f"{name}_{part}": params[name][part] for part in ("train", "evaluate")}
    parts["autoencoder"] = Metrics(filepath=str(tree / METRICS / "clip_autoencoder.json")).load()
    parts["digits"] = Npz(filepath=str(tree / DIGITS)).load()
    assert set(parts) == set(inputs_of_report())
    assert write_report(**parts) == render_report(read_tree(tree, params))
