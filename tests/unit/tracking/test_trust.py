import pytest

from vidpipe.config.schema import CLIP_GAN_NAMES
from vidpipe.tracking.headlines import HEADLINES
from vidpipe.tracking.trust import classifier_of, few_samples

OPINIONS = (
    *("actions_covered", "as_named", "confident_share", "kl_uniform", "modes"),
    *("precision", "recall", "frechet_actions", "ceiling.confident_share"),
)


@pytest.mark.parametrize(("samples", "told"), [(24, True), (255, True), (256, False)])
def test_fewer_than_256_samples_are_told_loudly(samples, told):
    assert bool(few_samples({"samples": samples})) == told
    assert f"scored on {samples} samples" in few_samples({"samples": samples}) or not told


def test_a_model_that_counts_no_samples_is_not_blamed():
    assert few_samples({"one_step.seen.psnr": 30.0}) == ""


def test_all_gans_of_clips_are_scored_by_the_classifier_of_actions():
    assert {classifier_of(name) for name in CLIP_GAN_NAMES} == {"action_classifier"}


@pytest.mark.parametrize("model", HEADLINES)
def test_headline_scores_name_the_classifier_that_gives_them(model):
    opinions = (*OPINIONS, *(("frechet",) if model in ("dcgan", "mlp_gan") else ()))
    for score in HEADLINES[model]:
        expected = classifier_of(model) if score.metric in opinions else ""
        assert score.classifier == expected, score.metric
