"""Stage `action_classifier`: train the judge, and say how well it tells actions from none."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from jaxtyping import Int, UInt8

from vidpipe.config.schema import ActionClassifier as Params
from vidpipe.config.schema import Runtime
from vidpipe.data.clips import check, windows
from vidpipe.data.splits import TEST, TRAIN
from vidpipe.evaluation.classification import Judged, judge
from vidpipe.models.action_classifier import FRAMES, ActionClassifier, Examples, shrunk
from vidpipe.models.clip_negatives import IMPOSTORS
from vidpipe.models.pixels import to_uint8
from vidpipe.training import runtime as runtimes
from vidpipe.training import weights
from vidpipe.training.classification import fit_classifier
from vidpipe.training.loop import step_rng
from vidpipe.utils.errors import UserError
from vidpipe.utils.progress import progress

ASKED = 100  # impostors of each kind that it is scored on
CHUNK = 64  # clips judged at a time


def train_action_classifier(
    clips: dict[str, np.ndarray], train: Params, runtime: Runtime, scratch: Path
) -> tuple[Path, dict[str, float]]:
    """Train on the clips that are for training, and score on those of groups it has never seen.

    Returns:
        A folder with weights, `history.csv` and `confusion.csv`; metrics.

    Raises:
        UserError: If clips are not sound, none are to train on, or training diverges.
    """
    check(clips)
    machine = runtimes.start(**runtime.model_dump())
    torch.manual_seed(train.seed)
    frames, short = small(clips["frames"]), min(FRAMES, clips["clips"].shape[1])
    seen, _ = examples(clips, frames, TRAIN, short, train.batch)
    if not len(seen.windows):
        raise UserError(f"clips.npz: no clip is for {TRAIN}; change sources.clips.test")
    built = {"classes": len(clips["labels"]), "channels": clips["frames"].shape[-1]}
    classifier = machine.place(ActionClassifier(**built))
    history = learn(classifier, seen, train, machine)
    folder = scratch / "action_classifier"
    folder.mkdir()
    history.to_csv(folder / "history.csv", index=False)
    weights.save(classifier, folder / "classifier.safetensors", built)

    held_out, group = examples(clips, frames, TEST, short, train.batch)
    numbers: dict[str, float] = {"held_out.clips": len(held_out.windows)}
    if len(held_out.windows):
        whole, _ = examples(clips, frames, TEST, clips["clips"].shape[1], train.batch)
        judged = judge(classifier, pixels(held_out), chunk=CHUNK)
        numbers |= accuracy(judged, held_out, group, clips["groups"].tolist())
        right = judge(classifier, pixels(whole), chunk=CHUNK).label.cpu() == whole.label
        numbers["held_out.accuracy_of_whole_clips"] = right.float().mean().item()
        numbers |= refused(classifier, held_out, train.seed)
        confusion(judged, held_out, clips["labels"].tolist()).to_csv(folder / "confusion.csv")
    return folder, numbers


def learn(
    classifier: ActionClassifier, seen: Examples, train: Params, machine: runtimes.Machine
) -> pd.DataFrame:
    """Train, and give the history.

    Raises:
        UserError: If a loss is not finite.
    """

    def draw(rng: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        batch, label = seen.draw(rng)
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
    history = []
    for report in progress(reports, total=train.steps, unit="step", name="action_classifier"):
        if not math.isfinite(report.losses["cross_entropy"]):
            raise UserError(
                f"action_classifier: the loss is no longer finite at step {report.step}: training "
                "has diverged; lower action_classifier.learning_rate"
            )
        history.append({"step": report.step, **report.losses})
    return pd.DataFrame(history).round(6)


def small(frames: UInt8[np.ndarray, "n h w c"]) -> UInt8[torch.Tensor, "n c s s"]:
    """All frames as small as the classifier looks at them."""
    parts = [
        to_uint8(shrunk(torch.from_numpy(np.array(some)).permute(3, 0, 1, 2)[None] / 127.5 - 1))
        for some in np.array_split(frames, max(1, len(frames) // 1000))
    ]
    return torch.cat(parts, 2)[0].transpose(0, 1).contiguous()


def examples(
    clips: dict[str, np.ndarray],
    frames: UInt8[torch.Tensor, "n c s s"],
    split: str,
    length: int,
    batch: int,
) -> tuple[Examples, Int[np.ndarray, "k"]]:
    """Every stretch of so many frames in the clips of a split; and the group of each."""
    rows = np.flatnonzero(clips["split"] == split)
    index, found = windows(clips["clips"][rows], length)
    origin = rows[found]
    made = Examples(
        frames,
        torch.from_numpy(index).long(),
        torch.from_numpy(clips["label"][origin]).long(),
        classes=len(clips["labels"]),
        batch=batch,
    )
    return made, clips["group"][origin]


def pixels(clips: Examples) -> UInt8[torch.Tensor, "k c t s s"]:
    """All its clips."""
    return clips.frames[clips.windows].transpose(1, 2)


def accuracy(
    judged: Judged, clips: Examples, group: Int[np.ndarray, "k"], names: list[str]
) -> dict[str, float]:
    """How often clips are named rightly: all, and those of each group."""
    right = (judged.label.cpu() == clips.label).numpy()
    numbers = {
        "held_out.accuracy": float(right.mean()),
        "held_out.chance": float(clips.label.bincount().max() / len(right)),
        "held_out.confident_share": float(judged.accepted.mean()),
    }
    return numbers | {
        f"held_out.accuracy.{names[one]}": float(right[group == one].mean())
        for one in np.unique(group)
    }


def refused(classifier: ActionClassifier, clips: Examples, seed: int) -> dict[str, float]:
    """How many impostors of each kind pass for no action."""
    rng = step_rng(seed, 0)
    numbers: dict[str, float] = {"refused.each": ASKED}
    for name, make in IMPOSTORS.items():
        made = to_uint8(clips.impostors(make, ASKED, rng))
        taken = judge(classifier, made, chunk=CHUNK).accepted
        numbers[f"refused.{name}"] = float(1 - taken.mean())
    return numbers


def confusion(judged: Judged, clips: Examples, names: list[str]) -> pd.DataFrame:
    """How many clips of each action (rows) are taken for which (columns)."""
    counts = torch.zeros(len(names), len(names), dtype=torch.long)
    counts.index_put_((clips.label, judged.label.cpu()), torch.tensor(1), accumulate=True)
    return pd.DataFrame(counts.numpy(), index=pd.Index(names, name="action"), columns=names)
