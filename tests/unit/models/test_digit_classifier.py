from contextlib import nullcontext

import pytest
import torch
from support.project import ROOT

from vidpipe.data.digits import expand, read_glyphs
from vidpipe.data.splits import SEEN
from vidpipe.evaluation.classification import classify
from vidpipe.evaluation.classifier_training import fit_classifier
from vidpipe.models.digit_classifier import FEATURES, DigitClassifier, Examples
from vidpipe.models.digit_negatives import halves, strokes
from vidpipe.models.pixels import to_float, to_uint8


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def examples():
    made = expand(
        read_glyphs(ROOT / "data/01_raw/glyphs"), count=400, rotation=8.0, rescale=0.05, zoom=0.05,
        shear=0.05, held_out=0.25, gap=0.5, seed=0,
    )  # fmt: skip
    return {
        seen: Examples(
            torch.from_numpy(made.pictures[(made.split == SEEN) == seen])[:, None],
            torch.from_numpy(made.label[(made.split == SEEN) == seen]).long(),
            batch=64,
        )
        for seen in (True, False)
    }


@pytest.fixture(scope="module")
def trained(examples):
    torch.manual_seed(0)
    classifier = DigitClassifier(classes=10)
    list(
        fit_classifier(
            classifier, examples[True].draw, steps=150, learning_rate=3e-3, report_every=50, seed=0,
            autocast=nullcontext,
        )
    )  # fmt: skip
    return classifier


def test_there_is_a_class_more_than_numerals():
    classifier = DigitClassifier(classes=7)
    pictures = torch.zeros(3, 1, 28, 28)
    assert classifier(pictures).shape == (3, 8)
    assert classifier.features(pictures).shape == (3, FEATURES)


def test_half_of_a_batch_are_numerals_and_half_are_none(examples):
    pictures, label = examples[True].draw(rng())
    assert pictures.shape == (64, 1, 28, 28)
    assert pictures.abs().max() <= 1
    assert (label == 10).sum() == 32
    assert set(label[:32].tolist()) <= set(range(10))


def test_negatives_are_of_two_different_numerals(examples):
    pairs = []

    def spy(one, other, rng):
        pairs.append((one, other))
        return one

    examples[True].negatives(spy, 50, rng())
    one, other = pairs[0]
    assert one.shape == other.shape == (50, 1, 28, 28)
    assert not (one == other).flatten(1).all(1).any()


def test_a_partner_is_any_picture_of_another_numeral():
    label = torch.tensor([2, 0, 1, 1, 0, 1, 2, 1, 1, 0, 1])  # 3 of 0, 6 of 1, 2 of 2
    named = Examples(60 * label[:, None, None, None].byte().expand(-1, 1, 28, 28), label, batch=8)
    drawn = []
    named.negatives(lambda one, other, rng: drawn.extend([one, other]) or one, 9000, rng())
    one, other = ((127.5 * (grey[:, 0, 0, 0] + 1) / 60).round().long() for grey in drawn)
    together = torch.zeros(3, 3).index_put((one, other), torch.tensor(1.0), accumulate=True)
    count = label.bincount().float()
    fair = count[None] * (1 - torch.eye(3)) / (11 - count[:, None])
    torch.testing.assert_close(together / together.sum(1, keepdim=True), fair, atol=0.04, rtol=0)


def test_numerals_it_has_not_seen_are_named_rightly(trained, examples):
    classification = classify(trained, examples[False].pictures)
    assert (classification.label == examples[False].label).float().mean() > 0.97
    assert classification.accepted.mean() > 0.6


@pytest.mark.parametrize("make", [strokes, halves])
def test_strokes_and_half_glyphs_are_refused(trained, examples, make):
    made = to_uint8(examples[False].negatives(make, 200, rng()))
    assert classify(trained, made).accepted.mean() < 0.1


@pytest.mark.parametrize("level", [0.5, 1.0])
def test_noise_and_blank_paper_are_refused(trained, level):
    noise = to_uint8((level * torch.randn(200, 1, 28, 28, generator=rng())).clamp(-1, 1))
    assert classify(trained, noise).accepted.mean() < 0.05
    assert classify(trained, torch.full((3, 1, 28, 28), 255, dtype=torch.uint8)).accepted.sum() == 0


def test_one_batch_is_learnt_by_heart(examples):
    torch.manual_seed(0)
    batch = to_float(examples[True].pictures[::30]), examples[True].label[::30]
    reports = fit_classifier(
        DigitClassifier(classes=10), lambda rng: batch, steps=40, learning_rate=3e-3,
        report_every=10, seed=0, autocast=nullcontext,
    )  # fmt: skip
    history = [report.values for report in reports]
    assert history[-1]["cross_entropy"] < 0.05 < history[0]["cross_entropy"]
    assert history[-1]["accuracy"] == 1.0
