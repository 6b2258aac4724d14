import psutil
import pytest

from vidpipe.tracking.provenance import caches, repro_started


def test_caches_are_told_by_their_sizes_without_that_of_instructions(tmp_path):
    levels = [("Data", "32K"), ("Instruction", "64K"), ("Unified", "1024K"), ("Unified", "32768K")]
    for n, (kind, size) in enumerate(levels):
        (tmp_path / f"index{n}").mkdir()
        (tmp_path / f"index{n}/type").write_text(f"{kind}\n")
        (tmp_path / f"index{n}/size").write_text(f"{size}\n")
    assert caches(tmp_path) == "32K/1024K/32768K"
    assert caches(tmp_path / "none") == "unknown"


class Process:
    """A process with two parents: a shell, and what started it."""

    def __init__(self, *words):
        self.words = words

    def parents(self):
        return [Process("sh", "-c", "kedro run dvc"), self]

    def cmdline(self):
        return self.words

    def create_time(self):
        return 1.5e9


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("/x/bin/python", "/x/bin/dvc", "repro"), "2017-07-14 02:40:00 UTC"),
        (("dvc", "exp", "run"), "2017-07-14 02:40:00 UTC"),
        (("python", "train.py", "dvc"), ""),
        ((), ""),
    ],
)
def test_the_dvc_that_runs_a_stage_is_told_by_its_start(monkeypatch, words, told):
    monkeypatch.setattr(psutil, "Process", lambda: Process(*words))
    assert repro_started() == told
