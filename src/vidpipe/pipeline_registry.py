"""All pipelines by name. A stage of DVC is one node; a deliverable is the sum of some stages.

Pipelines are imported when asked for, so that a data stage never waits for torch.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cache, reduce
from operator import add

from kedro.pipeline import Pipeline

from vidpipe.config.schema import CLIP_GAN_NAMES, LATENT_GAN_NAMES


def _data() -> Pipeline:
    from vidpipe.pipelines.data.pipeline import create_pipeline  # noqa: PLC0415

    return create_pipeline()


def _prediction() -> Pipeline:
    from vidpipe.pipelines.prediction.pipeline import create_pipeline  # noqa: PLC0415

    return create_pipeline()


def _digits() -> Pipeline:
    from vidpipe.pipelines.digits.pipeline import create_pipeline  # noqa: PLC0415

    return create_pipeline()


def _clips() -> Pipeline:
    from vidpipe.pipelines.clips.pipeline import create_pipeline  # noqa: PLC0415

    return create_pipeline()


def _report() -> Pipeline:
    from vidpipe.pipelines.report.pipeline import create_pipeline  # noqa: PLC0415

    return create_pipeline()


# Stage -> the package's pipeline that has a node of that name, in the order of a run: first what
# moves.
STAGES: dict[str, Callable[[], Pipeline]] = {
    "footage_files": _data,
    "footage_fetch": _data,
    "footage_frames": _data,
    "pairs": _data,
    "pix2pix_train": _prediction,
    "pix2pix_evaluate": _prediction,
    "digits": _data,
    "digit_classifier": _digits,
    "mlp_gan_train": _digits,
    "mlp_gan_evaluate": _digits,
    "dcgan_train": _digits,
    "dcgan_evaluate": _digits,
    "clips_files": _data,
    "clips_fetch": _data,
    "sources": _data,
    "clips_frames": _data,
    "clips": _data,
    "action_classifier": _clips,
    "clip_autoencoder": _clips,
    **{f"{model}_{part}": _clips for model in CLIP_GAN_NAMES for part in ("train", "evaluate")},
    "report": _report,
}

# Deliverable, as a person runs it -> its stages.
CLIP_STAGES = ["clips_fetch", "clips_frames", "clips", "action_classifier"]
SUMS = {
    "pix2pix": ["footage_fetch", "footage_frames", "pairs", "pix2pix_train", "pix2pix_evaluate"],
    "mlp_gan": ["digits", "digit_classifier", "mlp_gan_train", "mlp_gan_evaluate"],
    "dcgan": ["digits", "digit_classifier", "dcgan_train", "dcgan_evaluate"],
    "__default__": list(STAGES),
    **{
        model: [
            *CLIP_STAGES,
            *(["clip_autoencoder"] if model in LATENT_GAN_NAMES else []),
            f"{model}_train",
            f"{model}_evaluate",
        ]
        for model in CLIP_GAN_NAMES
    },
}


class _Lazy(Mapping[str, Pipeline]):
    """Pipelines by name, each made when it is asked for."""

    def __getitem__(self, name: str) -> Pipeline:
        if name in STAGES:
            return _whole(STAGES[name]).only_nodes(name)
        return reduce(add, (self[stage] for stage in SUMS[name]))

    def __iter__(self) -> Iterator[str]:
        return iter([*SUMS, *STAGES])

    def __len__(self) -> int:
        return len(SUMS) + len(STAGES)


@cache
def _whole(package: Callable[[], Pipeline]) -> Pipeline:
    """Return the pipeline of a package, made once."""
    return package()


def register_pipelines() -> Mapping[str, Pipeline]:
    """Return all pipelines by name; Kedro calls this."""
    return _Lazy()
