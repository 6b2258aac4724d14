import math

import numpy as np
import pytest
import torch
from support import moving_clips as moving
from support.clip_generators import Blocks, FromPicture, evaluated

from vidpipe.models.noise import Prior
from vidpipe.utils.errors import UserError


def test_a_generator_that_goes_on_from_pictures_is_held_to_those_it_was_given():
    evaluation = evaluated(FromPicture())
    assert torch.equal(evaluation.generated.clips[:, 0], evaluation.first_frames)
    assert evaluation.metrics["first_frame_psnr"] == pytest.approx(58.9, abs=0.1)
    assert evaluation.metrics["first_frame_psnr_held_out"] == pytest.approx(58.9, abs=0.1)


def test_a_generator_whose_noise_names_actions_is_held_to_those_of_real_clips():
    named = Blocks()
    named.prior = Prior(6, len(moving.ACTIONS), moving.ACTIONS)
    evaluation = evaluated(named)
    assert set(evaluation.requested.tolist()) <= set(range(len(moving.ACTIONS)))
    assert 0 <= evaluation.metrics["as_named"] <= evaluation.metrics["confident_share"]


def test_one_action_alone_is_scored_all_the_same_and_nothing_is_asked_of_plain_noise():
    clips = moving.packed()
    clips |= {"label": np.zeros_like(clips["label"]), "labels": np.array(["walk"])}
    evaluation = evaluated(Blocks(), clips)
    assert evaluation.requested is None
    assert {"as_named", "first_frame_psnr"}.isdisjoint(evaluation.metrics)
    assert all(math.isfinite(number) for number in evaluation.metrics.values())


def test_more_samples_than_real_clips_and_no_clips_for_testing_will_do():
    clips = moving.packed(videos=4, frames=8, length=9)
    clips |= {"split": np.full(len(clips["split"]), "train")}
    evaluation = evaluated(Blocks(), clips, samples=40)
    assert evaluation.metrics["samples"] == 40
    assert not [name for name in evaluation.metrics if "held_out" in name]
    assert torch.equal(evaluation.held_out_frames, evaluation.first_frames)


def test_clips_of_another_size_than_the_model_makes_are_refused():
    with pytest.raises(UserError, match=r"of 8 x 32 x 32 x 3.*makes 8 x 16 x 16 x 3"):
        evaluated(Blocks(), moving.packed(size=32))
