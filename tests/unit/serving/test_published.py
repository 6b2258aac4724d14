import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from support import untaught_models
from support.http_server import serve

from vidpipe.models import mocogan
from vidpipe.serving import published
from vidpipe.serving.store import FETCHED
from vidpipe.training import weights
from vidpipe.utils.errors import UserError

CARDS = {"gan3d": "# gan3d\n", "dcgan": "# dcgan\n"}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    return untaught_models.save(tmp_path_factory.mktemp("trained"), *CARDS)


def packed(trained, out, *, half=False):
    return published.pack({name: trained / name for name in CARDS}, CARDS, out, half=half)


@pytest.fixture
def archive(trained, tmp_path, monkeypatch):
    """An archive beside an empty project, which is the current folder."""
    packed(trained, tmp_path / "archive")
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path / "archive"


def content(folder):
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file()
    }


def test_an_archive_has_the_same_bytes_again_and_nothing_else(trained, tmp_path):
    packed(trained, tmp_path / "a")
    packed(trained, tmp_path / "b")
    packed(trained, tmp_path / "b")
    first = content(tmp_path / "a")
    assert first == content(tmp_path / "b")
    assert set(first) == {
        "index.json",
        *(f"{name}/{file}" for name in CARDS for file in ("card.md", "generator.safetensors")),
    }
    source = trained / "gan3d/generator.safetensors"
    assert first["gan3d/generator.safetensors"] == source.read_bytes()


@pytest.mark.parametrize("half", [False, True])
def test_weights_that_are_missing_are_named(tmp_path, half):
    with pytest.raises(UserError, match=r"generator\.safetensors: expected .* found no such file"):
        published.pack({"gan3d": tmp_path / "gan3d"}, CARDS, tmp_path / "out", half=half)


def test_half_of_the_bytes_hold_the_same_numbers_rounded(trained, tmp_path):
    packed(trained, tmp_path, half=True)
    file = Path("gan3d/generator.safetensors")
    assert (tmp_path / file).stat().st_size < 0.6 * (trained / file).stat().st_size
    with safe_open(tmp_path / file, "pt") as half, safe_open(trained / file, "pt") as whole:
        assert half.metadata() == whole.metadata()
        assert half.keys() == whole.keys()
        for name in whole.keys():  # noqa: SIM118
            expected = whole.get_tensor(name)
            assert (half.get_tensor(name).to(expected.dtype) - expected).abs().max() < 1e-3


def test_half_of_the_bytes_lack_the_encoder_and_make_the_same_clips(tmp_path):
    home = untaught_models.save(tmp_path / "trained", "mocogan")
    published.pack(
        {"mocogan": home / "mocogan"}, {"mocogan": "# mocogan\n"}, tmp_path / "out", half=True
    )
    whole, packed = (
        weights.build(mocogan.Generator, folder / "mocogan/generator.safetensors")
        for folder in (home, tmp_path / "out")
    )
    noise = packed.prior.draw(2, torch.Generator().manual_seed(0))
    assert not any(weight.any() for weight in packed.encoder.parameters())
    assert torch.equal(packed(noise), whole.half().float()(noise))


def test_what_is_got_is_what_was_packed(archive):
    for _ in range(2):
        assert published.get("gan3d", str(archive)) == FETCHED / "gan3d"
    assert content(FETCHED / "gan3d") == content(archive / "gan3d")
    assert not list(FETCHED.parent.glob("models-*"))


def test_an_address_will_do(archive):
    with serve(archive) as mirror:
        published.get("gan3d", mirror.url)
        assert set(published.read_index(mirror.url).models) == set(CARDS)
    assert content(FETCHED / "gan3d") == content(archive / "gan3d")


def change(archive, **file):
    """Let the index say something else of the weights of gan3d."""
    index = json.loads((archive / "index.json").read_text())
    index["models"]["gan3d"]["generator.safetensors"] |= file
    (archive / "index.json").write_text(json.dumps(index))


def renamed(archive, old, new):
    text = (archive / "index.json").read_text()
    assert old in text
    (archive / "index.json").write_text(text.replace(old, new))


HOSTILE = {
    "no JSON": (lambda a: (a / "index.json").write_text("<html>"), "not readable as JSON"),
    "nothing": (lambda a: (a / "index.json").write_text(""), "not readable as JSON"),
    "bytes": (lambda a: (a / "index.json").write_bytes(b"\xff\xfe\0"), "not readable as JSON"),
    "deep": (lambda a: (a / "index.json").write_text("[" * 100_000), "not readable as JSON"),
    "list": (lambda a: (a / "index.json").write_text("[]"), "is not right"),
    "large": (lambda a: (a / "index.json").write_bytes(bytes(2**20 + 1)), "got 1,048,577 bytes"),
    "newer": (lambda a: renamed(a, '"format": 1', '"format": 2'), "format is not right"),
    "climbs": (
        lambda a: renamed(a, '"generator.safetensors"', '"../../../x.safetensors"'),
        "is not right",
    ),
    "absolute": (lambda a: renamed(a, '"generator.safetensors"', '"/etc/passwd"'), "not right"),
    "other model": (lambda a: renamed(a, '"gan3d"', '"../gan3d"'), "is not right"),
    "more keys": (lambda a: change(a, url="http://x.example"), "is not right"),
    "hash": (lambda a: change(a, sha256="0" * 64), "expected sha256 000"),
    "no hash": (lambda a: change(a, sha256="0"), "sha256 is not right"),
    "size": (lambda a: change(a, size=9), "expected 9 bytes"),
    "huge": (lambda a: change(a, size=2**40), "size is not right"),
    "text": (lambda a: change(a, size="9"), "size is not right"),
    "gone": (lambda a: (a / "gan3d/generator.safetensors").unlink(), "found none"),
    "no index": (lambda a: (a / "index.json").unlink(), "found none"),
    "truncated": (
        lambda a: (a / "gan3d/generator.safetensors").write_bytes(b"\0" * 90),
        "got 90",
    ),
    "other weights": (
        lambda a: (
            shutil.copyfile(a / "dcgan/generator.safetensors", a / "gan3d/generator.safetensors")
            and agreed(a)
        ),
        "expected weights of gan3d",
    ),
}


def agreed(archive):
    """Let the index agree with what lies there."""
    from vidpipe.utils import hashing

    file = archive / "gan3d/generator.safetensors"
    change(archive, size=file.stat().st_size, sha256=hashing.sha256(file))


@pytest.mark.parametrize("case", HOSTILE)
def test_what_is_wrong_is_told_and_what_was_there_stays(archive, case):
    published.get("gan3d", str(archive))
    before = content(Path())
    spoil, message = HOSTILE[case]
    spoil(archive)
    with pytest.raises(UserError) as told:
        published.get("gan3d", str(archive))
    assert message in str(told.value)
    assert content(Path()) == before


def test_a_model_that_is_not_there_is_told(archive):
    with pytest.raises(UserError, match="expected vgan with generator"):
        published.get("vgan", str(archive))
    with pytest.raises(UserError, match="not an address"):
        published.get("gan3d", "file://x")
