"""Train each GAN of clips a few steps at `determinism: machine`, and print md5 and file of weights.

python tests/support/train_clip_gans.py DEVICE SCRATCH
"""

import hashlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support import moving_clips as moving
from vidpipe.config.loader import check, read
from vidpipe.config.schema import Runtime
from vidpipe.models.registry import CLIP_GANS
from vidpipe.pipelines.clips.train import make_train_node
from vidpipe.tracking.protocol import NullTracker
from vidpipe.utils.names import model_name

ROOT = Path(__file__).parents[2]
SMALL = {"width": 16, "discriminator_width": 4, "norm": "batch", "dropout": 0.25}
SMALL |= {"space": "pixels", "size": None}
SHORT = {"steps": 2, "batch": 4, "penalty_every": 2, "report_every": 2, "sample_every": 2}
SHORT |= {"walk_steps": 2}


def main(device: str, scratch: Path) -> None:
    """All of them, on clips that are drawn anew."""
    runtime = Runtime(device=device, devices=1, precision="fp32", threads=2, determinism="machine")
    params, clips = check(read(ROOT / "params.yaml")), moving.packed(size=32)
    for network in CLIP_GANS:
        name = model_name(network)
        own = getattr(params, name)
        model, train = own.model.model_copy(update=SMALL), own.train.model_copy(update=SHORT)
        saves = scratch / "checkpoints" / name
        train_node = make_train_node(network)
        folder = train_node(clips, model, train, runtime, NullTracker(), saves, scratch)
        for file in sorted(folder.glob("*.safetensors")):
            print(hashlib.md5(file.read_bytes()).hexdigest(), file.relative_to(scratch))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
