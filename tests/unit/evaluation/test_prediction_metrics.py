import numpy as np
import torch

from vidpipe.evaluation.prediction_metrics import evaluate_split

FRAMES = torch.rand(14, 3, 32, 32, generator=torch.Generator().manual_seed(0))
OPTIONS = {"split": "seen", "starts": 4, "horizons": 3, "resamples": 5, "seed": 0}


def evaluated(usable):
    def footage(index):
        return FRAMES[torch.from_numpy(index)]

    shot = np.zeros(14, int)
    return evaluate_split(lambda window: window[:, -1], footage, usable, shot, **OPTIONS)


def test_a_split_has_metrics_curves_and_clips_of_both_methods():
    result = evaluated(np.ones(14, bool))
    assert result.metrics["starts.seen"] == 4
    assert result.metrics["rollout.seen.h1.skill"] == 0
    assert {name: len(curve) for name, curve in result.curves.items()} == {
        "one_step": 3,
        "rollout": 3,
    }
    assert result.clips["one-step"].shape == (3, 32, 32, 3)


def test_a_split_without_frames_has_no_starts_and_no_clips():
    result = evaluated(np.zeros(14, bool))
    assert result.metrics == {"starts.seen": 0}
    assert not result.clips
    assert not result.curves
