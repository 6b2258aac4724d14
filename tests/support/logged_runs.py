"""Runs in MLflow as a person meets them: logged by the project's tracker, without a training."""

import shutil
from pathlib import Path

import numpy as np
from PIL import Image

from support.results import committed
from vidpipe.config.editing import apply_patch
from vidpipe.config.loader import check, read
from vidpipe.data.video import encode
from vidpipe.tracking.mlflow_tracker import MlflowTracker

SIDE, FRAMES, ROWS = 32, 16, 3


def log_run(
    project: Path, model: str, *, steps: int, seed: int, samples: Path | None = None
) -> str:
    """Log one training and its evaluation; return the run's id.

    Args:
        project: A project under git, whose params.yaml is changed to so many steps.
        model: A GAN of clips.
        steps: Of the training; its curves are made up.
        seed: Of all that is made up.
        samples: Folder of real samples to log; drawn ones if there is none.
    """
    apply_patch(project, {model: {"train": {"steps": steps}}})
    tracker = MlflowTracker(
        root=project, project=project, params=check(read(project / "params.yaml"))
    )
    made = project / f".vidpipe/made-{model}-{seed}"
    made.mkdir(parents=True)
    clips = made / "clips.npz"
    clips.write_bytes(b"the clips")
    classifier = made / "classifier"
    classifier.mkdir()
    (classifier / "classifier.safetensors").write_bytes(b"the classifier")
    tracker.inputs = {"clips": clips}
    weights = made / "generator.safetensors"
    weights.write_bytes(bytes([seed]))
    rng = np.random.default_rng(seed)
    with tracker.training(model, made) as run:
        for step in range(steps // 10, steps + 1, steps // 10):
            done = step / steps
            losses = {"generator": 4 - done + rng.normal(0, 0.2), "discriminator": 0.3 + done / 3}
            health = {"d_real": 0.8, "d_fake": 0.85, "diversity": done, "motion": done / 2}
            run.metrics(losses | health, step)
        for step in (steps // 2, steps):
            run.picture("progress", sheet(seed, step / steps), step)
        if seed % 2:
            run.warning("frozen", steps // 2)
        run.weights(weights)
    tracker.inputs = {"clips": clips, "action_classifier_model": classifier}
    metrics = committed(model)
    metrics["frechet_diff_gated"] *= 1 + seed / 10
    with tracker.evaluation(model, weights) as run:
        run.metrics(metrics, 0)
        run.files(samples or draw_samples(made / "samples", seed))
        run.picture("samples", sheet(seed, 1.0), 0)
    assert not tracker.failed
    shutil.rmtree(made)
    return run.id


def sheet(seed: int, contrast: float) -> np.ndarray:
    """Squares that move to the right, a clip in each row."""
    films = [film(seed + row) for row in range(ROWS)]
    rows = [np.concatenate(list(frames[::2]), axis=1) for frames in films]
    return (np.concatenate(rows) * contrast).astype(np.uint8)


def film(seed: int) -> np.ndarray:
    """A square that moves to the right."""
    rng = np.random.default_rng(seed)
    frames = np.full((FRAMES, SIDE, SIDE, 3), rng.integers(40, 90, 3), np.uint8)
    top, colour = rng.integers(4, 20), rng.integers(120, 255, 3)
    for n, frame in enumerate(frames):
        frame[top : top + 8, n : n + 8] = colour
    return frames


def draw_samples(folder: Path, seed: int) -> Path:
    """A folder of samples as an evaluation writes it."""
    folder.mkdir()
    (folder / "samples.mp4").write_bytes(encode(film(seed).repeat(4, 1).repeat(4, 2), fps=10))
    Image.fromarray(sheet(seed, 1.0)).save(folder / "samples.png")
    return folder
