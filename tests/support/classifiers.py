"""A classifier that has learnt to name what moving blocks do."""

from contextlib import nullcontext

import torch

from support import moving_clips as moving
from vidpipe.evaluation.classifier_training import fit_classifier
from vidpipe.models.action_classifier import ActionClassifier, Examples


def examples(seed, actions, count=36):
    """Clips of these actions to learn from, or to be classified."""
    clips, label = moving.clips(count, seed=seed, actions=actions)
    frames = clips.flatten(0, 1).permute(0, 3, 1, 2)
    windows = torch.arange(len(frames)).view(len(clips), -1)
    number = torch.from_numpy(label).apply_(list(actions).index)
    return Examples(frames, windows, number, classes=len(actions), batch=40)


def trained(actions, *, count=36, steps=60):
    """A classifier of these actions."""
    torch.manual_seed(0)
    classifier = ActionClassifier(classes=len(actions), channels=3)
    seen = examples(0, actions, count)
    pace = {"steps": steps, "learning_rate": 4e-3, "report_every": steps, "seed": 0}
    list(fit_classifier(classifier, seen.draw, **pace, autocast=nullcontext))
    return classifier
