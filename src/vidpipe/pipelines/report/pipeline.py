"""Wiring of the report."""

from kedro.pipeline import Pipeline, node, pipeline

from vidpipe.pipelines.report.report import inputs_of_report, write_report


def create_pipeline() -> Pipeline:
    """Return the pipeline from the results of all models to the report."""
    return pipeline(
        [node(write_report, inputs=inputs_of_report(), outputs="report", name="report")]
    )
