"""Print the hash of weights after a few updates: run natively and on an emulated processor."""

import hashlib
import sys
from pathlib import Path

from vidpipe.data.packing import read_npz
from vidpipe.params import Runtime
from vidpipe.params_gans import Pix2pixModel, Pix2pixTrain
from vidpipe.pipelines.pix2pix.train import train_pix2pix
from vidpipe.training.tracker import NullTracker

MODEL = Pix2pixModel(width=4, dropout=0.5, residual=True)
TRAIN = Pix2pixTrain(
    seed=0,
    steps=3,
    batch=2,
    learning_rate=2e-4,
    beta1=0.5,
    adversarial_weight=0.1,
    l1_weight=100.0,
    noise=0.1,
    views=0.5,
    pushforward=2,
    ema=0.9,
    report_every=3,
    sample_every=3,
)
RUNTIME = Runtime(device="cpu", precision="fp32", threads=2, determinism="portable")

if __name__ == "__main__":
    pairs, scratch = Path(sys.argv[1]), Path(sys.argv[2])
    model = train_pix2pix(read_npz(pairs), MODEL, TRAIN, RUNTIME, NullTracker(), scratch)
    print(hashlib.md5((model / "generator.safetensors").read_bytes()).hexdigest())  # noqa: T201
