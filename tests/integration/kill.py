"""Kill `dvc repro` at random moments, and see that it ends in the same `dvc.lock` every time.

    python tests/integration/kill.py --kills 50

makes a clone at smoke scale and runs every stage once. Then, for each kill, it forces a stage, ends
all of its processes by SIGKILL at a random moment, cuts the newest checkpoint short now and then as
a power cut would, and lets `dvc repro` go on. Prints a table; ends with 1 if a lock differs.
"""

import argparse
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import click
from dvc.schema import COMPILED_LOCKFILE_SCHEMA
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from support.project import copy, environment, run
from voluptuous import Invalid

from vidpipe.config.editing import apply_patch
from vidpipe.pipeline_registry import STAGES
from vidpipe.reproduction.record import recorded

# Long enough for checkpoints.
LONGER = {"steps": 800, "report_every": 20, "sample_every": 400}
LONG = "mlp_gan_train"
FORCED = ("dvc", "repro", "--single-item", "--force", "--no-run-cache")
GOING_ON = re.compile(r"going on from step (\d+)")


@dataclass(frozen=True)
class Kill:
    """What one kill met, and what came of it.

    Attributes:
        stage: That ran.
        seconds: After which it was killed.
        ended: It had ended before.
        cut: The newest checkpoint was cut short.
        resumed: Step from which training went on, if it did.
        torn: DVC was writing its lock: the committed one was put in its place.
        same: The lock is as it was.
    """

    stage: str
    seconds: float
    ended: bool
    cut: bool
    resumed: str
    torn: bool
    same: bool

    def __str__(self) -> str:
        flags = ["yes" if flag else "" for flag in (self.ended, self.cut)]
        lock = ("same" if self.same else "DIFFERENT") + (", torn before" if self.torn else "")
        return (
            f"| {self.stage} | {self.seconds:.1f} | {' | '.join(flags)} | {self.resumed} | {lock} |"
        )


def prepared(folder: Path, stages: Sequence[str] = tuple(STAGES)) -> tuple[Path, dict[str, float]]:
    """A project whose stages have run and are committed, and the seconds each took."""
    project, took = copy(folder), {}
    apply_patch(project, {"mlp_gan": {"train": LONGER}})
    for stage in stages:
        begun = time.monotonic()
        run(project, "dvc", "repro", "--single-item", stage)
        took[stage] = time.monotonic() - begun
    run(project, "git", "add", "--all")
    run(project, "git", "commit", "--quiet", "--message", "Results")
    return project, took


def kills(project: Path, took: dict[str, float], *, count: int, seed: int) -> Iterator[Kill]:
    """Kill so many times; every third time in the stage that has checkpoints."""
    rng = random.Random(seed)
    lock, made = (project / "dvc.lock").read_bytes(), recorded(project)
    for number in range(count):
        stage = LONG if LONG in took and number % 3 == 0 else rng.choice(list(took))
        seconds = rng.uniform(0, took[stage])
        ended = struck(project, stage, seconds)
        cut = rng.random() < 0.3 and cut_short(project)
        torn = not readable(project / "dvc.lock")
        if torn:
            run(project, "git", "checkout", "--quiet", "dvc.lock")
        forget(project, made[stage].outs.values())
        resumed = GOING_ON.search(run(project, "dvc", "repro", "--no-run-cache", *took))
        same = (project / "dvc.lock").read_bytes() == lock
        same = same and not run(project, "git", "status", "--porcelain")
        yield Kill(stage, seconds, ended, cut, resumed[1] if resumed else "", torn, same)


def struck(project: Path, stage: str, seconds: float) -> bool:
    """Force a stage, and end all of its processes; whether it had ended before."""
    process = subprocess.Popen(
        [*FORCED, stage],
        cwd=project,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return False
    return True


def forget(project: Path, md5s: Iterable[str]) -> None:
    """Take what a stage made out of DVC's cache, or DVC would bring it back from there."""
    for md5 in md5s:
        (project / ".dvc/cache/files/md5" / md5[:2] / md5[2:]).unlink(missing_ok=True)


def cut_short(project: Path) -> bool:
    """Halve the newest checkpoint, as if its end had not reached the disk."""
    newest = sorted((project / ".vidpipe/checkpoints").glob("*/*.safetensors"))[-1:]
    for path in newest:
        os.truncate(path, path.stat().st_size // 2)
    return bool(newest)


def readable(lock: Path) -> bool:
    """Whether DVC can read its lock, which may be torn at the end of a line."""
    try:
        COMPILED_LOCKFILE_SCHEMA(YAML(typ="safe").load(lock))
    except (OSError, Invalid, YAMLError):
        return False
    return True


def main() -> None:
    """What the command does."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--stages", nargs="+", choices=list(STAGES), default=list(STAGES))
    words = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project, took = prepared(Path(folder), words.stages)
        click.echo(
            "| stage | killed after, s | ended before | cut | resumed from step | dvc.lock |"
        )
        click.echo("|---|---|---|---|---|---|")
        done = []
        for kill in kills(project, took, count=words.kills, seed=words.seed):
            click.echo(kill)
            done.append(kill)
    same = sum(kill.same for kill in done)
    click.echo(f"\n{len(done)} kills, seed {words.seed}: {same} times the same dvc.lock")
    sys.exit(same != len(done))


if __name__ == "__main__":
    main()
