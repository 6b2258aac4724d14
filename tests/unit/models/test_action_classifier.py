import pytest
import torch
from support import classifiers
from support.classifiers import examples

from vidpipe.evaluation.classification import classify
from vidpipe.models.action_classifier import FEATURES, ActionClassifier, shrink
from vidpipe.models.pixels import to_uint8

ACTIONS = (0, 2, 5)  # right, down, blink


@pytest.mark.parametrize(("frames", "side", "channels"), [(8, 32, 3), (16, 64, 3), (2, 16, 1)])
def test_there_is_an_answer_more_than_actions_whatever_the_clips(frames, side, channels):
    classifier = ActionClassifier(classes=7, channels=channels)
    clips = torch.zeros(2, channels, frames, side, side)
    assert classifier(clips).shape == (2, 8)
    assert classifier.features(clips).shape == (2, FEATURES)


def test_a_long_clip_is_the_mean_of_its_stretches():
    classifier = ActionClassifier(classes=3, channels=3).eval()
    clips = torch.rand(2, 3, 16, 16, 16)
    first, second = (classifier.features(part) for part in clips.chunk(2, 2))
    torch.testing.assert_close(classifier.features(clips), (first + second) / 2)


def test_large_clips_are_shrunk_and_small_ones_left_alone():
    clips = torch.rand(1, 3, 2, 64, 64)
    assert torch.allclose(shrink(clips)[0, :, :, 0, 0], clips[0, :, :, :2, :2].mean((2, 3)))
    assert shrink(clips[..., :32, :32]).shape[-1] == 32


def test_a_batch_holds_more_actions_than_negatives():
    clips, label = examples(0, ACTIONS).draw(torch.Generator().manual_seed(0))
    assert clips.shape == (40, 3, 8, 16, 16)
    assert clips.abs().max() <= 1
    assert (label == len(ACTIONS)).sum() == 10
    assert set(label[:30].tolist()) == {0, 1, 2}


def test_negatives_are_of_two_different_actions():
    clips, pairs = examples(0, ACTIONS), []
    label = {clip.numpy().tobytes(): n for clip, n in zip(clips.clips(), clips.label, strict=True)}
    clips.negatives(
        lambda first, second, rng: pairs.extend([first, second]) or first, 30, torch.Generator()
    )
    first, second = ([label[to_uint8(c).numpy().tobytes()] for c in part] for part in pairs)
    assert all(a != b for a, b in zip(first, second, strict=True))


@pytest.mark.long
def test_actions_before_grounds_it_has_not_seen_are_named_rightly_and_stills_refused():
    trained, held_out = classifiers.trained(ACTIONS), examples(1, ACTIONS)
    classification = classify(trained, held_out.clips())
    assert (classification.label == held_out.label).float().mean() > 0.8
    stills = held_out.clips()[:, :, :1].expand(-1, -1, 8, -1, -1)
    assert classify(trained, stills).accepted.mean() < 0.1
