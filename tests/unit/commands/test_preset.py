from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Command = Callable[..., Result]


def test_what_has_changed_is_told_key_by_key(project: Path, vidpipe: Command):
    vidpipe("preset", "laptop")
    message = vidpipe("preset", "paper").output.splitlines()
    assert "frames.footage.size: 128 → 256" in message
    assert message[-1].startswith(f"{len(message) - 1} changed; `dvc repro`")
    assert message[-1].endswith("; `vidpipe preset laptop` goes back")
    assert vidpipe("preset", "paper").output.startswith("0 changed")
    assert "goes back" not in vidpipe("preset", "laptop").output
    assert "`vidpipe preset steady` goes back" in vidpipe("preset", "report", "pix2pix").output


def test_what_cannot_be_set_is_told_in_a_line(project: Path, vidpipe: Command):
    assert "no recipe report for 'nope'" in vidpipe("preset", "report", "nope", code=1).output


def test_outside_a_project_the_command_says_where_to_run_it(
    tmp_path: Path, vidpipe: Command, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    assert "run this at its root" in vidpipe("preset", "laptop", code=1).output
    assert list(tmp_path.iterdir()) == []
