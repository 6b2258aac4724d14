"""`vidpipe results`: what was committed against what was rebuilt."""

import subprocess
from pathlib import Path

import click

from vidpipe.config.schema import CLIP_GANS
from vidpipe.reproduction.record import Numbers, read_numbers
from vidpipe.utils.errors import UserError

# Model -> numbers worth a line; all are compared.
DIGITS = ["modes", "kl_uniform", "confident_share", "frechet", "precision", "recall"]
CLIPS = [
    "frechet_frames",
    "frechet_diff",
    "frechet_diff_floor",
    "frechet_actions",
    "motion_ratio",
    "freezing_rate",
    "actions_covered",
]
HEADLINES = dict.fromkeys(CLIP_GANS, CLIPS) | {
    "convlstm_gan": [*CLIPS, "first_frame_psnr"],
    "action_classifier": ["held_out.accuracy"],
    "dcgan": DIGITS,
    "mlp_gan": DIGITS,
    "digit_classifier": ["held_out.accuracy"],
    "pix2pix": [
        "one_step.seen.psnr",
        "one_step.seen.copy_last_psnr",
        "one_step.held_out.psnr",
        "one_step.held_out.copy_last_psnr",
        *(
            f"rollout.{split}.h{h}.skill"
            for split in ("seen", "held_out")
            for h in (1, 2, 4, 8, 16)
        ),
    ],
}


@click.command()
def results() -> None:
    """Compare the metrics in the work tree with those committed, in one table."""
    files = sorted(Path("metrics").glob("*.json"))
    if not files:
        raise UserError("metrics/: nothing there yet; run `dvc repro`")
    click.echo(f"{'':44}{'committed':>12}{'rebuilt':>12}")
    differing = total = 0
    for file in files:
        rebuilt = read_numbers(file.read_bytes(), file.as_posix())
        committed = _committed(file)
        for name in HEADLINES.get(file.stem, []):
            shown = [_shown(numbers.get(name)) for numbers in (committed, rebuilt)]
            mark = "" if shown[0] == shown[1] else "  differs"
            click.echo(f"{file.stem + ' ' + name:44}{shown[0]:>12}{shown[1]:>12}{mark}")
        names = committed.keys() | rebuilt.keys()
        total += len(names)
        differing += sum(committed.get(name) != rebuilt.get(name) for name in names)
    verdict = "all equal" if not differing else f"{differing} differ"
    click.echo(f"{total} numbers compared: {verdict}")


def _committed(file: Path) -> Numbers:
    name = f"HEAD:./{file.as_posix()}"
    shown = subprocess.run(["git", "show", name], capture_output=True, check=False)
    return read_numbers(shown.stdout, name) if shown.returncode == 0 else {}


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"
