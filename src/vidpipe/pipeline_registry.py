"""All pipelines by name. A stage of DVC is one of `STAGES`; a deliverable is the sum of some.

Pipelines are imported when asked for, so that a data stage never waits for torch.
"""

from collections.abc import Iterator, Mapping
from functools import reduce
from importlib import import_module
from operator import add

from kedro.pipeline import Pipeline

# Stage -> module whose function of that name wires it, in the order they run: first what moves.
STAGES = {
    "footage_fetch": "vidpipe.pipelines.data.pipeline",
    "footage_frames": "vidpipe.pipelines.data.pipeline",
    "pairs": "vidpipe.pipelines.data.pipeline",
    "pix2pix_train": "vidpipe.pipelines.prediction.pipeline",
    "pix2pix_evaluate": "vidpipe.pipelines.prediction.pipeline",
    "digits": "vidpipe.pipelines.data.pipeline",
    "digit_classifier": "vidpipe.pipelines.digits.pipeline",
    "mlp_gan_train": "vidpipe.pipelines.mlp_gan.pipeline",
    "mlp_gan_evaluate": "vidpipe.pipelines.mlp_gan.pipeline",
    "dcgan_train": "vidpipe.pipelines.dcgan.pipeline",
    "dcgan_evaluate": "vidpipe.pipelines.dcgan.pipeline",
    "clips_fetch": "vidpipe.pipelines.data.pipeline",
    "sources": "vidpipe.pipelines.data.pipeline",
    "clips_frames": "vidpipe.pipelines.data.pipeline",
    "clips": "vidpipe.pipelines.data.pipeline",
    "action_classifier": "vidpipe.pipelines.clips.pipeline",
}

# GANs of clips: a module of `vidpipe.models` each, all wired alike -> deliverable of the report.
CLIP_GANS = {"gan3d": "D2", "vgan": "D2", "convlstm_gan": "D4"}
MOVING = "vidpipe.pipelines.clips.pipeline"
STAGES |= {f"{model}_{what}": MOVING for model in CLIP_GANS for what in ("train", "evaluate")}

# What a person runs -> the stages it takes.
SUMS = {
    "pix2pix": ["footage_fetch", "footage_frames", "pairs", "pix2pix_train", "pix2pix_evaluate"],
    "mlp_gan": ["digits", "digit_classifier", "mlp_gan_train", "mlp_gan_evaluate"],
    "dcgan": ["digits", "digit_classifier", "dcgan_train", "dcgan_evaluate"],
    "__default__": list(STAGES),
}
CLIPS = ["clips_fetch", "clips_frames", "clips", "action_classifier"]
SUMS |= {model: [*CLIPS, f"{model}_train", f"{model}_evaluate"] for model in CLIP_GANS}


class _Lazy(Mapping[str, Pipeline]):
    def __getitem__(self, name: str) -> Pipeline:
        if name in STAGES:
            wiring = import_module(STAGES[name])
            model, _, what = name.rpartition("_")
            if model in CLIP_GANS:
                return getattr(wiring, f"clip_gan_{what}")(model)
            return getattr(wiring, name)()
        return reduce(add, (self[stage] for stage in SUMS[name]))

    def __iter__(self) -> Iterator[str]:
        return iter([*SUMS, *STAGES])

    def __len__(self) -> int:
        return len(SUMS) + len(STAGES)


def register_pipelines() -> Mapping[str, Pipeline]:
    """What Kedro calls."""
    return _Lazy()
