"""`vidpipe results`: a table of committed and rebuilt metrics."""

from pathlib import Path

import click

from vidpipe.config.loader import FILE, read, read_text
from vidpipe.config.schema import CLIP_GAN_NAMES
from vidpipe.reproduction import worktree
from vidpipe.reproduction.record import LOCK, Numbers, read_numbers
from vidpipe.tracking.trust import SCORED_BY, classifier_of, few_samples, is_scored_by_classifier
from vidpipe.utils.errors import UserError

# Metrics with a line of their own, by model; all metrics are compared.
DIGITS = ["modes", "kl_uniform", "confident_share", "frechet", "precision", "recall"]
CLIPS = [
    "frechet_frames",
    "frechet_diff",
    "frechet_diff_floor",
    "frechet_diff_gated",
    "frechet_diff_gated_floor",
    "frechet_actions",
    "motion_ratio",
    "motion_ratio_25",
    "freezing_rate",
    "background_drift",
    "actor_drift",
    "actions_covered",
]
HEADLINES = dict.fromkeys(CLIP_GAN_NAMES, CLIPS) | {
    "convlstm_gan": [*CLIPS, "first_frame_psnr"],
    "action_classifier": ["held_out.accuracy"],
    "clip_autoencoder": ["train.psnr", "test.psnr", "ceiling.confident_share"],
    "dcgan": DIGITS,
    "mlp_gan": DIGITS,
    "digit_classifier": ["held_out.accuracy"],
    "pix2pix": [
        "one_step.seen.psnr",
        "one_step.seen.copy_last_psnr",
        "one_step.held_out.psnr",
        "one_step.held_out.copy_last_psnr",
        *(
            f"rollout.{split}.h{horizon}.skill"
            for split in ("seen", "held_out")
            for horizon in (1, 2, 4, 8, 16)
        ),
    ],
}


@click.command()
def results() -> None:
    """Compare the metrics in the work tree with those committed, in one table."""
    here = Path.cwd()
    read(Path(FILE))  # fails with advice outside of a project
    commit = worktree.commit_of(here, "HEAD")
    files = sorted(Path("metrics").glob("*.json"))
    if not files:
        raise UserError("metrics/: nothing there yet; run `dvc repro`")
    click.echo(f"{'':44}{'committed':>12}{'rebuilt':>12}")
    differing = 0
    total = 0
    notes = []
    classifiers = changed_classifiers(here, commit)
    for file in files:
        rebuilt = read_numbers(file.read_bytes(), file.as_posix())
        committed = _committed(here, commit, file)
        # A line for each metric that matters, as it is printed.
        for name in HEADLINES.get(file.stem, []):
            old = _cell(committed.get(name))
            new = _cell(rebuilt.get(name))
            mark = "" if old == new else "  differs"
            judged = is_scored_by_classifier(file.stem, name)
            if judged and classifier_of(file.stem) in classifiers:
                mark += ", by another classifier" if mark else "  by another classifier"
            click.echo(f"{file.stem + ' ' + name:44}{old:>12}{new:>12}{mark}")
        # The count takes in all metrics, with all their digits.
        names = committed.keys() | rebuilt.keys()
        total += len(names)
        differing += sum(committed.get(name) != rebuilt.get(name) for name in names)
        if few := few_samples(rebuilt):
            notes.append(f"{file.stem}: {few}")
    # Two classifiers are two scales.
    notes += [
        f"{name} is not the committed one: its scores are on another scale, and not to be compared"
        for name in classifiers
    ]
    for note in notes:
        click.echo(f"! {note}")
    verdict = "all equal" if not differing else f"{differing} differ"
    click.echo(f"{total} numbers compared: {verdict}")


def changed_classifiers(project: Path, commit: str) -> list[str]:
    """Return the classifiers whose weights in the work tree's `dvc.lock` are not a commit's."""
    now = _outputs((project / LOCK).read_text("utf-8") if (project / LOCK).is_file() else "")
    has_lock = worktree.git(project, "ls-tree", commit, LOCK)
    then = _outputs(worktree.git(project, "show", f"{commit}:./{LOCK}") if has_lock else "")
    names = sorted({classifier for classifier, _ in SCORED_BY.values()})
    return [name for name in names if name in now and now[name] != then.get(name, now[name])]


def _outputs(lock: str) -> dict[str, str]:
    """Return the hash of the first output, the model, of each stage in the text of a `dvc.lock`."""
    stages = (read_text(lock, LOCK) if lock else {}).get("stages", {})
    return {name: stage["outs"][0]["md5"] for name, stage in stages.items() if stage.get("outs")}


def _committed(project: Path, commit: str, file: Path) -> Numbers:
    """Return the metrics of a file as a commit has it; none if it has no such file."""
    if not worktree.git(project, "ls-tree", commit, file.as_posix()):
        return {}
    name = f"{commit}:./{file.as_posix()}"
    return read_numbers(worktree.git(project, "show", name).encode(), name)


def _cell(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"
