from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from vidpipe.commands.outputs import check_out
from vidpipe.utils.errors import UserError

Command = Callable[..., Result]


@pytest.fixture(autouse=True)
def _a_file_and_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    Path("folder.mp4").mkdir()


@pytest.mark.parametrize("out", ["new.mp4", "a new/folder/new.mp4", "folder.mp4/new.mp4", "file"])
def test_a_place_that_can_be_written_is_left_as_it_is(out: str):
    check_out("--out", Path(out))
    assert sorted(path.name for path in Path().iterdir()) == ["file", "folder.mp4"]


@pytest.mark.parametrize(
    ("out", "problem"),
    [
        ("file/new.mp4", "file is a file"),
        ("file/new/new.mp4", "file is a file"),
        ("folder.mp4", "got a folder"),
        ("new.avi", r"ends in \.mp4, \.gif"),
    ],
)
def test_any_other_place_is_refused_by_name(out: str, problem: str):
    with pytest.raises(UserError, match=f"^--out {out}: expected .*{problem}"):
        check_out("--out", Path(out), (".mp4", ".gif"))


@pytest.mark.parametrize(
    "arguments",
    [
        ["predict", "--image", "none.png", "--out", "file/new.mp4"],
        ["generate", "dcgan", "--out", "file/new.png"],
        ["pairs", "show", "--out", "file/new.png"],
        ["reproduce", "none", "--json", "file/new.json"],
    ],
)
def test_commands_look_at_the_place_before_they_do_any_work(
    project: Path, vidpipe: Command, arguments: list[str]
):
    (project / "file").touch()
    (line,) = vidpipe(*arguments, code=1).output.splitlines()
    assert line.startswith(f"Error: {' '.join(arguments[-2:])}: expected a folder")
