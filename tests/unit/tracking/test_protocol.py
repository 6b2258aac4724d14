import numpy as np
import pytest

from vidpipe.tracking.mlflow_tracker import MlflowTracker, _MlflowRun
from vidpipe.tracking.protocol import NullTracker, Run, Tracker


@pytest.mark.parametrize("kind", [NullTracker, MlflowTracker])
def test_every_tracker_has_the_calls_that_nodes_make(kind):
    assert issubclass(kind, Tracker)
    assert issubclass(_MlflowRun, Run)


@pytest.mark.parametrize(
    ("call", "words"),
    [("training", ("m", "folder")), ("evaluation", ("m", "file")), ("data", ("s",))],
)
def test_a_tracker_of_nothing_takes_everything(call, words, tmp_path):
    with getattr(NullTracker(), call)(*words) as run:
        assert isinstance(run, Run)
        run.metrics({"generator": 0.5}, 1)
        run.picture("progress", np.zeros((2, 2, 3), np.uint8), 1)
        run.files(tmp_path)
        run.warning("frozen", 1)
        run.weights(tmp_path / "weights")
    assert list(tmp_path.iterdir()) == []
