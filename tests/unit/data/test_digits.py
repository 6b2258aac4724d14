import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from support.project import ROOT

from vidpipe.data.digits import BOX, SIZE, expand, read_glyphs
from vidpipe.data.splits import HELD_OUT, SEEN
from vidpipe.utils.errors import UserError

PLAIN = {"count": 60, "rotation": 12.0, "rescale": 0.1, "zoom": 0.1, "shear": 0.1}
PLAIN |= {"held_out": 0.2, "gap": 1.0, "seed": 0}


def draw(path, *, size=(82, 73), mode="L", ink=0, paper=255, box=(30, 10, 50, 60)):
    picture = Image.new(mode, size, paper)
    ImageDraw.Draw(picture).rectangle(box, fill=ink)
    picture.save(path)


@pytest.fixture
def glyphs(tmp_path):
    draw(tmp_path / "0.png")
    draw(tmp_path / "1.png", box=(10, 30, 70, 40))
    return tmp_path


@pytest.fixture(scope="module")
def numerals():
    return read_glyphs(ROOT / "data/01_raw/glyphs")


def test_the_ten_numerals_are_in_the_repository():
    files = sorted((ROOT / "data/01_raw/glyphs").glob("*.png"))
    assert [file.stem for file in files] == list("0123456789")
    for file in files:
        with Image.open(file) as picture:
            assert (picture.size, picture.mode) == ((82, 73), "L")


def test_as_many_of_each_and_the_share_that_was_asked_for_is_held_out(numerals):
    made = expand(numerals, **{**PLAIN, "count": 200})
    assert made.pictures.shape == (200, SIZE, SIZE)
    assert made.names == list("0123456789")
    for number in range(10):
        splits = made.split[made.label == number]
        assert (splits == SEEN).sum() == 16
        assert (splits == HELD_OUT).sum() == 4


def test_the_same_seed_gives_the_same_pictures_and_another_others(numerals):
    one, again, other = (expand(numerals, **{**PLAIN, "seed": seed}) for seed in (0, 0, 1))
    assert np.array_equal(one.pictures, again.pictures)
    assert not np.array_equal(one.pictures, other.pictures)


def test_without_any_range_a_picture_is_the_glyph_in_the_middle(glyphs):
    still = {"rotation": 0.0, "rescale": 0.0, "zoom": 0.0, "shear": 0.0}
    with pytest.raises(UserError, match=r"digits\.gap"):  # nothing parts seen from held out
        expand(read_glyphs(glyphs), **{**PLAIN, **still})
    nearly = {**PLAIN, **still, "rotation": 1e-6, "gap": 0.0}
    made = expand(read_glyphs(glyphs), **nearly)
    bar = made.pictures[0]
    rows, columns = np.flatnonzero((bar < 128).any(1)), np.flatnonzero((bar < 128).any(0))
    assert rows[0] == (SIZE - BOX) // 2
    assert rows[-1] == SIZE - 1 - rows[0]
    assert abs(len(columns) - BOX * 21 / 51) <= 1.1
    assert bar.min() < 5
    assert bar.max() == 255


def test_held_out_pictures_are_no_near_copies(numerals):
    made = expand(numerals, **{**PLAIN, "count": 2000})
    of_it = made.label == 4
    pixels = made.pictures[of_it].reshape(of_it.sum(), -1).astype(float)
    held = made.split[of_it] == HELD_OUT
    apart = np.sqrt(((pixels[:, None] - pixels[None, ~held]) ** 2).mean(-1))
    apart[~held] += np.where(np.eye((~held).sum(), dtype=bool), np.inf, 0)
    nearest = apart.min(1)
    assert np.median(nearest[held]) > 1.3 * np.median(nearest[~held])


def test_a_turn_goes_both_ways_and_keeps_to_its_range():
    glyph = np.zeros((112, 112), np.float32)
    glyph[34:78, 54:58] = 1  # an upright bar
    still = {"rescale": 0.0, "zoom": 0.0, "shear": 0.0, "rotation": 30.0, "gap": 2.0}
    made = expand({"bar": glyph, "other": glyph}, **{**PLAIN, **still, "count": 400})
    y, x = np.mgrid[:SIZE, :SIZE] - (SIZE - 1) / 2
    ink = 255.0 - made.pictures
    xx, yy, xy = ((ink * term).sum((1, 2)) for term in (x * x, y * y, x * y))
    angles = np.degrees(0.5 * np.arctan2(2 * xy, yy - xx))
    seen, held = np.abs(angles[made.split == SEEN]), np.abs(angles[made.split == HELD_OUT])
    assert seen.max() < 22.5
    assert seen.min() < 3
    assert held.min() > 23.5
    assert held.max() < 30.5
    assert (angles > 0).any()
    assert (angles < 0).any()


