import io
import shlex
from pathlib import Path

import pytest
from PIL import Image
from support import untaught_models

from vidpipe.serving import jobs
from vidpipe.utils.errors import UserError


def picture(kind="png", size=(40, 32), **more):
    buffer = io.BytesIO()
    Image.new("RGB", size, "red").save(buffer, kind, **more)
    return buffer.getvalue()


def animation():
    return picture("gif", save_all=True, append_images=[Image.new("RGB", (40, 32), "blue")])


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("home")
    untaught_models.save(folder / "data/06_models", "gan3d", "convlstm_gan", "dcgan", "pix2pix")
    return folder


@pytest.fixture(autouse=True)
def _there(home, monkeypatch):
    monkeypatch.chdir(home)


@pytest.mark.parametrize(
    ("model", "fields", "file"),
    [
        ("gan3d", {"seed": "3", "count": "2", "label": "jack", "walk": "4"}, b""),
        ("mocogan", {"count": "2", "group": "ben"}, b""),
        ("dcgan", {"seed": "1", "count": "3", "kind": "png"}, b""),
        ("convlstm_gan", {"frames": "12", "count": "1", "name": "it's me.png"}, picture()),
        ("convlstm_gan", {"count": "1", "name": "moves.gif"}, animation()),
        ("pix2pix", {"frames": "3", "name": "me.png"}, picture()),
        ("pix2pix", {"frames": "3", "name": "moves.gif", "kind": "gif"}, animation()),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_command_that_is_shown_makes_the_bytes_of_the_page(vidpipe, model, fields, file):
    answer = jobs.run_job(model, fields, file)
    if file:
        Path(fields["name"]).write_bytes(file)
    vidpipe(*shlex.split(answer.command)[1:])
    assert Path(answer.name).read_bytes() == answer.file
    assert answer.media == jobs.MEDIA[answer.name.rpartition(".")[2]]


def test_an_animation_is_gone_on_from_or_its_first_picture_is_taken(monkeypatch):
    monkeypatch.setattr("vidpipe.evaluation.clip_measures.first_frame_psnr", lambda *_: 0.0)
    fields = {"name": "moves.gif", "frames": "2", "count": "1"}
    assert "--video moves.gif" in jobs.run_job("pix2pix", fields, animation()).command
    answer = jobs.run_job("convlstm_gan", fields, animation())
    assert "--image" in answer.command
    first, second = answer.note.split("; ", 1)
    assert first == "moves.gif moves: its first picture was taken"
    assert second.startswith("moves.gif: unlike the pictures that the model was trained on")


@pytest.mark.parametrize(
    ("model", "fields", "file", "message"),
    [
        (
            "gan3d",
            {"seed": "-1"},
            b"",
            "seed: expected a whole number from 0 to 2147483647, got -1",
        ),
        ("gan3d", {"count": "17"}, b"", "count: expected a whole number from 1 to 16"),
        ("gan3d", {"seed": "9" * 5000}, b"", "seed: expected a whole number"),
        ("gan3d", {"seed": "²"}, b"", "seed: expected a whole number"),
        ("gan3d", {"kind": "exe"}, b"", "expected one of pix2pix"),
        ("gan3d", {"label": "swim"}, b"", "gan3d knows jack, walk"),
        ("gan3d", {"group": "ann"}, b"", "gan3d knows none: it was trained with codes"),
        ("gan3d", {}, picture(), "gan3d starts from noise alone"),
        ("../gan3d", {}, b"", "expected one of pix2pix"),
        ("vgan", {}, b"", "expected trained weights, found no such file"),
        ("pix2pix", {"kind": "png"}, picture(), "as mp4, gif, got pix2pix as png"),
        ("pix2pix", {"frames": "101"}, picture(), "frames: expected a whole number from 1 to 100"),
        ("pix2pix", {}, b"", "draw a picture or choose one"),
        ("pix2pix", {"name": "a.txt"}, b"hello\n" * 9, "a.txt: expected a video"),
        ("convlstm_gan", {}, b"", "draw a picture or choose one"),
        ("convlstm_gan", {"name": "a.txt"}, b"hello\n" * 9, "a.txt: expected a picture (PNG,"),
        ("convlstm_gan", {"name": "../../b.png"}, b"\x89PNG", "b.png: expected a picture"),
        ("convlstm_gan", {"name": "\0/.\n"}, b"\x89PNG", "picture: expected a picture"),
    ],
)
def test_what_is_wrong_is_told_without_a_path_of_the_server(model, fields, file, message):
    with pytest.raises(UserError) as told:
        jobs.run_job(model, fields, file)
    assert message in str(told.value)
    assert "--" not in str(told.value)  # options are the command's
    assert "/tmp" not in str(told.value)
    assert "vidpipe-play-" not in str(told.value)


def header_of_png(width, height):
    """The first bytes of a PNG that claims to be so large, and has nothing in it."""
    import struct
    import zlib

    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    sizes = struct.pack(">I", 13), struct.pack(">I", zlib.crc32(chunk))
    return b"\x89PNG\r\n\x1a\n" + sizes[0] + chunk + sizes[1] + b"\0\0\0\0IDAT\0\0\0\0"


@pytest.mark.parametrize("side", [7_100, 12_000, 30_000])
@pytest.mark.parametrize("model", ["pix2pix", "convlstm_gan"])
def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(model, side):
    with pytest.raises(UserError, match="at most 50 megapixels"):
        jobs.run_job(model, {}, header_of_png(side, side))


def test_a_picture_of_forty_megapixels_moves():
    file = picture("jpeg", size=(8000, 5000))
    assert jobs.run_job("convlstm_gan", {"count": "1"}, file).file


def test_models_are_described_with_what_trains_them():
    told = {about["name"]: about for about in jobs.offered()}
    assert told["gan3d"]["labels"] == ["jack", "walk"]
    assert told["gan3d"]["groups"] == []
    assert {"ben", "ines"} < set(told["mocogan"]["groups"])  # of the one that is shipped
    assert (told["gan3d"]["origin"], told["gan3d"]["frames"]) == ("trained", 8)
    assert (told["vgan"]["origin"], told["vgan"]["train"]) == ("", "dvc repro vgan_train")


def test_torn_weights_are_described_not_raised(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "data/06_models/gan3d/generator.safetensors"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"torn")
    (about,) = (about for about in jobs.offered() if about["name"] == "gan3d")
    assert "expected weights that vidpipe wrote" in about["error"]
