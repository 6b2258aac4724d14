"""The card of a model: what it is, what it learnt from, how good it is, how it is made again."""

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from vidpipe.config.loader import FILE, read
from vidpipe.config.schema import DIGIT_GAN_NAMES
from vidpipe.reproduction.record import md5, read_numbers, recorded
from vidpipe.serving.store import PICTURE_GAN, PREDICTOR, TRAINED
from vidpipe.tracking.descriptions import score_table
from vidpipe.tracking.experiments import EXPERIMENTS
from vidpipe.utils.errors import UserError

DRAWN = "actions"  # the data set that the project draws itself
CARD = """\
# {name}

{about}

- **Trained on**: {data}.
- **Licence**: {licence}.
- **Made by**: vidpipe {version}; `dvc repro {name}_evaluate` makes weights and scores again.
- **Numbers**: {numbers}.
- **Use**: `vidpipe models get {name} --from THIS_PLACE`, then `vidpipe play`, or `{use}`.

## Scores

The files of `metrics/` have all of them, beside baselines and floors; `docs/results.md` says what
they mean.

{scores}
"""


def card(model: str, *, half: bool) -> str:
    """Return the card of a trained model of the project in this folder, in Markdown.

    Args:
        model: Its name.
        half: Its weights are rounded to 16 bits, after they were scored.

    Raises:
        UserError: If its scores are not those of its weights.
    """
    numbers = _scores(model)
    data, licence = _data(model, read(Path(FILE)))
    rounded = "of 16 bits, rounded after they were scored with 32; films differ in details"
    return CARD.format(
        name=model,
        about=f"It {EXPERIMENTS[model].about}",
        data=data,
        licence=licence,
        version=version("vidpipe"),
        numbers=rounded if half else "of 32 bits, as they were trained",
        use="vidpipe predict --image me.png"
        if model == PREDICTOR
        else f"vidpipe generate {model}" + (" --image me.png" if model == PICTURE_GAN else ""),
        scores=score_table(model, numbers),
    )


def _scores(model: str) -> Mapping[str, float]:
    """Return the metrics of a model, once DVC's record says that they are of its weights."""
    stage, weights, metrics = (
        f"{model}_evaluate",
        f"{TRAINED.as_posix()}/{model}",
        f"metrics/{model}.json",
    )
    record = recorded(Path()).get(stage)
    hashes = {**record.deps, **record.outs} if record else {}
    for path in (weights, metrics):
        if not hashes.get(path) or hashes[path] != md5(Path.cwd(), path):
            raise UserError(
                f"{path}: expected what dvc.lock records of {stage}, got something else: the card "
                f"would show scores of other weights; run `dvc repro {stage}`"
            )
    return read_numbers(Path(metrics).read_bytes(), metrics)


def _data(model: str, params: dict[str, Any]) -> tuple[str, str]:
    """Return what a model was trained on, and its licence."""
    ours = "Apache-2.0"
    if model in DIGIT_GAN_NAMES:
        return "ten pictures of numerals, one each, turned, scaled and sheared", ours
    slot = "footage" if model == PREDICTOR else "clips"
    source = params["sources"][slot]
    name = source["dataset"]
    if name == DRAWN:
        return "clips of nine actions that the project draws itself", ours
    clip_name = f" ({clip})" if (clip := (source.get(name) or {}).get("clip")) else ""
    licence = f"{ours} for the weights; the footage, {name}{clip_name}, is under its authors' terms"
    return f"the data set `{name}`{clip_name}", licence
