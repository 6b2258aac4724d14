"""`make bench`: what it compares with, how its sides run, and what it writes; never how fast."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from benchmarks import clip_gans, devices, games, plain, seeds
from benchmarks.bench import overhead, packing, page, reading, sides, steps, training
from benchmarks.inputs import parameters
from vidpipe.config.loader import check, read
from vidpipe.data.npz import write_npz
from vidpipe.models import dcgan, pix2pix
from vidpipe.training.runtime import PORTABLE, start

TIMES = {"median": 0.5, "least": 0.4, "most": 0.6, "rounds": [0.4, 0.5, 0.6], "peak_mib": 500}
MACHINE = {
    "processor": "A",
    "cores": 2,
    "instruction_sets": ["avx2"],
    "memory_gib": 8.0,
    "system": "Linux",
    "python": "3.11",
    "versions": {"torch": "2"},
}


def facts() -> dict:
    """Of all subjects, with times that give round ratios."""
    runtime = {"precision": "fp32"}
    models = {
        "plain": TIMES | {"median": 1.0, "least": 0.9, "most": 1.1},
        "portable": TIMES | {"runtime": runtime, "peak_mib": 600},
        "fast": TIMES | {"median": 0.25, "runtime": runtime},
    }
    profile = {
        "seconds": 0.1,
        "gflop": 5.0,
        "parts": {steps.ARITHMETIC: 0.5, steps.TRAFFIC: 0.5},
        "largest": {"mm 2x2": 0.3, "add 2x2": 0.2, "copy_ 2x2": 0.1},
    }
    ways = {name: TIMES | {"median": 2e-4} for name in (*reading.ALONE, *reading.SPREAD)}
    del ways["decord, read and resize"]
    starts = ("`kedro run` of a data stage, to its node", "`vidpipe --help`")
    return {
        "quick": True,
        "machine": MACHINE,
        "training": dict.fromkeys(training.MODELS, models),
        "reading": {"sides": ways, "skipped": {"decord, read and resize": "not installed"}},
        "packing": {
            "pack": {
                packing.OURS: TIMES | {"bytes": 50, "pairs": 9},
                packing.THEIRS: TIMES | {"median": 6.0, "bytes": 100},
            },
            "load": {packing.OURS: TIMES, packing.THEIRS: TIMES | {"median": 1.0}},
        },
        "overhead": {
            "training": {"a script": TIMES, "DVC, Kedro and MLflow": TIMES},
            "start": dict.fromkeys(starts, TIMES),
            "share_of_ten_minutes": 0.03,
        },
        "profile": {
            steps.MACHINE: {"gflops": 100.0, "gb_per_s": 10.0},
            **dict.fromkeys(steps.MODELS, profile),
        },
    }


def test_ratios_are_how_many_times_as_fast_this_project_is():
    found = {one.what: one for one in page.ratios(facts())}
    fast, portable = (
        found[f"pix2pix, `{kind}`: speed of the plain loop"] for kind in ("fast", "portable")
    )
    assert (fast.value, fast.aim, fast.reached) == (4.0, 2.5, True)
    assert (portable.value, portable.aim, portable.reached) == (2.0, 1.0, True)
    memory = found["gan3d, `portable`: memory of the plain loop"]
    assert (memory.value, memory.told, memory.reached) == (1.2, "1.20", True)
    packed = found["packing: speed of `savez_compressed`"]
    assert (packed.value, packed.aimed) == (12.0, "at least 12.00")
    overheads = found["Kedro, DVC and MLflow: share of ten minutes"]
    assert (overheads.told, overheads.aimed, overheads.reached) == ("3.0 %", "at most 2.0 %", False)
    assert found["`extract`, every second frame: speed of PyAV, decoding alone"].value == 1.0


def test_a_subject_that_was_not_measured_has_no_ratio_and_no_table():
    alone = {name: value for name, value in facts().items() if name in ("machine", "packing")}
    assert len(page.ratios(alone)) == 3
    assert page.tables(alone).keys() == {"machine", "ratios", "packing"}


def test_tables_stand_between_the_markers_of_the_page_and_the_prose_stays():
    before = page.PAGE.read_text(encoding="utf-8")
    tables = page.tables(facts())
    assert tables.keys() == {"machine", "ratios", *page.TABLES}
    after = page.replaced(before, tables)
    assert page.replaced(after, tables) == after
    assert "| pix2pix, `fast`: speed of the plain loop | 4.00 | at least 2.50 | yes |" in after
    assert "| decord, read and resize | not installed |" in after
    headings = [line for line in before.splitlines() if line.startswith("#")]
    assert [line for line in after.splitlines() if line.startswith("#")] == headings


def test_a_page_without_a_marker_is_refused():
    with pytest.raises(ValueError, match="expected `<!-- written by `make bench`: machine -->`"):
        page.replaced("# Performance\n", page.tables(facts()))


def test_page_numbers_and_figure_are_written_the_same_each_time(tmp_path: Path):
    written = []
    for folder in (tmp_path / "one", tmp_path / "other"):
        page.write(facts(), folder / "bench.json", folder)
        written.append({file.name: file.read_bytes() for file in folder.iterdir()})
    assert written[0] == written[1]
    assert written[0].keys() == {"bench.json", "performance.md", "speed.svg"}
    told = json.loads(written[0]["bench.json"])
    assert told["ratios"]["dcgan, `fast`: speed of the plain loop"] == {
        "value": 4.0,
        "aim": 2.5,
        "reached": True,
    }


def count(network: torch.nn.Module) -> int:
    return games.weights(network)[0]


def test_plain_networks_are_as_large_as_published_and_as_the_projects():
    with torch.device("meta"):
        unet, patch = plain.UNet(), plain.PatchGan()
        model = training.params_of("pix2pix", quick=False).pix2pix.model
        assert (model.width, model.discriminator_width) == (64, 64)
        own = pix2pix.make_generator(
            size=256, channels=3, **model.model_dump(exclude={"discriminator_width"})
        )
        judge = pix2pix.Discriminator(channels=3, width=64, history=1)
        assert count(unet) == count(own)
        assert count(patch) == count(judge)
        assert [round(count(one) / 1e6, 1) for one in (unet, patch)] == [54.4, 2.8]
        assert unet(torch.zeros(1, 3, 256, 256)).shape == (1, 3, 256, 256)
        assert patch(torch.zeros(1, 6, 256, 256)).shape == (1, 1, 30, 30)


def test_the_plain_dcgan_is_that_of_the_recipe_report():
    with torch.device("meta"):
        generator, discriminator = plain.dcgan_networks()
        own = dcgan.Generator(latent=100, codes=0, hidden=0)
        judge = dcgan.Discriminator(norm="batch", dropout=0.25, hidden=0)
        assert count(generator) == count(own)
        assert count(discriminator) == count(judge)
        assert discriminator(generator(torch.zeros(2, 100))).shape == (2, 1)


@pytest.mark.parametrize("model", ["gan3d", "convlstm_gan"])
def test_gans_of_clips_are_compared_as_they_are_committed(model: str):
    params = training.params_of(model, quick=False)
    assert getattr(params, model) == getattr(check(read(sides.ROOT / "params.yaml")), model)


def test_clips_of_the_other_benchmarks_are_as_trainings_read_them():
    machine = start(device="cpu", precision="fp32", threads=1, determinism="machine")
    params = parameters("smoke")
    games.networks("gan3d", params, devices.arrays(params), machine)
    state, objective = clip_gans.game("gan3d", "smoke", 2, machine)
    _, latents = objective.sample_batch(state.generator, torch.Generator())
    assert latents.shape == (2, 8, params.gan3d.model.frames, 8, 8)
    assert latents.dtype == torch.float32


@pytest.mark.parametrize(
    ("operator", "part"),
    [
        ("aten::convolution_backward", steps.ARITHMETIC),
        ("aten::mkldnn_convolution", steps.ARITHMETIC),
        ("aten::addmm", steps.ARITHMETIC),
        ("aten::native_batch_norm_backward", steps.NORM),
        ("aten::_fused_adam_", steps.OPTIMIZER),
        ("aten::lerp_", steps.OPTIMIZER),
        ("aten::mul", steps.TRAFFIC),
        ("aten::copy_", steps.TRAFFIC),
    ],
)
def test_an_operator_is_of_one_part_of_a_step(operator: str, part: str):
    assert steps.part_of(operator) == part


def test_a_side_inherits_nothing_that_is_pinned(monkeypatch: pytest.MonkeyPatch):
    for name, value in PORTABLE.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    left = sides.environment()
    assert not {*PORTABLE, "OMP_NUM_THREADS"} & left.keys()
    assert left["PATH"].endswith(os.environ["PATH"])


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (4, 16, 16, 3), np.uint8)
    indices = np.array([[0, 1], [1, 2], [2, 3]])
    write_npz(tmp_path / "pairs.npz", {"frames": frames, "pairs": indices})
    return tmp_path


def test_sides_are_processes_that_answer_in_turn(pairs: Path):
    names = {"first": packing.OURS, "second": packing.THEIRS}
    both = [sides.Side(name, "packing", ("pack", side, str(pairs))) for name, side in names.items()]
    answers = sides.in_turn(both, rounds=2, seconds=0.001)
    assert answers.keys() == names.keys()
    for answer in answers.values():
        assert answer["pairs"] == 3
        assert len(answer["rounds"]) == 2
        assert answer["least"] <= answer["median"] <= answer["most"]
        # Without torch, whatever the process that asks has in its memory.
        assert 0 < answer["peak_mib"] < 250


def test_a_side_that_fails_is_named(pairs: Path):
    side = sides.Side("ours", "packing", ("pack", packing.OURS, str(pairs / "nowhere")))
    with pytest.raises(sides.UserError, match="ours: expected an answer of `packing pack"):
        sides.in_turn([side], rounds=1, seconds=0.001)


def test_a_command_that_fails_is_told_with_its_words(tmp_path: Path):
    command = [sys.executable, "-c", "import sys; sys.stderr.write('lost'); sys.exit(3)"]
    with pytest.raises(sides.UserError, match="ended with 3: lost"):
        overhead.run(tmp_path, command)


def test_the_short_training_reports_as_often_as_the_committed_one():
    committed = read(sides.ROOT / "params.yaml")["mlp_gan"]["train"]
    short = overhead.SHORT["mlp_gan"]["train"]
    assert short["steps"] < committed["steps"]
    for every in ("report_every", "sample_every"):
        assert short["steps"] // short[every] == committed["steps"] // committed[every]


@pytest.mark.slow
def test_the_gpu_script_imports_neither_kedro_nor_dvc_nor_mlflow():
    code = "import sys, benchmarks.gpu; print({'kedro', 'dvc', 'mlflow'} & set(sys.modules))"
    command = [sys.executable, "-c", code]
    told = subprocess.check_output(command, cwd=sides.ROOT, env=sides.environment(), text=True)
    assert told.strip() == "set()"


@pytest.mark.long
def test_the_gpu_script_runs_every_part_without_a_gpu(tmp_path: Path):
    # Tests of a GPU are skipped; pytest ends with 0 then.
    tried = {"DEVICE": "cpu", "SCALE": "smoke", "SECONDS_OF_TRAINING": "2", "OMP_NUM_THREADS": "1"}
    told = subprocess.check_output(
        ["bash", "benchmarks/gpu.sh", str(tmp_path)],
        cwd=sides.ROOT,
        env=sides.environment() | tried | {"PYTHON": sys.executable},
        text=True,
    )
    parts = [line.split(": ") for line in told.splitlines() if ": exit " in line]
    assert len(parts) > 30
    assert [name for name, ended in parts if not ended.startswith("exit 0,")] == []
    written = json.loads((tmp_path / "gpu.json").read_text(encoding="utf-8"))
    for model in ("pix2pix", "gan3d", "convlstm_gan", "mocogan"):
        assert written[f"train-{model}"]["metrics"]
        assert list((tmp_path / f"{model}-samples").iterdir())
    assert told.count(": equal") == 6


def shown_by_seeds(monkeypatch, *options):
    """Exit code, output and the seeds that were trained, by steps."""
    trained = []

    def train(learners, threads, steps, seed):
        trained.append((seed, steps))
        return {"score": float(seed), "score_real": 10.0}

    monkeypatch.chdir(sides.ROOT)
    monkeypatch.setattr(seeds, "trained", train)
    monkeypatch.setattr(seeds, "ProcessPoolExecutor", lambda n, mp_context: ThreadPoolExecutor(n))
    monkeypatch.setattr(
        seeds, "read_numbers", lambda text, name: {"score": 10.0, "score_real": 10.0}
    )
    result = CliRunner().invoke(seeds.main, ["mlp_gan", *options])
    return result.exit_code, result.output, sorted(trained)


def test_the_committed_seed_is_not_trained_anew_but_with_other_steps(monkeypatch):
    code, shown, trained = shown_by_seeds(monkeypatch, "--seeds", "0,1,2")
    assert (code, trained) == (0, [(1, None), (2, None)])
    assert "| score | 10 | 1 | 2 | 2 | 9 |" in shown
    assert "score_real" not in shown
    code, shown, trained = shown_by_seeds(monkeypatch, "--seeds", "0,1,2", "--steps", "5")
    assert (code, trained) == (0, [(0, 5), (1, 5), (2, 5)])
    assert "| score | 0 | 1 | 2 | 1 | 2 |" in shown
    code, shown, _ = shown_by_seeds(monkeypatch, "--steps", "5", "--tolerances")
    assert code == 2
    assert "--steps: expected none with --tolerances" in shown


@pytest.mark.slow
@pytest.mark.parametrize("module", ["seeds", "footage_table", "checkpoints"])
def test_a_benchmark_that_pins_kernels_does_not_import_torch_before(module):
    code = f"import sys, benchmarks.{module}; sys.exit('torch' in sys.modules)"
    command = [sys.executable, "-c", code]
    subprocess.run(command, cwd=sides.ROOT, env=sides.environment(), check=True)


@pytest.mark.long
def test_a_try_writes_everything_and_leaves_the_documentation_alone(tmp_path: Path):
    before = page.PAGE.read_bytes()
    command = [sys.executable, "-m", "benchmarks.bench", "--quick", "--out", str(tmp_path)]
    subprocess.run(command, cwd=sides.ROOT, check=True, env=sides.environment())
    told = json.loads((tmp_path / "bench.json").read_text(encoding="utf-8"))
    assert told["quick"]
    assert told["training"].keys() == training.MODELS.keys()
    for model in training.MODELS:
        assert told["training"][model].keys() == set(training.SIDES)
    assert told["profile"].keys() == {steps.MACHINE, *steps.MODELS}
    assert "*Not measured yet.*" not in (tmp_path / "performance.md").read_text(encoding="utf-8")
    assert page.PAGE.read_bytes() == before