@pytest.mark.parametrize(("count", "held_out"), [(1, 0.2), (9, 0.2), (19, 0.2), (40, 0.01)])
def test_too_few_pictures_for_each_glyph_to_be_seen_and_held_out_are_refused(
    numerals, count, held_out
):
    with pytest.raises(UserError, match=rf"digits\.count: {count} pictures of 10 glyphs.*raise it"):
        expand(numerals, **{**PLAIN, "count": count, "held_out": held_out})


@pytest.mark.parametrize(
    "changes", [{"zoom": 0.6}, {"rescale": 0.8}, {"shear": 0.9}, {"rotation": 60.0, "zoom": 0.4}]
)
def test_ranges_that_push_the_glyph_out_of_the_frame_are_refused(glyphs, changes):
    with pytest.raises(UserError, match=r"push ink out of the frame in \d+ of 60.*lower"):
        expand(read_glyphs(glyphs), **{**PLAIN, **changes})


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("colour.png", {"mode": "RGB", "ink": (200, 0, 0), "paper": (255, 250, 240)}),
        ("see-through.png", {"mode": "RGBA", "ink": (0, 0, 0, 255), "paper": (0, 0, 0, 0)}),
        ("large.png", {"size": (820, 730), "box": (300, 100, 509, 609)}),
        ("tiny.png", {"size": (9, 12), "box": (3, 1, 5, 8)}),
        ("chalk.png", {"ink": 255, "paper": 0}),
        ("faint.jpg", {"ink": 150, "paper": 210}),
        ("palette.gif", {"mode": "P", "ink": 0, "paper": 1}),
    ],
)
def test_glyphs_of_any_kind_come_out_as_dark_ink_on_light_paper(glyphs, name, options):
    if name == "palette.gif":
        Image.open(glyphs / "0.png").convert("P").save(glyphs / name)
    else:
        draw(glyphs / name, **options)
    read = read_glyphs(glyphs)
    wanted, got = read["0"], read[name.split(".")[0]]
    assert got.shape == wanted.shape
    assert got.max() > 0.9
    assert got[0].max() == 0
    if name not in ("tiny.png",):
        assert np.abs(got - wanted).mean() < 0.02


def test_digits_in_names_count_as_numbers(tmp_path):
    for name in ("10", "9", "1"):
        draw(tmp_path / f"{name}.png")
    assert list(read_glyphs(tmp_path)) == ["1", "9", "10"]


def test_what_is_no_picture_is_passed_over(glyphs):
    (glyphs / "LICENSE").write_text("OFL", encoding="utf-8")
    (glyphs / "folder.png").mkdir()
    assert list(read_glyphs(glyphs)) == ["0", "1"]


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_glyphs_are_refused(tmp_path, count):
    for number in range(count):
        draw(tmp_path / f"{number}.png")
    with pytest.raises(UserError, match=rf"two at least; found {count} in"):
        read_glyphs(tmp_path)


def test_a_blank_picture_is_named(glyphs):
    Image.new("L", (82, 73), 250).save(glyphs / "7.png")
    with pytest.raises(UserError, match=r"7\.png: expected a glyph, this picture is blank"):
        read_glyphs(glyphs)


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n and then nothing"])
def test_a_picture_that_cannot_be_read_is_named(glyphs, content):
    (glyphs / "7.png").write_bytes(content)
    with pytest.raises(UserError, match=r"7\.png: expected a picture, cannot read it as one"):
        read_glyphs(glyphs)


def test_two_pictures_of_one_name_are_refused(glyphs):
    draw(glyphs / "1.jpg")
    with pytest.raises(UserError, match="two pictures called 1; rename"):
        read_glyphs(glyphs)


@settings(max_examples=25, deadline=None)
@given(
    size=st.tuples(st.integers(4, 60), st.integers(4, 60)),
    seed=st.integers(0, 2**32 - 1),
)
def test_any_picture_is_read_or_refused(tmp_path_factory, size, seed):
    folder = tmp_path_factory.mktemp("glyphs")
    noise = np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)
    for name in "ab":
        Image.fromarray(noise).save(folder / f"{name}.png")
    try:
        made = expand(read_glyphs(folder), **PLAIN)
    except UserError:
        return
    ink = 255.0 - made.pictures.reshape(60, -1)
    assert (ink.max(1) > 32).all()
