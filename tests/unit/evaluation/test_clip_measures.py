from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support import classifiers
from support import moving_clips as moving

from vidpipe.evaluation.clip_measures import (
    as_scored,
    clip_statistics,
    clip_vectors,
    diversity,
    first_frame_psnr,
    frechet_floors,
    median_nearest_distance,
    score_clips,
)
from vidpipe.utils.errors import UserError

COUNT = 300


class ByMotion:
    """A classifier without training: its features are where and when a clip changes."""

    def __init__(self):
        rng = torch.Generator().manual_seed(0)
        self.classes, self.threshold = len(moving.ACTIONS), 0.9
        self.logits = torch.nn.Linear(24, self.classes + 1)
        self.weights = torch.randn(7 * 16, 24, generator=rng) / 4

    def parameters(self):
        return self.logits.parameters()

    def features(self, clips):
        change = clips.diff(dim=2).abs().mean(1, keepdim=True)
        return torch.nn.functional.avg_pool3d(change, (1, 4, 4)).flatten(1) @ self.weights

    def class_logits(self, features):
        return self.logits(features)


@pytest.fixture(scope="module")
def real():
    return clip_statistics(moving.clips(COUNT, seed=1)[0], ByMotion())


@pytest.fixture(scope="module")
def fresh():
    """As many clips of the same kind."""
    return moving.clips(COUNT, seed=2)[0]


def distances(clips, real):
    numbers = score_clips(clip_statistics(clips, ByMotion()), real)
    return {name: numbers[f"frechet_{name}"] for name in ("frames", "diff", "actions")}


