import pytest

from vidpipe.pipeline_registry import register_pipelines
from vidpipe.tracking.experiments import EXPERIMENTS


@pytest.mark.parametrize("model", EXPERIMENTS)
def test_a_run_shows_the_parameters_that_its_stages_ask_for(model):
    pipelines = register_pipelines()
    # The autoencoder is a stage, which others are needed before.
    stage = model == "clip_autoencoder"
    inputs = (pipelines["__default__"].to_nodes(model) if stage else pipelines[model]).inputs()
    asked = {name.removeprefix("params:") for name in inputs if name.startswith("params:")}
    own = {name for name in asked if name.startswith(f"{model}.")}
    assert asked - own == {"runtime", *EXPERIMENTS[model].shared_params}


def test_models_that_can_be_compared_share_an_experiment():
    assert {runs.experiment for runs in EXPERIMENTS.values()} == {"digits", "prediction", "clips"}
    assert EXPERIMENTS["gan3d"].experiment == EXPERIMENTS["convlstm_gan"].experiment == "clips"
