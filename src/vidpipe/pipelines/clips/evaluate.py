"""Stages `<model>_evaluate` of the GANs of clips."""

from collections.abc import Callable
from pathlib import Path
from shutil import copyfile

import numpy as np

from vidpipe.config.models import ClipGanEvaluate
from vidpipe.config.schema import Runtime
from vidpipe.data.clip_arrays import ReferenceClips, at_size, check, frame_rate, stretches
from vidpipe.data.npz import write_npz
from vidpipe.data.splits import TEST, TRAIN
from vidpipe.evaluation import fvd
from vidpipe.evaluation.clip_evaluation import ClipEvaluation, evaluate_sampler
from vidpipe.evaluation.clip_features import SEED as FEATURE_SEED
from vidpipe.evaluation.clip_scores import check_halves, metrics_table
from vidpipe.evaluation.protocol import CLASSIFIER, PROTOCOL, Protocol, ScoresAndProtocol
from vidpipe.models.action_classifier import ActionClassifier
from vidpipe.models.clip_gan import ClipGanModule
from vidpipe.models.clip_sampling import ClipSampler
from vidpipe.tracking.headlines import headline_metrics
from vidpipe.tracking.protocol import Tracker
from vidpipe.training import runtime as runtimes
from vidpipe.training import weights
from vidpipe.training.weight_files import CLASSIFIER_WEIGHTS, GENERATOR_WEIGHTS
from vidpipe.utils.hashing import md5
from vidpipe.utils.names import model_name
from vidpipe.visualization.clip_films import draw_films, sample_sheet

MAX_RATIO = 4  # real clips of the training data for each generated one, at most
SAVED = 64  # clips in samples.npz


def make_evaluate_node(
    network: ClipGanModule,
) -> Callable[..., tuple[ScoresAndProtocol, ScoresAndProtocol, Path, Path]]:
    """Return the node function that evaluates a GAN of clips.

    Args:
        network: Module of the model. The node is a closure over it, by which it is among DVC's
            code dependencies of the stage.
    """

    def evaluate_clip_gan(
        clips: dict[str, np.ndarray],
        model: Path,
        classifier: Path,
        evaluate: ClipGanEvaluate,
        runtime: Runtime,
        tracker: Tracker,
        scratch: Path,
    ) -> tuple[ScoresAndProtocol, ScoresAndProtocol, Path, Path]:
        """Score generated clips against the training data, and draw them.

        Args:
            clips: Arrays of `clips.npz`.
            model: Folder of the model.
            classifier: Folder of the action classifier.
            evaluate: Number of clips, and the seed.
            runtime: Device, precision and determinism.
            tracker: Logs metrics and samples.
            scratch: Folder in which the folders are made.

        Returns:
            Metrics by name, see `clip_metrics`, and how they were measured; the headline scores
            among them; folders of plots and of samples.

        Raises:
            UserError: If the clips are not sound, too few, too short or of another size than the
                generated ones, or these are not finite, or the weights of FVD are not the file
                that was asked for.
        """
        # Both networks on the device: the generator, and the classifier that scores.
        check(clips)
        name = model_name(network)
        machine = runtimes.start(**runtime.model_dump())
        sampler = ClipSampler.load(name, network.Generator, model, machine)
        clips = at_size(clips, sampler.shape[0] if sampler.shape else None)
        detector = fvd.load(
            evaluate.fvd_weights,
            frames=sampler.generator.frames,
            parameter=f"{name}.evaluate.fvd_weights",
        )
        scorer = weights.build(ActionClassifier, classifier / CLASSIFIER_WEIGHTS)

        # Generate under the conditions of real clips, and score both alike.
        real = _real_clips(clips, sampler.generator.frames, evaluate.samples)
        evaluation = evaluate_sampler(
            sampler,
            machine.place(scorer),
            *real,
            samples=evaluate.samples,
            seed=evaluate.seed,
            detector=detector,
        )

        # Write plots and samples, and log them.
        actions = clips["labels"].tolist()
        fps = max(1, round(frame_rate(clips)))
        plots, samples = _write(scratch, model, evaluation, actions, fps)
        with tracker.evaluation(name, model / GENERATOR_WEIGHTS) as run:
            run.metrics(evaluation.metrics, 0)
            run.files(samples)
            run.picture("samples", sample_sheet(evaluation, actions), 0)
        protocol = _protocol(clips, real, evaluate, classifier / CLASSIFIER_WEIGHTS)
        if detector is not None:
            protocol["fvd_sha256"] = fvd.SHA256
        headlines = headline_metrics(name, evaluation.metrics, protocol)
        return {**evaluation.metrics, PROTOCOL: protocol}, headlines, plots, samples

    return evaluate_clip_gan


def _real_clips(
    clips: dict[str, np.ndarray], frames: int, samples: int
) -> tuple[ReferenceClips, ReferenceClips]:
    """Return real clips of both splits, as long as those of the generator."""
    train_clips = stretches(clips, TRAIN, frames=frames, most=MAX_RATIO * samples)
    held_out = stretches(clips, TEST, frames=frames, most=samples)
    check_halves(train_clips, samples)
    return train_clips, held_out


def _protocol(
    clips: dict[str, np.ndarray],
    real: tuple[ReferenceClips, ReferenceClips],
    evaluate: ClipGanEvaluate,
    classifier: Path,
) -> Protocol:
    """Return how clips were scored: against which real ones, and by which networks."""
    train_clips, held_out = real
    return {
        "split": TRAIN,
        "real": len(train_clips),
        "held_out": len(held_out),
        "samples": evaluate.samples,
        "seed": evaluate.seed,
        "frames": train_clips.pixels.shape[1],
        "fps": frame_rate(clips),
        "size": train_clips.pixels.shape[2],
        "feature_seed": FEATURE_SEED,
        CLASSIFIER: md5(classifier),
    }


def _write(
    scratch: Path, model: Path, evaluation: ClipEvaluation, actions: list[str], fps: int
) -> tuple[Path, Path]:
    """Write the folders of plots and of samples."""
    plots, samples = scratch / "plots", scratch / "samples"
    for folder in (plots, samples):
        folder.mkdir()
    # Plots are committed and models are not, so the losses are copied.
    copyfile(model / "history.csv", plots / "history.csv")
    metrics_table(evaluation.metrics).to_csv(plots / "scores.csv", index=False)
    for file, content in draw_films(evaluation, actions, fps=fps).items():
        (samples / file).write_bytes(content)
    arrays = {"clips": evaluation.made[:SAVED].numpy(), "fps": np.array(fps)}
    write_npz(samples / "samples.npz", arrays)
    return plots, samples
