import numpy as np
import pytest
import torch
from torch import nn

from vidpipe.evaluation.classification import Classification
from vidpipe.evaluation.classifier_scores import (
    action_accuracy,
    confusion,
    digit_accuracy,
    refusal_rates,
)

LABEL = torch.tensor([0, 0, 0, 1])
FOUND = Classification(
    torch.zeros(4, 2), torch.tensor([0, 0, 1, 1]), torch.tensor([0.95, 0.95, 0.5, 0.95]), 2, 0.9
)


def test_accuracy_stands_beside_that_of_naming_the_commonest():
    scores = digit_accuracy(FOUND, LABEL)
    assert scores == {
        "held_out.accuracy": 0.75,
        "held_out.chance": 0.75,
        "held_out.confident_share": 0.75,
        "held_out.pictures": 4,
    }


def test_each_group_has_an_accuracy_of_its_own():
    group = np.array([0, 2, 2, 2])
    scores = action_accuracy(FOUND, LABEL, group, ["ann", "nobody", "cleo"])
    assert scores["held_out.accuracy"] == 0.75
    assert scores["held_out.accuracy.ann"] == 1.0
    assert scores["held_out.accuracy.cleo"] == pytest.approx(2 / 3)
    assert "held_out.accuracy.nobody" not in scores


def test_confusion_has_a_row_for_what_is_and_a_column_for_what_is_found():
    table = confusion(FOUND, LABEL, ["walk", "run"])
    assert table.loc["walk"].tolist() == [2, 1]
    assert table.loc["run"].tolist() == [0, 1]
    assert table.index.name == "action"


class ByBrightness(nn.Module):
    """Takes what is light for class 0, and what is dark for none."""

    def __init__(self):
        super().__init__()
        self.classes, self.threshold, self.logits = 1, 0.9, nn.Linear(1, 2)

    def features(self, samples):
        return samples.flatten(1).mean(1, keepdim=True)

    def class_logits(self, features):
        return torch.cat([99 * features, -99 * features], dim=1)


def test_the_share_of_each_kind_of_negatives_that_is_refused():
    def draw(kind, count, rng):
        light = torch.arange(count) < kind * count
        return torch.where(light, 1.0, -1.0)[:, None, None, None].expand(-1, 1, 4, 4)

    rates = refusal_rates(
        ByBrightness(), draw, {"dark": 0.0, "half": 0.5, "light": 1.0}, count=8, seed=0, batch=3
    )
    assert rates == {
        "refused.each": 8, "refused.dark": 1.0, "refused.half": 0.5, "refused.light": 0.0
    }  # fmt: skip
