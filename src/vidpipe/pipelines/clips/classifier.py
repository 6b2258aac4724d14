"""Stage `action_classifier`: train the classifier of actions, and score it on held-out groups."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch

from vidpipe.config.schema import ActionClassifier as Params
from vidpipe.config.schema import Runtime
from vidpipe.data.clip_arrays import check, frame_rate
from vidpipe.data.splits import TEST, TRAIN
from vidpipe.evaluation.classification import classify
from vidpipe.evaluation.classifier_scores import action_accuracy, confusion, refusal_rates
from vidpipe.evaluation.classifier_training import fit_classifier
from vidpipe.evaluation.protocol import PROTOCOL, Protocol, ScoresAndProtocol
from vidpipe.models.action_classifier import (
    FRAMES,
    ActionClassifier,
    Examples,
    examples_of_split,
    shrink_frames,
)
from vidpipe.models.clip_negatives import NEGATIVES
from vidpipe.training import runtime as runtimes
from vidpipe.training import weights
from vidpipe.training.single import record_history
from vidpipe.training.weight_files import CLASSIFIER_WEIGHTS
from vidpipe.utils.errors import UserError

NEGATIVES_EACH = 100  # of each kind, for the refusal rates
BATCH = 64  # clips classified at a time


def train_action_classifier(
    clips: dict[str, np.ndarray], train: Params, runtime: Runtime, scratch: Path
) -> tuple[Path, ScoresAndProtocol]:
    """Train on the clips for training, and score on those of held-out groups.

    Returns:
        A folder with weights, `history.csv` and `confusion.csv`; metrics, and how they were
        measured.

    Raises:
        UserError: If clips are not sound, none are to train on, or training diverges.
    """
    check(clips)
    machine = runtimes.start(**runtime.model_dump())
    torch.manual_seed(train.seed)
    frames = shrink_frames(clips["frames"])
    length = min(FRAMES, clips["clips"].shape[1])
    examples, _ = examples_of_split(clips, frames, TRAIN, length=length, batch=train.batch)
    if not len(examples.windows):
        raise UserError(f"clips.npz: no clip is for {TRAIN}; change sources.clips.test")
    built = {"classes": len(clips["labels"]), "channels": clips["frames"].shape[-1]}
    classifier = machine.place(ActionClassifier(**built))
    history = _train(classifier, examples, train, machine)
    folder = scratch / "action_classifier"
    folder.mkdir()
    history.to_csv(folder / "history.csv", index=False)
    weights.save(classifier, folder / CLASSIFIER_WEIGHTS, built)

    # Score on windows as long as those of the training, where there are any.
    held_out, group = examples_of_split(clips, frames, TEST, length=length, batch=train.batch)
    metrics: dict[str, float] = {"held_out.clips": len(held_out.windows)}
    if len(held_out.windows):
        classification = classify(classifier, held_out.clips(), batch=BATCH)
        groups = clips["groups"].tolist()
        metrics |= action_accuracy(classification, held_out.label, group, groups)
        # Whole clips are scored too: their features are means over their stretches.
        whole = clips["clips"].shape[1]
        clips_whole, _ = examples_of_split(clips, frames, TEST, length=whole, batch=train.batch)
        metrics["held_out.accuracy_of_whole_clips"] = _accuracy(classifier, clips_whole)
        metrics |= refusal_rates(
            classifier,
            held_out.negatives,
            NEGATIVES,
            count=NEGATIVES_EACH,
            seed=train.seed,
            batch=BATCH,
        )
        table = confusion(classification, held_out.label, clips["labels"].tolist())
        table.to_csv(folder / "confusion.csv")
    protocol: Protocol = {
        "split": TEST,
        "held_out": len(held_out.windows),
        "negatives": NEGATIVES_EACH,
        "seed": train.seed,
        "frames": length,
        "fps": frame_rate(clips),
        "size": frames.shape[-1],
    }
    return folder, {**metrics, PROTOCOL: protocol}


def _train(
    classifier: ActionClassifier, examples: Examples, train: Params, machine: runtimes.Machine
) -> pd.DataFrame:
    def draw(rng: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        batch, label = examples.draw(rng)
        return batch.to(machine.device), label.to(machine.device)

    reports = fit_classifier(
        classifier,
        draw,
        steps=train.steps,
        learning_rate=train.learning_rate,
        report_every=train.report_every,
        seed=train.seed,
        autocast=machine.autocast,
    )
    return record_history(reports, steps=train.steps, name="action_classifier")


def _accuracy(classifier: ActionClassifier, examples: Examples) -> float:
    label = classify(classifier, examples.clips(), batch=BATCH).label.cpu()
    return (label == examples.label).float().mean().item()
