import math

import pandas as pd
from support import stages

from vidpipe.config.schema import DigitClassifier as Params
from vidpipe.models.digit_classifier import DigitClassifier
from vidpipe.models.digit_negatives import NEGATIVES
from vidpipe.pipelines.digits import classifier as stage
from vidpipe.training import weights

TRAIN = Params(seed=0, steps=3, batch=8, learning_rate=0.001, report_every=2)


def test_a_classifier_comes_with_its_history_and_is_scored_on_what_it_has_not_seen(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(stage, "NEGATIVES_EACH", 20)
    folder, scores = stage.train_digit_classifier(stages.digits(), TRAIN, stages.RUNTIME, tmp_path)
    assert pd.read_csv(folder / "history.csv")["step"].tolist() == [2, 3]
    built = weights.build(DigitClassifier, folder / "classifier.safetensors")
    assert built.classes == 3
    assert scores["held_out.pictures"] == 6
    assert {f"refused.{name}" for name in NEGATIVES} <= set(scores)
    assert scores["refused.each"] == 20
    protocol = {"split": "held_out", "held_out": 6, "negatives": 20, "seed": 0, "size": 28}
    assert scores.pop("protocol") == protocol
    assert all(math.isfinite(number) for number in scores.values())
