import pytest
from click.testing import CliRunner
from PIL import Image, ImageFont

from vidpipe.cli import cli
from vidpipe.commands.glyphs import HEIGHT, WIDTH


@pytest.fixture
def font(tmp_path):
    """The font inside Pillow, as a file."""
    path = tmp_path / "a font.ttf"
    path.write_bytes(ImageFont.load_default(20).font_bytes)
    return path


def glyphs(*words):
    return CliRunner().invoke(cli, ["glyphs", *map(str, words)])


def test_each_character_becomes_a_grey_picture_with_its_ink_in_the_middle(font, tmp_path):
    result = glyphs(font, "--text", "A7g", "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["0.png", "1.png", "2.png"]
    for path in (tmp_path / "out").iterdir():
        with Image.open(path) as picture:
            assert (picture.size, picture.mode) == ((WIDTH, HEIGHT), "L")
            left, top, right, bottom = picture.point(lambda grey: 255 - grey).getbbox()
            assert abs(left - (WIDTH - right)) <= 1
            assert abs(top - (HEIGHT - bottom)) <= 1


def test_a_character_the_font_lacks_is_named(font, tmp_path):
    result = glyphs(font, "--text", "A零", "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert "has no picture of '零'" in result.output


def test_what_is_no_font_is_named(tmp_path):
    (tmp_path / "x.ttf").write_text("no font", encoding="utf-8")
    for name in ("x.ttf", "missing.ttf"):
        result = glyphs(tmp_path / name)
        assert result.exit_code == 1
        assert f"{name}: expected a font file" in result.output
