import math

import numpy as np
import pytest
import torch

from vidpipe.evaluation.classification import Classification, classify
from vidpipe.evaluation.digit_scores import digit_metrics, kl_from_uniform, score_digits
from vidpipe.models.digit_classifier import DigitClassifier


def classified(label, confidence=1.0):
    label = torch.as_tensor(label)
    confidence = torch.as_tensor(confidence).expand(len(label)).float()
    features = torch.nn.functional.one_hot(label, 4).float()
    features += 0.01 * torch.randn(features.shape, generator=torch.Generator().manual_seed(0))
    return Classification(features, label, confidence, 4, 0.9)


def pictures(label):
    return torch.as_tensor(label).byte()[:, None, None, None].expand(-1, 1, 28, 28) * 50


EVEN = [0, 1, 2, 3] * 50


def scores(label, confidence=1.0):
    return score_digits(
        pictures(label), classified(label, confidence), pictures(EVEN), classified(EVEN)
    )


def test_real_ones_score_as_real():
    got = scores(EVEN)
    assert (got["modes"], got["kl_uniform"], got["confident_share"]) == (4, 0.0, 1.0)
    assert got["frechet"] == pytest.approx(0, abs=1e-6)
    assert (got["precision"], got["recall"], got["nearest_train"]) == (1.0, 1.0, 0.0)


def test_a_lost_mode_is_counted_and_costs_divergence_recall_and_distance():
    got = scores([0, 1, 2, 2] * 50)
    assert got["modes"] == 3
    assert got["kl_uniform"] == pytest.approx(0.5 * math.log(2))
    assert got["recall"] == 0.75
    assert got["precision"] > 0.9
    assert got["frechet"] > 0.01


def test_precision_and_recall_ask_all_numerals_however_many_real_ones_there_are():
    ordered = sorted(EVEN * 3)
    got = score_digits(pictures(EVEN), classified(EVEN), pictures(ordered), classified(ordered))
    assert got["precision"] > 0.85
    assert got["recall"] > 0.85


def test_modes_count_among_those_that_pass_alone():
    doubtful = [1.0, 1.0, 1.0, 0.89] * 50
    got = scores(EVEN, doubtful)
    assert got["modes"] == 3
    assert got["confident_share"] == 0.75


def test_one_in_a_hundred_covers_a_mode_and_less_does_not():
    assert scores([0] * 198 + [1] * 2)["modes"] == 2
    assert scores([0] * 199 + [1])["modes"] == 1


def test_where_nothing_passes_there_is_no_mode_and_all_the_divergence():
    got = scores(EVEN, 0.5)
    assert got["modes"] == 0
    assert got["kl_uniform"] == math.log(4)
    assert all(math.isfinite(value) for value in got.values())


@pytest.mark.parametrize("counts", [[10, 10], [3, 3, 3]])
def test_even_shares_diverge_by_nothing(counts):
    assert kl_from_uniform(np.array(counts)) == pytest.approx(0)


def test_the_nearest_is_measured_in_grey_levels():
    far = score_digits(pictures([0] * 4) + 7, classified([0] * 4), pictures(EVEN), classified(EVEN))
    assert far["nearest_train"] == pytest.approx(7)


def test_held_out_pictures_are_scored_beside_the_generated_ones():
    classifier, rng = DigitClassifier(classes=3).eval(), np.random.default_rng(0)
    pixels = rng.integers(0, 256, (60, 28, 28), np.uint8)
    digits = {"pictures": pixels, "split": np.array(["seen"] * 40 + ["held_out"] * 20)}
    generated = torch.from_numpy(pixels[:25, None])
    classification = classify(classifier, generated)
    metrics = digit_metrics(generated, classification, classifier, digits, seed=0)
    assert (metrics["samples"], metrics["seen"], metrics["held_out"]) == (25, 40, 20)
    assert metrics["nearest_train"] == 0 < metrics["nearest_train_held_out"]
