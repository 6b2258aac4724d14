"""Wiring of the stages of convlstm_gan."""

from kedro.pipeline import Pipeline, node, pipeline

from vidpipe.pipelines.convlstm_gan.train import train_convlstm_gan


def convlstm_gan_train() -> Pipeline:
    """Clips to weights."""
    return pipeline(
        [
            node(
                train_convlstm_gan,
                [
                    "clips",
                    "params:convlstm_gan.model",
                    "params:convlstm_gan.train",
                    "params:runtime",
                    "tracker",
                    "scratch",
                ],
                "convlstm_gan_model",
                name="convlstm_gan_train",
            )
        ]
    )
