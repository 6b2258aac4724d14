import json

import pytest
from support.project import ROOT

from vidpipe.evaluation.protocol import CLASSIFIER, PROTOCOL
from vidpipe.pipeline_registry import STAGES
from vidpipe.tracking.trust import classifier_of

MODELS = [stage.removesuffix("_evaluate") for stage in STAGES if stage.endswith("_evaluate")]


@pytest.mark.parametrize("model", MODELS)
def test_committed_metrics_say_how_they_were_measured_and_by_which_classifier(model):
    metrics = json.loads((ROOT / f"metrics/{model}.json").read_text(encoding="utf-8"))
    protocol = metrics.pop(PROTOCOL)
    assert {"split", "seed"} <= protocol.keys()
    assert (CLASSIFIER in protocol) == bool(classifier_of(model))
    assert all(isinstance(score, int | float) for score in metrics.values())
