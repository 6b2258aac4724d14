import hashlib
import math

import av
import mlflow
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from support.project import copy, metrics, run

from vidpipe.visualization.animation import PAUSE

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # other people's, from MLflow


def client(project):
    return mlflow.MlflowClient(f"sqlite:///{project}/mlflow/mlflow.db")


def rows(project):
    found = client(project).get_experiment_by_name("prediction")
    return client(project).search_runs([found.experiment_id])


def test_every_output_of_the_design_is_there(reproduced):
    for path in (
        "data/01_raw/footage/carphone.mp4",
        "data/01_raw/footage.csv",
        "data/02_intermediate/footage/carphone.npy",
        "data/02_intermediate/footage/shots.csv",
        "data/05_model_input/pairs.npz",
        "data/05_model_input/pairs.png",
        "data/06_models/pix2pix/generator.safetensors",
        "data/06_models/pix2pix/discriminator.safetensors",
        "data/06_models/pix2pix/history.csv",
        "data/06_models/pix2pix/sheets/000012.png",
        "data/07_model_output/pix2pix/samples.mp4",
        "data/07_model_output/pix2pix/samples.gif",
        "data/07_model_output/pix2pix/samples.png",
        "metrics/pix2pix.json",
        "plots/pix2pix/history.csv",
        "plots/pix2pix/rollout_held_out.csv",
    ):
        assert (reproduced / path).stat().st_size > 0, path


def test_the_manifest_says_what_the_video_is(reproduced):
    (row,) = pd.read_csv(reproduced / "data/01_raw/footage.csv", keep_default_na=False).to_dict(
        "records"
    )
    video = (reproduced / "data/01_raw/footage/carphone.mp4").read_bytes()
    assert row["sha256"] == hashlib.sha256(video).hexdigest()
    assert (row["frames"], row["width"], row["height"], row["status"]) == (120, 193, 144, "ok")


def test_metrics_are_finite_and_each_stands_beside_its_baseline(reproduced):
    numbers = metrics(reproduced)
    assert list(numbers) == sorted(numbers)
    assert all(math.isfinite(value) for value in numbers.values())
    for split in ("seen", "held_out"):
        assert {f"one_step.{split}.psnr", f"one_step.{split}.copy_last_psnr"} <= set(numbers)
        for h in (1, 2, 4, 8, 16):
            wanted = {"psnr", "copy_last_psnr", "ssim", "copy_last_ssim", "skill", "starts"}
            wanted |= {"sharpness", "blurred_copy_skill", "constant_flow_skill"}
            wanted |= {"fitted_flow_skill", "mean_mix_skill"}
            assert {f"rollout.{split}.h{h}.{name}" for name in wanted} <= set(numbers)
    assert numbers["rollout.held_out.h1.skill_low"] <= numbers["rollout.held_out.h1.skill"]


def test_the_film_plays_everywhere_and_has_a_frame_per_step(reproduced):
    with av.open(str(reproduced / "data/07_model_output/pix2pix/samples.mp4")) as film:
        stream = film.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        pause = round(PAUSE * float(stream.average_rate))
        assert sum(1 for _ in film.decode(video=0)) == 16 + pause
    with Image.open(reproduced / "data/07_model_output/pix2pix/samples.gif") as gif:
        assert gif.n_frames == 16


def test_mlflow_has_one_row_with_all_that_is_known(reproduced, tmp_path):
    (row,) = rows(reproduced)
    assert row.info.run_name.removeprefix("⚠ ") == "pix2pix · carphone"
    assert row.info.status == "FINISHED"
    weights = (reproduced / "data/06_models/pix2pix/generator.safetensors").read_bytes()
    tags = row.data.tags
    assert tags["vidpipe.weights_md5"] == hashlib.md5(weights).hexdigest()
    pairs = (reproduced / "data/05_model_input/pairs.npz").read_bytes()
    assert tags["vidpipe.data_md5.pairs"] == hashlib.md5(pairs).hexdigest()
    wanted = {"vidpipe.deliverable", "vidpipe.device", "vidpipe.capability", "vidpipe.torch"}
    wanted |= {"vidpipe.threads"}
    assert wanted | {"mlflow.source.git.commit", "git.dirty"} <= set(tags)
    assert row.data.params["pix2pix.train.steps"] == "12"
    numbers = metrics(reproduced)
    assert row.data.metrics["score/psnr"] == pytest.approx(
        numbers["one_step.held_out.psnr"], rel=1e-5
    )
    assert {name.split("/")[0] for name in row.data.metrics} == {"score", "loss", "health"}
    table = client(reproduced).download_artifacts(row.info.run_id, "metrics.csv", str(tmp_path))
    logged = pd.read_csv(table).set_index("metric")["value"].to_dict()
    assert logged == pytest.approx(numbers, rel=1e-5)
    history = client(reproduced).get_metric_history(row.info.run_id, "loss/l1")
    assert [point.step for point in history] == [4, 8, 12]
    paths = {entry.path for entry in client(reproduced).list_artifacts(row.info.run_id)}
    assert {"samples.mp4", "samples.gif", "samples.png", "scores.csv", "images"} <= paths


def test_prediction_works_on_a_folder_of_weights_alone(reproduced, tmp_path):
    model = tmp_path / "weights only"
    model.mkdir()
    source = reproduced / "data/06_models/pix2pix/generator.safetensors"
    (model / "generator.safetensors").write_bytes(source.read_bytes())
    Image.fromarray(np.full((90, 50, 4), 128, np.uint8), "RGBA").save(tmp_path / "me.png")
    words = ("vidpipe", "predict", "--weights", str(model), "--steps", "5")
    said = run(tmp_path, *words, "--image", "me.png", "--out", "out.mp4")
    assert (
        "the last real frame, then 5 predicted, 25 per second, 64x64 shown 3 times as large" in said
    )
    clip = reproduced / "data/01_raw/footage/carphone.mp4"
    run(tmp_path, *words, "--video", str(clip), "--from", "1.5", "--out", "out.gif")
    with av.open(str(tmp_path / "out.mp4")) as film:
        assert sum(1 for _ in film.decode(video=0)) == 6
    with Image.open(tmp_path / "out.gif") as gif:  # frames alike are one, shown for longer
        shown = [gif.seek(i) or gif.info["duration"] for i in range(gif.n_frames)]
    assert sum(shown) == 6 * 1000 / 30


def test_prediction_says_what_is_wrong(reproduced, tmp_path, vidpipe, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.png").write_text("hello")
    words = ("predict", "--weights", str(reproduced / "data/06_models/pix2pix"))
    assert "either --image or --video" in vidpipe(*words, code=1).output
    said = vidpipe(*words, "--image", "text.png", code=1).output
    assert "text.png: expected a picture" in said
    assert "Traceback" not in said
    assert not (tmp_path / "out.mp4").exists()
    Image.new("RGB", (80, 60)).save(tmp_path / "me.png")
    said = vidpipe("predict", "--weights", "nowhere", "--image", "me.png", code=1).output
    assert "nowhere" in said
    assert "expected trained weights" in said


def test_a_wrong_parameter_stops_everything_before_it_starts(tmp_path):
    project = copy(tmp_path)
    said = run(
        project, "kedro", "run", "--pipelines=pix2pix", "--params", "pix2pix.train.stepz=3", code=1
    )
    assert "pix2pix.train.stepz: unknown key" in said
    assert "Traceback" not in said
    assert not (project / "data/01_raw/footage").exists()
