import numpy as np
import torch

from vidpipe.visualization.clip_films import LONGEST_LABEL, TILE, wall_film

CLIPS = torch.zeros(6, 2, 8, 8, 3, dtype=torch.uint8)


def dark(page: np.ndarray) -> int:
    return int((page == 0).all(axis=2).sum())


def test_each_clip_of_a_wall_stands_below_its_label():
    plain, _ = wall_film(CLIPS)
    labelled, _ = wall_film(CLIPS, labels=["walk"] * 6)
    assert labelled.shape[0] > plain.shape[0]
    assert dark(labelled) == dark(plain) == 6 * TILE**2, "words stand beside the clips"
    other, _ = wall_film(CLIPS, labels=["walk"] * 5 + ["jump"])
    changed = np.argwhere((other != labelled).any(axis=2))
    assert changed[:, 0].min() > labelled.shape[0] / 2, "the last clip is in the lower row"
    assert changed[:, 1].min() > labelled.shape[1] / 2


def test_a_long_label_does_not_reach_into_the_next():
    label = "n" * LONGEST_LABEL
    fits, _ = wall_film(CLIPS[:1], labels=[label])
    longer, _ = wall_film(CLIPS[:1], labels=[f"{label}nnn"])
    assert (fits[:, -4:] == fits[0, 0]).all()
    assert (longer[:, -4:] == longer[0, 0]).all()
    assert (fits != longer).any()
