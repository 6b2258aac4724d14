import pytest
import torch
from support import moving_clips as moving

from vidpipe.evaluation.identity import measure_drift

MIDDLE = moving.FRAMES // 2


@pytest.fixture(scope="module")
def real():
    return moving.clips(60)[0]


def mean_drift(clips):
    drift = measure_drift(clips)
    return drift.background.mean().item(), drift.mean_actor


def with_second_half(clips, other):
    return torch.cat([clips[:, :MIDDLE], other[:, MIDDLE:]], 1)


def actor_only(clips):
    """Return the median picture, and where a clip differs from it."""
    ground = clips.sort(1).values[:, MIDDLE : MIDDLE + 1]
    return ground, (clips != ground).any(-1, keepdim=True)


def test_a_clip_of_two_clips_is_another_place_and_another_actor(real):
    background, actor = mean_drift(real)
    glued = mean_drift(with_second_half(real, real.roll(7, 0)))
    assert background < 2
    assert glued[0] > background + 20
    assert glued[1] > 3 * actor


def test_another_place_behind_the_same_actor_is_seen(real):
    ground, actor = actor_only(real)
    moved = torch.where(actor, real, ground.roll(7, 0))
    assert mean_drift(with_second_half(real, moved))[0] > mean_drift(real)[0] + 20


def test_an_actor_who_changes_colour_is_seen_and_the_place_is_the_same(real):
    _, actor = actor_only(real)
    recoloured = with_second_half(real, torch.where(actor, 255 - real, real))
    background, drift = mean_drift(recoloured)
    assert drift > 2 * mean_drift(real)[1]
    assert background < mean_drift(real)[0] + 2


def test_an_actor_who_vanishes_is_seen_and_one_who_stops_is_not(real):
    ground, _ = actor_only(real[:1])  # the first goes to the right
    vanished = with_second_half(real[:1], ground.expand_as(real[:1]))
    stopped = with_second_half(real[:1], real[:1, MIDDLE : MIDDLE + 1].expand_as(real[:1]))
    assert mean_drift(vanished)[1] > 1.5 * mean_drift(stopped)[1]


def test_stills_keep_all_and_do_not_lower_the_mean_of_the_actor(real):
    stills = moving.frozen(real)
    assert measure_drift(stills).background.max() == 0
    assert measure_drift(stills).actor.isnan().all()
    assert measure_drift(stills).mean_actor == 0
    both = measure_drift(torch.cat([real, stills]))
    assert both.mean_actor == pytest.approx(measure_drift(real).mean_actor)


@pytest.mark.parametrize(("frames", "size"), [(2, 16), (3, 16), (5, 16), (16, 64)])
def test_clips_of_any_length_and_size_have_a_drift(frames, size):
    drift = measure_drift(moving.clips(6, frames=frames, size=size)[0])
    assert drift.background.shape == drift.actor.shape == (6,)
    assert drift.background.isfinite().all()


def test_frames_of_noise_have_a_background_all_the_same():
    rng = torch.Generator().manual_seed(0)
    noise = torch.randint(256, (2, 8, 16, 16, 3), generator=rng, dtype=torch.uint8)
    assert measure_drift(noise).background.min() > 20
