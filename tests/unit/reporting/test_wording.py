from vidpipe.reporting import wording
from vidpipe.reporting.results import DELIVERABLES, MODELS


def test_every_deliverable_and_model_is_told_in_words():
    assert set(wording.TITLES) == set(wording.ABOUT) == set(DELIVERABLES)
    assert set(MODELS) <= set(wording.MODELS)


def test_a_deliverable_has_two_sentences_and_a_model_one():
    assert all(text.count(". ") + text.endswith(".") == 2 for text in wording.ABOUT.values())
    assert all(text.count(".") == 1 and text.endswith(".") for text in wording.MODELS.values())
