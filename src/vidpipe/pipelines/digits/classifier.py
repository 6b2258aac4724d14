"""Stage `digit_classifier`: train the judge, and say how well it tells numerals from none."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch

from vidpipe.config.schema import DigitClassifier as Params
from vidpipe.config.schema import Runtime
from vidpipe.data.splits import HELD_OUT, SEEN
from vidpipe.evaluation.classification import judge
from vidpipe.models.digit_classifier import DigitClassifier, Examples
from vidpipe.models.digit_negatives import IMPOSTORS
from vidpipe.models.pixels import to_uint8
from vidpipe.training import runtime as runtimes
from vidpipe.training import weights
from vidpipe.training.classification import fit_classifier
from vidpipe.training.loop import step_rng
from vidpipe.utils.progress import progress

ASKED = 500  # impostors of each kind that it is scored on


def train_digit_classifier(
    digits: dict[str, np.ndarray], train: Params, runtime: Runtime, scratch: Path
) -> tuple[Path, dict[str, float]]:
    """Train on what is `seen` and score on what is `held_out`.

    Returns:
        A folder with weights and `history.csv`; metrics.
    """
    machine = runtimes.start(**runtime.model_dump())
    torch.manual_seed(train.seed)
    examples = {
        split: _examples(digits, split, train.batch, machine.device) for split in (SEEN, HELD_OUT)
    }
    built = {"classes": len(digits["names"])}
    classifier = machine.place(DigitClassifier(**built))
    reports = fit_classifier(
        classifier,
        examples[SEEN].draw,
        steps=train.steps,
        learning_rate=train.learning_rate,
        report_every=train.report_every,
        seed=train.seed,
        autocast=machine.autocast,
    )
    history = [
        {"step": report.step, **report.losses}
        for report in progress(reports, total=train.steps, unit="step", name="digit_classifier")
    ]
    folder = scratch / "digit_classifier"
    folder.mkdir()
    pd.DataFrame(history).round(6).to_csv(folder / "history.csv", index=False)
    weights.save(classifier, folder / "classifier.safetensors", built)
    return folder, scores(classifier, examples[HELD_OUT], train.seed)


def scores(classifier: DigitClassifier, held_out: Examples, seed: int) -> dict[str, float]:
    """How often held-out numerals are named rightly, and impostors made of them refused."""
    judged = judge(classifier, held_out.pictures)
    label = held_out.label.cpu()
    numbers: dict[str, float] = {
        "held_out.accuracy": float((judged.label.cpu() == label).float().mean()),
        "held_out.chance": float(label.bincount().max() / len(label)),
        "held_out.confident_share": float(judged.accepted.mean()),
        "held_out.pictures": len(label),
        "refused.each": ASKED,
    }
    rng = step_rng(seed, 0)
    for name, make in IMPOSTORS.items():
        made = to_uint8(held_out.impostors(make, ASKED, rng)).to(held_out.pictures.device)
        taken = judge(classifier, made).accepted
        numbers[f"refused.{name}"] = float(1 - taken.mean())
    return numbers


def _examples(
    digits: dict[str, np.ndarray], split: str, batch: int, device: torch.device
) -> Examples:
    chosen = digits["split"] == split
    return Examples(
        torch.from_numpy(digits["pictures"][chosen])[:, None].to(device),
        torch.from_numpy(digits["label"][chosen]).long().to(device),
        batch=batch,
    )
