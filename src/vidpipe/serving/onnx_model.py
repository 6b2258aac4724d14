"""A trained generator as a graph of ONNX: numbers in, pixels as numbers out."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from vidpipe.config.schema import DIGIT_GAN_NAMES
from vidpipe.serving.generation import network_module, start_torch
from vidpipe.serving.store import PREDICTOR, WEIGHTS
from vidpipe.utils.atomic import whole_file
from vidpipe.utils.errors import UserError

NEEDED = ("onnx", "onnxscript")
STEPS = 8  # frames that the graph of pix2pix predicts


def export(model: str, folder: Path, out: Path) -> None:
    """Write the generator of a model as an ONNX file.

    Inputs and outputs are floats, pixels in [-1, 1], one sample at a time. A GAN makes of `noise`
    (1, latent) and, if it starts from one, `picture` (1, c, h, w), `clips` (1, c, t, h, w) or
    `pictures` (1, c, h, w). pix2pix makes of `window` (1, history, c, h, w) `frames` (1, STEPS, c,
    h, w).

    Args:
        model: Name of the model.
        folder: Folder of its weights.
        out: The file.

    Raises:
        UserError: If a package is missing, or the weights are.
    """
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        raise UserError(
            f"--format onnx: expected the package {missing[0]}, it is not installed; "
            "`pip install 'vidpipe[onnx]'`, in a clone `pip install --editable '.[onnx]'`"
        )
    start_torch()
    import torch  # noqa: PLC0415 (after the instruction set is pinned)

    network, inputs, result = graph(model, folder)
    with whole_file(out) as partial, torch.no_grad():
        torch.onnx.export(
            network,
            tuple(inputs.values()),
            partial,
            input_names=list(inputs),
            output_names=[result],
            dynamo=True,
            optimize=False,
            external_data=False,
            verbose=False,
        )


def graph(model: str, folder: Path) -> tuple[Any, dict[str, Any], str]:
    """Return the network that is exported, inputs for it by name, and the name of its result.

    Raises:
        UserError: If there are no weights, or not of this model.
    """
    import torch  # noqa: PLC0415
    from torch import nn  # noqa: PLC0415

    from vidpipe.models.clip_sampling import ClipSampler  # noqa: PLC0415
    from vidpipe.models.pix2pix import make_generator  # noqa: PLC0415
    from vidpipe.models.windows import roll_out  # noqa: PLC0415
    from vidpipe.training.weights import build  # noqa: PLC0415

    rng = torch.Generator().manual_seed(0)
    if model == PREDICTOR:
        predictor = build(make_generator, folder / WEIGHTS)

        class Continued(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.generator = predictor

            def forward(self, window: torch.Tensor) -> torch.Tensor:
                return roll_out(self.generator, window, STEPS)

        shape = (1, predictor.history, 3, predictor.size, predictor.size)
        return Continued().eval(), {"window": torch.rand(shape, generator=rng) * 2 - 1}, "frames"
    if model in DIGIT_GAN_NAMES:
        generator = build(network_module(model).Generator, folder / WEIGHTS)
        return generator, {"noise": generator.prior.draw(1, rng)}, "pictures"

    machine = start_torch()
    sampler = ClipSampler.load(model, network_module(model).Generator, folder, machine)
    autoencoder = sampler.autoencoder

    class Clips(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.generator = sampler.generator
            self.autoencoder = autoencoder

        def forward(self, noise: torch.Tensor, picture: Any = None) -> torch.Tensor:
            if picture is None:
                picture = noise[:, :, None, None]  # in the place of one that is not looked at
            elif self.autoencoder is not None:
                picture = self.autoencoder.encode(picture)
            clips = self.generator(self.generator.source(noise, picture))
            return clips if self.autoencoder is None else self.autoencoder.decode_clips(clips)

    inputs = {"noise": sampler.generator.prior.draw(1, rng)}
    if sampler.generator.from_picture:
        assert sampler.shape
        size, channels = sampler.shape
        inputs["picture"] = torch.rand(1, channels, size, size, generator=rng) * 2 - 1
    return Clips().eval(), inputs, "clips"
