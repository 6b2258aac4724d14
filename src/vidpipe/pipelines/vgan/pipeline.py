"""Wiring of the stages of vgan."""

from kedro.pipeline import Pipeline, node, pipeline

from vidpipe.pipelines.vgan.train import train_vgan


def vgan_train() -> Pipeline:
    """Clips to weights."""
    return pipeline(
        [
            node(
                train_vgan,
                [
                    "clips",
                    "params:vgan.model",
                    "params:vgan.train",
                    "params:runtime",
                    "tracker",
                    "scratch",
                ],
                "vgan_model",
                name="vgan_train",
            )
        ]
    )
