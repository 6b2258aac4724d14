"""Stage `digit_classifier`: train the classifier of digits, and score it on held-out pictures."""

from pathlib import Path

import numpy as np
import torch

from vidpipe.config.schema import DigitClassifier as Params
from vidpipe.config.schema import Runtime
from vidpipe.data.splits import HELD_OUT, SEEN
from vidpipe.evaluation.classification import classify
from vidpipe.evaluation.classifier_scores import digit_accuracy, refusal_rates
from vidpipe.evaluation.classifier_training import fit_classifier
from vidpipe.evaluation.protocol import PROTOCOL, Protocol, ScoresAndProtocol
from vidpipe.models.digit_classifier import DigitClassifier, Examples
from vidpipe.models.digit_negatives import NEGATIVES
from vidpipe.training import runtime as runtimes
from vidpipe.training import weights
from vidpipe.training.single import record_history
from vidpipe.training.weight_files import CLASSIFIER_WEIGHTS

NEGATIVES_EACH = 500  # of each kind, for the refusal rates


def train_digit_classifier(
    digits: dict[str, np.ndarray], train: Params, runtime: Runtime, scratch: Path
) -> tuple[Path, ScoresAndProtocol]:
    """Train on `seen` pictures, and score on `held_out` ones and on negatives made from them.

    Returns:
        A folder with weights and `history.csv`; metrics, and how they were measured.

    Raises:
        UserError: If training diverges.
    """
    machine = runtimes.start(**runtime.model_dump())
    torch.manual_seed(train.seed)
    examples, held_out = (
        _examples(digits, split, train.batch, machine.device) for split in (SEEN, HELD_OUT)
    )
    built = {"classes": len(digits["names"])}
    classifier = machine.place(DigitClassifier(**built))
    reports = fit_classifier(
        classifier,
        examples.draw,
        steps=train.steps,
        learning_rate=train.learning_rate,
        report_every=train.report_every,
        seed=train.seed,
        autocast=machine.autocast,
    )
    history = record_history(reports, steps=train.steps, name="digit_classifier")
    folder = scratch / "digit_classifier"
    folder.mkdir()
    history.to_csv(folder / "history.csv", index=False)
    weights.save(classifier, folder / CLASSIFIER_WEIGHTS, built)

    # Held-out numerals must be recognised, and what is made from them refused.
    metrics = digit_accuracy(classify(classifier, held_out.pictures), held_out.label.cpu())
    metrics |= refusal_rates(
        classifier, held_out.negatives, NEGATIVES, count=NEGATIVES_EACH, seed=train.seed
    )
    protocol: Protocol = {
        "split": HELD_OUT,
        "held_out": len(held_out.label),
        "negatives": NEGATIVES_EACH,
        "seed": train.seed,
        "size": held_out.pictures.shape[-1],
    }
    return folder, {**metrics, PROTOCOL: protocol}


def _examples(
    digits: dict[str, np.ndarray], split: str, batch: int, device: torch.device
) -> Examples:
    rows = digits["split"] == split
    return Examples(
        torch.from_numpy(digits["pictures"][rows])[:, None].to(device),
        torch.from_numpy(digits["label"][rows]).long().to(device),
        batch=batch,
    )