WORSE = {
    "noise": [lambda clips, n=n: moving.noisy(clips, n) for n in (10.0, 30.0, 60.0)],
    "blur": [lambda clips, n=n: moving.blurred(clips, n) for n in (3, 7)],
    "shuffled frames": [
        lambda clips, n=n: torch.cat([moving.shuffled(clips[:n]), clips[n:]])
        for n in (COUNT // 3, COUNT)
    ],
    "frozen video": [lambda clips, n=n: moving.frozen(clips, n) for n in (5, 3, 1)],
    "dropped classes": [
        lambda clips, n=n: clips[torch.arange(COUNT) % len(moving.ACTIONS) < n] for n in (4, 2, 1)
    ],
}


@pytest.mark.parametrize("harm", WORSE)
def test_each_distance_grows_with_what_is_wrong(real, harm):
    harmed = [distances(worse(real.clips), real) for worse in WORSE[harm]]
    for name in ("frames", "diff", "actions"):
        grown = [1e-6, *(row[name] for row in harmed)]
        assert all(less < more for less, more in pairwise(grown)), (name, grown)


def gated(clips, real):
    return score_clips(clip_statistics(clips), real)["frechet_diff_gated"]


def test_gated_differences_are_worse_for_blur_and_worst_for_stills(real):
    clips = real.clips[:60]
    plain = clip_statistics(clips)
    altered = (clips, moving.blurred(clips, 3), moving.frozen(clips))
    grown = [gated(harmed, plain) for harmed in altered]
    assert grown == sorted(grown)
    assert len(set(grown)) == 3


@pytest.mark.parametrize("level", [3.0, 6.4])
def test_flicker_does_not_make_up_for_motion_that_blur_has_lost(real, level):
    clips = real.clips[:60]
    plain = clip_statistics(clips)
    soft = moving.blurred(clips, 3)
    assert gated(moving.noisy(soft, level), plain) > gated(soft, plain)
    assert gated(moving.noisy(clips, level), plain) > gated(clips, plain)


def test_faint_footage_has_no_ratio_of_strong_motion():
    faint = torch.full((6, 4, 16, 16, 3), 100, dtype=torch.uint8)
    faint[:, ::2, :4] = 145
    numbers = score_clips(clip_statistics(faint), clip_statistics(faint))
    assert (numbers["motion_ratio"], numbers["motion_ratio_06"]) == (1, 1)
    assert "motion_ratio_25" not in numbers


@pytest.fixture(scope="module")
def classifier():
    return classifiers.trained(moving.ALL, count=120, steps=120).eval()


@pytest.mark.slow
@pytest.mark.parametrize("harm", WORSE)
def test_the_distance_by_actions_grows_with_a_trained_classifier(classifier, real, harm):
    sound = clip_statistics(real.clips, classifier)
    # Two steps: what is worse still is as far, for it is no action or all of one.
    harmed = [clip_statistics(worse(real.clips), classifier) for worse in WORSE[harm][:2]]
    grown = [1e-6, *(score_clips(clips, sound)["frechet_actions"] for clips in harmed)]
    assert all(less < more for less, more in pairwise(grown)), grown


@pytest.mark.parametrize("harm", ["noise", "blur", "shuffled frames", "frozen video"])
def test_what_is_wrong_with_motion_is_far_above_the_floor(real, harm):
    floor = frechet_floors(real, np.arange(COUNT) // 5, count=100, seed=0)["frechet_diff_floor"]
    assert distances(WORSE[harm][-1](real.clips), real)["diff"] > 2 * floor


@pytest.mark.parametrize("name", ["frames", "diff", "actions"])
def test_real_clips_of_other_videos_are_the_floor_and_far_below_noise(real, name):
    videos = np.arange(COUNT) // 5
    floor = frechet_floors(real, videos, count=100, seed=0)[f"frechet_{name}_floor"]
    assert floor > 0
    rng = torch.Generator().manual_seed(0)
    noise = torch.randint(256, real.clips.shape, generator=rng, dtype=torch.uint8)
    assert distances(noise, real)[name] > 20 * floor


def test_real_ones_score_as_real(real):
    numbers = score_clips(real, real)
    assert {numbers[f"motion_ratio{least}"] for least in ("", "_06", "_25")} == {1}
    names = ("frames", "diff", "diff_gated", "actions")
    assert max(numbers[f"frechet_{name}"] for name in names) < 1e-6
    assert numbers["freezing_rate"] == numbers["flicker"] == 0


def test_actions_are_covered_and_clips_accepted_as_the_classifier_predicts(real):
    classifier = ByMotion()
    classifier.class_logits = lambda features: (
        99 * torch.eye(7)[torch.arange(len(features)) % 4 + 3]
    )
    numbers = score_clips(clip_statistics(real.clips[:100], classifier), real)
    assert numbers["actions_covered"] == 3  # every fourth passes for none
    assert numbers["confident_share"] == 0.75


def test_without_a_classifier_there_is_nothing_about_actions(real):
    numbers = score_clips(clip_statistics(real.clips), real)
    assert not [name for name in numbers if "action" in name or "confident" in name]


def test_footage_in_which_nothing_moves_is_refused(fresh):
    stills = clip_statistics(moving.frozen(fresh[:20]))
    with pytest.raises(UserError, match=r"sources\.clips.*stand still"):
        score_clips(stills, stills)


def test_copies_are_no_way_from_their_origin_and_others_are(real, fresh):
    assert median_nearest_distance(real.clips[:9], real.clips) == 0
    assert median_nearest_distance(fresh, real.clips) > 5
    brighter = (real.clips.int() + 7).clamp(max=255).to(torch.uint8)
    assert median_nearest_distance(brighter[:1], real.clips[:1]) == pytest.approx(7, abs=0.5)


def test_large_clips_are_compared_when_shrunk():
    small, _ = moving.clips(6, size=32)
    large = small.repeat_interleave(2, 2).repeat_interleave(2, 3)
    torch.testing.assert_close(clip_vectors(large), clip_vectors(small))


@settings(max_examples=20)
@given(st.integers(2, 6), st.integers(0, 99))
def test_diversity_is_the_mean_square_distance_of_all_pairs(count, seed):
    rng = torch.Generator().manual_seed(seed)
    clips = torch.randint(256, (count, 2, 4, 4, 3), generator=rng, dtype=torch.uint8)
    points = clips.flatten(1).double()
    pairs = [(points[i] - points[j]).square().mean() for i in range(count) for j in range(i)]
    assert diversity(clips) == pytest.approx(torch.stack(pairs).mean().sqrt().item(), rel=1e-4)


def test_equal_clips_have_no_diversity(real):
    assert diversity(real.clips[:1].expand(5, -1, -1, -1, -1)) == 0


def test_the_first_frame_is_held_to_the_picture_given(fresh):
    assert first_frame_psnr(fresh, fresh[:, 0]) == pytest.approx(58.9, abs=0.1)
    off = [first_frame_psnr(moving.noisy(fresh, level), fresh[:, 0]) for level in (5.0, 20.0)]
    assert 58 > off[0] > off[1] > 10


def test_of_longer_and_larger_clips_the_middle_is_scored_shrunk():
    clips, _ = moving.clips(2, frames=16, size=64)
    scored = as_scored(clips)
    assert scored.shape == (2, 8, 32, 32, 3)
    blocks = clips[:, 4:12].float().unflatten(2, (32, 2)).unflatten(4, (32, 2)).mean((3, 5))
    assert (scored.float() - blocks).abs().max() <= 0.5


def test_clips_that_are_short_and_small_are_scored_whole():
    clips, _ = moving.clips(2)
    assert torch.equal(as_scored(clips), clips)
