import inspect

import pytest
import torch

from vidpipe.evaluation.classification import BATCH, Classification, Classifier, classify
from vidpipe.models.action_classifier import ActionClassifier
from vidpipe.models.digit_classifier import DigitClassifier
from vidpipe.models.pixels import to_float


def test_each_picture_goes_through_the_classifier_once_and_its_likeliest_class_is_the_label():
    classifier, batches = DigitClassifier(classes=4).eval(), []
    classifier.convolutions.register_forward_hook(
        lambda _, inputs, out: batches.append(len(inputs[0]))
    )
    rng = torch.Generator().manual_seed(0)
    pictures = torch.randint(256, (BATCH + 9, 1, 28, 28), dtype=torch.uint8, generator=rng)
    classification = classify(classifier, pictures)
    assert batches == [BATCH, 9]
    probabilities = classifier(to_float(pictures)).softmax(1)[:, :4]
    torch.testing.assert_close(classification.confidence, probabilities.max(1).values)
    assert torch.equal(classification.label, probabilities.argmax(1))


@pytest.mark.parametrize(
    "classifier", [DigitClassifier(classes=2), ActionClassifier(classes=2, channels=1)]
)
def test_networks_are_classifiers_to_python_3_12_too_which_looks_past_getattr(classifier):
    members = [*Classifier.__annotations__, "parameters", "features", "class_logits"]
    assert isinstance(classifier, Classifier)
    assert [n for n in members if inspect.getattr_static(classifier, n, None) is None] == []
    assert {n for n in vars(Classifier) if n[0] != "_"} <= set(members)


def test_classes_are_covered_by_one_confident_sample_in_a_hundred():
    label = torch.tensor([0] * 100 + [1] * 2 + [2] * 98)
    confidence = torch.where(torch.arange(200) < 102, 0.95, 0.5)
    classification = Classification(torch.zeros(200, 4), label, confidence, 4, 0.9)
    assert classification.counts.tolist() == [100, 2, 0, 0]
    assert classification.covered_classes == 2
    fewer = Classification(
        classification.features, label, torch.where(torch.arange(200) < 101, 0.95, 0.5), 4, 0.9
    )
    assert fewer.covered_classes == 1


def test_a_sample_that_is_accepted_as_another_class_or_as_none_is_not_accurate():
    label, confidence = torch.tensor([0, 1, 1, 2]), torch.tensor([0.95, 0.95, 0.95, 0.5])
    classification = Classification(torch.zeros(4, 4), label, confidence, 4, 0.9)
    assert classification.conditional_accuracy(torch.tensor([0, 1, 2, 2])) == 0.5
