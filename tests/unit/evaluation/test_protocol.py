import json

import pytest
from support.project import ROOT

from vidpipe.evaluation.protocol import CLASSIFIER, PROTOCOL
from vidpipe.io import Metrics
from vidpipe.pipeline_registry import STAGES
from vidpipe.tracking.headlines import HEADLINES, headline_metrics
from vidpipe.tracking.trust import classifier_of

GANS = [stage.removesuffix("_evaluate") for stage in STAGES if stage.endswith("_evaluate")]


@pytest.mark.parametrize("model", HEADLINES)
def test_committed_metrics_say_how_they_were_measured_and_by_which_classifier(model):
    metrics = json.loads((ROOT / f"metrics/{model}.json").read_text(encoding="utf-8"))
    protocol = metrics.pop(PROTOCOL)
    assert {"split", "seed", "size"} <= protocol.keys()
    assert (CLASSIFIER in protocol) == bool(classifier_of(model))
    assert all(isinstance(score, int | float) for score in metrics.values())


@pytest.mark.parametrize("model", GANS)
def test_committed_headlines_are_those_of_the_committed_metrics(model):
    metrics, headlines = (
        Metrics(filepath=str(ROOT / f"metrics/{folder}{model}.json")).load()
        for folder in ("", "headlines/")
    )
    expected = headline_metrics(model, metrics, metrics[PROTOCOL])
    assert headlines.pop(PROTOCOL, {}) == expected.pop(PROTOCOL, {})
    assert headlines == pytest.approx(expected, rel=1e-5)
