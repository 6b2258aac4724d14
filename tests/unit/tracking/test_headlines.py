import pytest
from support.results import committed

from vidpipe.config.schema import CLIP_GAN_NAMES
from vidpipe.tracking.headlines import (
    CLIPS,
    DIGITS,
    FLOORS,
    HEADLINES,
    Headline,
    headline_metrics,
    ranking,
    wins,
)

FLOORED = Headline("d", "far", "Distance", "lower", "", unit="× floor", per="far_floor", real=1.0)
SHARE = Headline("s", "share", "Share", "higher", "", unit="%", real="share_real")
RATIO = Headline("r", "ratio", "Ratio", "near 1", "", unit="× real", low="low", high="high")


@pytest.mark.parametrize("model", HEADLINES)
def test_committed_metrics_have_every_headline(model):
    numbers = committed(model)
    for score in HEADLINES[model]:
        assert score.value(numbers) is not None, score.name
        for beside in (score.real, score.baseline, score.low, score.high):
            assert not isinstance(beside, str) or not beside or beside in numbers


@pytest.mark.parametrize("model", HEADLINES)
def test_what_dvc_lists_of_a_model_is_its_headlines_beside_their_baselines(model):
    numbers = committed(model)
    listed = headline_metrics(model, numbers, {"split": "test", "classifier_md5": "c1"})
    assert listed.pop("protocol") == {"classifier_md5": "c1"}
    for score in HEADLINES[model]:
        assert listed.pop(score.name) == score.value(numbers)
        assert listed.pop(f"{score.name}_baseline", None) == score.baseline_value(numbers)
    assert listed == {}


def test_what_is_not_scored_is_not_listed():
    assert headline_metrics("action_classifier", {"held_out.chance": 0.1}, {}) == {
        "accuracy_baseline": 0.1
    }
    assert headline_metrics("dcgan", {"modes": 9, "frechet": 3.0, "frechet_floor": 0.0}, {}) == {
        "numerals": 9
    }


def test_every_gan_of_clips_has_headlines_of_clips():
    assert all(HEADLINES[name] is CLIPS for name in CLIP_GAN_NAMES)


@pytest.mark.parametrize("model", HEADLINES)
def test_names_are_few_and_unique(model):
    names = [score.name for score in HEADLINES[model]]
    assert len(set(names)) == len(names) <= 8
    assert all(name.isidentifier() for name in names)


def test_distances_are_multiples_of_their_floor():
    assert FLOORED.value({"far": 6.0, "far_floor": 2.0}) == 3.0
    assert FLOORED.real_value({}) == 1.0
    assert FLOORED.format(3.0) == "3 × floor"


@pytest.mark.parametrize("numbers", [{}, {"far": 1.0}, {"far": 1.0, "far_floor": 0.0}])
def test_what_is_not_there_has_no_value(numbers):
    assert FLOORED.value(numbers) is None
    assert FLOORED.format(None) == "–"


def test_interval_needs_both_ends():
    assert RATIO.interval({"low": 0.5, "high": 1.5}) == (0.5, 1.5)
    assert RATIO.interval({"low": 0.5}) is None


def test_ceiling_is_divided_by_the_floor_of_a_gan():
    ceiling = FLOORED.ceiling({"ceiling.far": 4.0}, {"far": 9.0, "far_floor": 2.0})
    assert ceiling == 2.0
    assert FLOORED.ceiling({}, {"far_floor": 2.0}) is None


@pytest.mark.parametrize(
    ("score", "value", "text"),
    [(SHARE, 0.269, "27 %"), (RATIO, 0.8366, "0.84 × real"), (DIGITS[0], 10.0, "10"),
     (CLIPS[7], -0.25, "−0.25"), (RATIO, 0.000587, "0.0006 × real"),
     (FLOORED, 16.69, "16.7 × floor")],
)  # fmt: skip
def test_format(score, value, text):
    assert score.format(value) == text


def test_progress_goes_from_the_baseline_to_real_data():
    share = Headline("s", "share", "", "higher", "", unit="%", real="real", baseline=0.0)
    assert share.progress(0.25, {"real": 0.5}) == 0.5
    assert share.progress(0.75, {"real": 0.5}) == 0.5, "beyond it is as far as before it"
    assert share.progress(0.25, {}) is None


def test_progress_of_multiples_of_a_floor_goes_by_their_logarithm():
    far = Headline("f", "far", "", "lower", "", unit=FLOORS, per="floor", real=1.0, baseline="b")
    assert far.progress(10.0, {"floor": 1.0, "b": 100.0}) == pytest.approx(0.5)
    assert far.progress(500.0, {"floor": 1.0, "b": 100.0}) == 0.0


def test_direction_decides_what_is_worse():
    assert SHARE.loss(0.2) > SHARE.loss(0.9)
    assert FLOORED.loss(5.0) > FLOORED.loss(2.0)
    assert RATIO.loss(1.5) == RATIO.loss(0.5) > RATIO.loss(0.9)


def test_ranking_goes_by_mean_rank_and_missing_scores_are_last():
    models = {
        "worst": {"share": 0.1},
        "best": {"share": 0.8, "far": 2.0, "far_floor": 1.0, "ratio": 1.1},
        "middle": {"share": 0.9, "far": 4.0, "far_floor": 1.0, "ratio": 0.5},
    }
    scores = (FLOORED, SHARE, RATIO)
    assert ranking(models, scores) == ["best", "middle", "worst"]
    assert [wins(models, scores, name) for name in models] == [0, 2, 1]
