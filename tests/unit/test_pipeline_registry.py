import pytest

from vidpipe import pipeline_registry
from vidpipe.pipeline_registry import STAGES, SUMS, register_pipelines


def test_names_are_listed_before_any_package_is_imported(monkeypatch):
    def fail():
        raise AssertionError("a package was imported")

    monkeypatch.setattr(pipeline_registry, "STAGES", dict.fromkeys(STAGES, fail))
    pipelines = register_pipelines()
    assert list(pipelines) == [*SUMS, *STAGES]
    assert len(pipelines) == len(SUMS) + len(STAGES)
    assert "nope" not in pipelines


@pytest.mark.parametrize("name", ["pairs", "gan3d_train"])
def test_a_stage_is_one_node_of_its_name(name):
    (node,) = register_pipelines()[name].nodes
    assert node.name == name


def test_a_sum_runs_every_stage_after_those_that_make_its_data():
    pipelines = register_pipelines()
    assert {stage for parts in SUMS.values() for stage in parts} == set(STAGES)
    for name, parts in SUMS.items():
        assert {node.name for node in pipelines[name].nodes} == set(parts)
        made = pipelines[name].inputs()
        for stage in parts:
            (node,) = pipelines[stage].nodes
            assert set(node.inputs) <= made
            made |= set(node.outputs)
