import torch

from vidpipe.evaluation.classification import CHUNK, Judged, judge
from vidpipe.models.digit_classifier import DigitClassifier
from vidpipe.models.pixels import to_float


def test_each_picture_goes_through_the_classifier_once_and_is_judged_as_it_answers():
    classifier, seen = DigitClassifier(classes=4).eval(), []
    classifier.convolutions.register_forward_hook(
        lambda _, inputs, out: seen.append(len(inputs[0]))
    )
    rng = torch.Generator().manual_seed(0)
    some = torch.randint(256, (CHUNK + 9, 1, 28, 28), dtype=torch.uint8, generator=rng)
    got = judge(classifier, some)
    assert seen == [CHUNK, 9]
    answers = classifier(to_float(some)).softmax(1)[:, :4]
    torch.testing.assert_close(got.confidence, answers.max(1).values)
    assert torch.equal(got.label, answers.argmax(1))


def test_classes_are_covered_by_one_confident_sample_in_a_hundred():
    label = torch.tensor([0] * 100 + [1] * 2 + [2] * 98)
    confidence = torch.where(torch.arange(200) < 102, 0.95, 0.5)
    judged = Judged(torch.zeros(200, 4), label, confidence, 4, 0.9)
    assert judged.counts.tolist() == [100, 2, 0, 0]
    assert judged.covered == 2
    fewer = Judged(judged.features, label, torch.where(torch.arange(200) < 101, 0.95, 0.5), 4, 0.9)
    assert fewer.covered == 1


def test_what_is_to_be_one_class_and_passes_for_another_is_not_as_it_is_to_be():
    label, confidence = torch.tensor([0, 1, 1, 2]), torch.tensor([0.95, 0.95, 0.95, 0.5])
    judged = Judged(torch.zeros(4, 4), label, confidence, 4, 0.9)
    assert judged.share_of(torch.tensor([0, 1, 2, 2])) == 0.5
