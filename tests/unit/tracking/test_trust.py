import pytest
from support.results import committed as numbers

from vidpipe.config.schema import CLIP_GAN_NAMES
from vidpipe.tracking.headlines import HEADLINES
from vidpipe.tracking.trust import SCORED_BY, classifier_of, few_samples, is_scored_by_classifier


@pytest.mark.parametrize(("samples", "told"), [(24, True), (255, True), (256, False)])
def test_fewer_than_256_samples_are_told_loudly(samples, told):
    assert bool(few_samples({"samples": samples})) == told
    assert f"scored on {samples} samples" in few_samples({"samples": samples}) or not told


def test_a_model_that_counts_no_samples_is_not_blamed():
    assert few_samples({"one_step.seen.psnr": 30.0}) == ""


@pytest.mark.parametrize("model", SCORED_BY)
def test_every_model_has_the_metrics_that_its_classifier_gives(model):
    _, metrics = SCORED_BY[model]
    assert {name for name in metrics if name not in numbers(model)} <= {"ceiling.held_out"}


def test_what_a_classifier_says_is_told_from_what_is_measured():
    assert is_scored_by_classifier("gan3d", "frechet_actions_held_out")
    assert is_scored_by_classifier("dcgan", "frechet")
    assert is_scored_by_classifier("clip_autoencoder", "ceiling.confident_share")
    assert not is_scored_by_classifier("gan3d", "frechet_diff")
    assert not is_scored_by_classifier("pix2pix", "one_step.seen.psnr")


def test_all_gans_of_clips_are_scored_by_the_classifier_of_actions():
    assert {SCORED_BY[name][0] for name in CLIP_GAN_NAMES} == {"action_classifier"}


@pytest.mark.parametrize("model", HEADLINES)
def test_headline_scores_and_all_metrics_name_the_same_classifier(model):
    for score in HEADLINES[model]:
        assert bool(score.classifier) == is_scored_by_classifier(model, score.metric)
        assert score.classifier in ("", classifier_of(model))
