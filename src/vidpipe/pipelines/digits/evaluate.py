"""Stages `mlp_gan_evaluate` and `dcgan_evaluate`."""

import logging
from collections.abc import Callable
from pathlib import Path
from shutil import copyfile
from types import ModuleType

import numpy as np
import torch

from vidpipe.config.models import FromNoiseEvaluate
from vidpipe.config.schema import Runtime
from vidpipe.data.npz import write_npz
from vidpipe.data.splits import SEEN
from vidpipe.evaluation.classification import classify
from vidpipe.evaluation.digit_scores import digit_metrics
from vidpipe.evaluation.protocol import CLASSIFIER, PROTOCOL, Protocol, ScoresAndProtocol
from vidpipe.models.digit_classifier import DigitClassifier
from vidpipe.models.digit_sampling import sample_digits
from vidpipe.tracking.headlines import headline_metrics
from vidpipe.tracking.protocol import Tracker
from vidpipe.training import runtime as runtimes
from vidpipe.training import weights
from vidpipe.training.weight_files import CLASSIFIER_WEIGHTS, GENERATOR_WEIGHTS
from vidpipe.utils.hashing import md5
from vidpipe.utils.names import model_name
from vidpipe.visualization.animation import gif
from vidpipe.visualization.digit_films import FPS, latent_walk, sample_sheet
from vidpipe.visualization.sheets import png

log = logging.getLogger(__name__)

COLOURS = 32  # of the film's palette


def make_evaluate_node(
    network: ModuleType,
) -> Callable[..., tuple[ScoresAndProtocol, ScoresAndProtocol, Path, Path]]:
    """Return the node function that evaluates a GAN of digits.

    Args:
        network: Module of the model. The node is a closure over it, by which it is among DVC's
            code dependencies of the stage.
    """

    def evaluate_digit_gan(
        digits: dict[str, np.ndarray],
        model: Path,
        classifier: Path,
        evaluate: FromNoiseEvaluate,
        runtime: Runtime,
        tracker: Tracker,
        scratch: Path,
    ) -> tuple[ScoresAndProtocol, ScoresAndProtocol, Path, Path]:
        """Score samples and held-out pictures alike against the training data; draw the samples.

        Returns:
            Metrics by name, those of held-out pictures with `_held_out`, and how they were
            measured; the headline scores among them; folders of plots and samples.
        """
        # Both networks on the device: the generator, and the classifier that scores.
        name = model_name(network)
        machine = runtimes.start(**runtime.model_dump())
        generator = machine.place(weights.build(network.Generator, model / GENERATOR_WEIGHTS))
        scorer = weights.build(DigitClassifier, classifier / CLASSIFIER_WEIGHTS)
        scorer = machine.place(scorer)

        # Score the samples.
        rng = torch.Generator().manual_seed(evaluate.seed)
        noise = generator.prior.draw(evaluate.samples, rng)
        pictures = sample_digits(generator, noise, machine.device)
        classification = classify(scorer, pictures)
        metrics = digit_metrics(pictures, classification, scorer, digits, seed=evaluate.seed)
        log.info("%s: %d of %d numerals", name, metrics["modes"], classification.classes)

        # Draw the samples that were scored, and others on a walk through noise.
        plots, samples = scratch / "plots", scratch / "samples"
        for folder in (plots, samples):
            folder.mkdir()
        copyfile(model / "history.csv", plots / "history.csv")
        page = sample_sheet(pictures, classification, list(digits["names"]))
        (samples / "samples.png").write_bytes(png(page))
        film = latent_walk(generator, rng, machine.device)
        (samples / "samples.gif").write_bytes(gif(film, fps=FPS, colours=COLOURS))
        write_npz(samples / "generated.npz", {"pictures": pictures[:, 0].cpu().numpy()})
        with tracker.evaluation(name, model / GENERATOR_WEIGHTS) as run:
            run.metrics(metrics, 0)
            run.files(samples)
            run.picture("samples", page, 0)
        protocol: Protocol = {
            "split": SEEN,
            "real": metrics["seen"],
            "held_out": metrics["held_out"],
            "samples": evaluate.samples,
            "seed": evaluate.seed,
            "size": pictures.shape[-1],
            CLASSIFIER: md5(classifier / CLASSIFIER_WEIGHTS),
        }
        headlines = headline_metrics(name, metrics, protocol)
        return {**metrics, PROTOCOL: protocol}, headlines, plots, samples

    return evaluate_digit_gan
