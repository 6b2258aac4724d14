"""How a GAN of digits is scored and drawn, whatever its networks."""

import logging
import math
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import torch

from vidpipe.config.models import FromNoiseEvaluate
from vidpipe.config.schema import Runtime
from vidpipe.data.npz import write_npz
from vidpipe.data.splits import HELD_OUT, SEEN
from vidpipe.evaluation.classification import Judged, judge
from vidpipe.evaluation.digit_scores import score
from vidpipe.evaluation.frechet import floor
from vidpipe.models.digit_classifier import DigitClassifier
from vidpipe.models.noise import FromNoiseGenerator
from vidpipe.models.pixels import to_uint8
from vidpipe.tracking.protocol import Tracker
from vidpipe.training import runtime as runtimes
from vidpipe.training import weights
from vidpipe.utils.names import model_name
from vidpipe.visualization.sheets import gif, grid, png

log = logging.getLogger(__name__)

CHUNK = 500  # pictures made at a time
ACROSS = 10  # pictures of each numeral on the sheet
TILE = 56  # pixels of a side, on a page
WALLS = 5  # rows and columns of the latent walk
STOPS, BETWEEN, FPS = 6, 12, 12  # of the walk: places, frames from one to the next, frames a second


def evaluate_digit_gan(
    name: str,
    generator: FromNoiseGenerator,
    *,
    digits: dict[str, np.ndarray],
    model: Path,
    classifier: Path,
    evaluate: FromNoiseEvaluate,
    runtime: Runtime,
    tracker: Tracker,
    scratch: Path,
) -> tuple[dict[str, float], Path, Path]:
    """Score samples and held-out pictures alike against what training saw, and draw the samples.

    Returns:
        Metrics by name, those of held-out pictures with `_held_out`; folders of plots and samples.
    """
    machine = runtimes.start(**runtime.model_dump())
    judging = machine.place(weights.build(DigitClassifier, classifier / "classifier.safetensors"))
    rng = torch.Generator().manual_seed(evaluate.seed)
    noise = generator.prior.draw(evaluate.samples, rng)
    made = sample(machine.place(generator), noise, machine.device)
    judged = judge(judging, made)
    metrics = scores(made, judged, judging, digits, evaluate)
    log.info("%s: %d of %d numerals", name, metrics["modes"], judged.classes)

    plots, samples = scratch / "plots", scratch / "samples"
    for folder in (plots, samples):
        folder.mkdir()
    pd.read_csv(model / "history.csv").to_csv(plots / "history.csv", index=False)
    page = sheet(made, judged, list(digits["names"]))
    (samples / "samples.png").write_bytes(png(page))
    film = walk_film(generator, rng, machine.device)
    (samples / "samples.gif").write_bytes(gif(film, fps=FPS, colours=32))
    write_npz(samples / "generated.npz", {"pictures": made[:, 0].cpu().numpy()})
    with tracker.evaluation(name, model / "generator.safetensors") as run:
        run.metrics(metrics, 0)
        run.files(samples)
        run.picture("samples", page, 0)
    return metrics, plots, samples


def scores(
    made: torch.Tensor,
    judged: Judged,
    judging: DigitClassifier,
    digits: dict[str, np.ndarray],
    evaluate: FromNoiseEvaluate,
) -> dict[str, float]:
    """Samples, and beside them held-out pictures, against what training saw."""
    real = {
        split: torch.from_numpy(digits["pictures"][digits["split"] == split])[:, None].to(made)
        for split in (SEEN, HELD_OUT)
    }
    seen, held_out = (judge(judging, real[split]) for split in (SEEN, HELD_OUT))
    numbers: dict[str, float] = {**score(judged, made, seen, real[SEEN])}
    beside = score(held_out, real[HELD_OUT], seen, real[SEEN])
    numbers |= {f"{key}_held_out": value for key, value in beside.items()}
    numbers["frechet_floor"] = floor(
        seen.features, np.arange(len(real[SEEN])), count=evaluate.samples, seed=evaluate.seed
    )
    numbers |= {"samples": len(made), "held_out": len(real[HELD_OUT]), "seen": len(real[SEEN])}
    return numbers


@torch.no_grad()
def sample(
    generator: FromNoiseGenerator, noise: torch.Tensor, device: torch.device
) -> torch.Tensor:
    """Pictures from noise, uint8 (n 1 28 28)."""
    generator.eval()
    return torch.cat([to_uint8(generator(some.to(device))) for some in torch.split(noise, CHUNK)])


def sheet(made: torch.Tensor, judged: Judged, names: list[str]) -> np.ndarray:
    """The first samples that pass for each numeral, in a row; paper where there is none.

    The last row shows the first that pass for none.
    """
    pictures = coloured(made)
    blank = np.full_like(pictures[0], 255)
    label = np.where(judged.accepted, judged.label.cpu().numpy(), len(names))
    rows = []
    for number in range(len(names) + 1):
        found = [pictures[i] for i in np.flatnonzero(label == number)[:ACROSS]]
        rows.append(found + [blank] * (ACROSS - len(found)))
    return grid(rows, names=[*names, "none"], tile=TILE)


def walk_film(
    generator: FromNoiseGenerator,
    rng: torch.Generator,
    device: torch.device,
    *,
    count: int = WALLS**2,
    tile: int = TILE,
) -> list[np.ndarray]:
    """A wall of pictures on walks through noise, each back to where it began."""
    steps = generator.prior.walk(count, stops=STOPS, between=BETWEEN, rng=rng)
    return [wall(sample(generator, step, device), tile=tile) for step in steps]


def wall(pictures: torch.Tensor, *, tile: int = TILE) -> np.ndarray:
    """All pictures, in a square as near as can be."""
    across = math.ceil(math.sqrt(len(pictures)))
    shown = list(coloured(pictures))
    return grid([shown[i : i + across] for i in range(0, len(shown), across)], tile=tile)


def coloured(pictures: torch.Tensor) -> np.ndarray:
    """Pictures as pages take them, in three channels."""
    return pictures.permute(0, 2, 3, 1).expand(-1, -1, -1, 3).cpu().numpy()


def make_evaluate_node(network: ModuleType) -> Callable[..., tuple[dict[str, float], Path, Path]]:
    """Return the node that evaluates a GAN of digits.

    Args:
        network: Module of the model. The node is a closure over it, by which it is among DVC's
            code dependencies of the stage.
    """

    def evaluate_model(
        digits: dict[str, np.ndarray],
        model: Path,
        classifier: Path,
        evaluate: FromNoiseEvaluate,
        runtime: Runtime,
        tracker: Tracker,
        scratch: Path,
    ) -> tuple[dict[str, float], Path, Path]:
        """Score and draw samples: see `evaluate_digit_gan`."""
        return evaluate_digit_gan(
            model_name(network),
            weights.build(network.Generator, model / "generator.safetensors"),
            digits=digits,
            model=model,
            classifier=classifier,
            evaluate=evaluate,
            runtime=runtime,
            tracker=tracker,
            scratch=scratch,
        )

    return evaluate_model
