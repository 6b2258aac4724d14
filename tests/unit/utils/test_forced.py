import psutil
import pytest
from dvc.repo.experiments.executor.base import BaseExecutor
from support.project import run

from vidpipe.utils.forced import forced


class Process:
    """One with so many ancestors, nearest first."""

    def __init__(self, *lines):
        self.lines = lines

    def parents(self):
        return [Process(line) for line in self.lines]

    def cmdline(self):
        if self.lines[0] == "gone":
            raise psutil.NoSuchProcess(1)
        return self.lines[0].split()


@pytest.mark.parametrize(
    ("expected", "command"),
    [
        (True, "python /bin/dvc repro --force"),
        (True, "python /bin/dvc repro -f pix2pix_evaluate"),
        (True, "python -m dvc repro -sf"),
        (True, "python -m dvc repro -fs digits"),
        (True, "dvc exp run -fS a.b=3"),
        (True, "dvc exp run -S a.b=3 --force --no-run-cache"),
        (False, "python /bin/dvc repro"),
        (False, "python /bin/dvc exp run -n force"),
        (False, "python /bin/dvc exp run -Sa.f=3"),
        (False, "python /bin/dvc exp run -qn f"),
        (False, "python /bin/dvc repro --force-downstream"),
        (False, "rm -f dvc"),
    ],
)
def test_dvc_forces_a_stage_by_a_word_of_its_command(monkeypatch, expected, command):
    monkeypatch.setenv("DVC_STAGE", "pix2pix_train")
    monkeypatch.setattr(psutil, "Process", lambda: Process("gone", "sh -c kedro", command, "sh -f"))
    assert forced() == expected
    monkeypatch.delenv("DVC_STAGE")
    assert not forced()


@pytest.mark.parametrize("force", [True, False])
def test_an_experiment_of_the_queue_is_forced_if_it_was_queued_so(monkeypatch, tmp_path, force):
    monkeypatch.setenv("DVC_STAGE", "pix2pix_train")
    command = "python /bin/dvc exp exec-run --infofile a"
    monkeypatch.setattr(psutil, "Process", lambda: Process(command))
    project = queued(tmp_path, targets=["digits"], force=force, dry=True)
    monkeypatch.chdir(project)
    assert not forced()
    run(project, "git", "update-ref", "refs/exps/exec/EXEC_MERGE", "HEAD")
    assert forced() == force


def queued(repository, **options):
    """A project below a repository's folder, that holds what DVC writes of queued experiments."""
    project = repository / "below"
    BaseExecutor.pack_repro_args(str(project / ".dvc/tmp/repro.dat"), **options)
    run(repository, "git", "init", "--quiet")
    run(repository, "git", "add", "--all")
    run(repository, "git", "commit", "--quiet", "--message", "Queued")
    return project
