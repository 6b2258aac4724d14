"""Wiring of the stages of every GAN of clips: a model's name is all that differs."""

from kedro.pipeline import Pipeline, node, pipeline

from vidpipe.pipelines.moving.train import trainer


def clip_gan_train(name: str) -> Pipeline:
    """Clips to weights."""
    inputs = [
        "clips",
        f"params:{name}.model",
        f"params:{name}.train",
        "params:runtime",
        "tracker",
        "scratch",
    ]
    return pipeline([node(trainer(name), inputs, f"{name}_model", name=f"{name}_train")])
