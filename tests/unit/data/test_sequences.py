from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support import footage
from support.footage import RED

from vidpipe.data.images import read_frames
from vidpipe.data.sequences import as_film, is_sequence
from vidpipe.data.video import decode, probe
from vidpipe.utils.errors import UserError

SIDE = 33  # odd: no format may pad or halve it


def pictures(count: int) -> list[np.ndarray]:
    """Noise: what is not read without loss is seen."""
    luck = np.random.default_rng(0)
    return list(luck.integers(0, 256, (count, SIDE, SIDE + 2, 3), dtype=np.uint8))


def numbered(folder: Path, names: list[str]) -> list[np.ndarray]:
    folder.mkdir(exist_ok=True)
    made = pictures(len(names))
    for name, picture in zip(names, made, strict=True):
        Image.fromarray(picture).save(folder / name)
    return made


def animation(path: Path, durations: list[int], **options) -> list[np.ndarray]:
    made = [Image.fromarray(picture) for picture in pictures(len(durations))]
    made[0].save(path, save_all=True, append_images=made[1:], duration=durations, **options)
    return [np.asarray(picture) for picture in made]


def read(path: Path, **keywords) -> tuple[list[np.ndarray], list[float]]:
    with as_film(path, **keywords) as film:
        frames = list(decode(film))
        return (
            [frame.frame.to_ndarray(format="rgb24") for frame in frames],
            [round(frame.time, 3) for frame in frames],
        )


def test_all_pictures_of_an_animated_webp_are_frames_at_their_times(tmp_path: Path):
    made = animation(tmp_path / "v.webp", [40, 200, 40, 100], lossless=True)
    frames, times = read(tmp_path / "v.webp")
    np.testing.assert_array_equal(frames, made)
    assert times == [0, 0.04, 0.24, 0.28]


def test_all_pictures_of_an_animated_avif_are_frames_at_their_times(tmp_path: Path):
    made = animation(tmp_path / "v.avif", [40] * 5, quality=100, subsampling="4:4:4")
    frames, times = read(tmp_path / "v.avif")
    assert np.abs(np.array(frames, int) - made).mean() < 4
    assert times == [0, 0.04, 0.08, 0.12, 0.16]
    with as_film(tmp_path / "v.avif") as film:
        assert probe(film).fps == 25


def test_what_is_transparent_in_an_animation_is_white(tmp_path: Path):
    clear = [Image.new("RGBA", (16, 16), (90, 130, 190, n)) for n in (0, 1)]
    clear[0].save(tmp_path / "v.webp", save_all=True, append_images=clear[1:], lossless=True)
    frames, times = read(tmp_path / "v.webp")
    assert np.array(frames).min() >= 254
    assert times == [0, 0.1]  # as browsers show pictures without a duration


def test_an_animation_that_is_damaged_is_refused_by_name(tmp_path: Path):
    animation(tmp_path / "v.webp", [40] * 6, lossless=True)
    data = bytearray((tmp_path / "v.webp").read_bytes())
    frame = data.index(b"ANMF", len(data) // 2)
    data[frame + 40 : frame + 400] = bytes(360)
    (tmp_path / "v.webp").write_bytes(data)
    with (
        pytest.raises(UserError, match=r"v\.webp: cannot read all of its pictures"),
        as_film(tmp_path / "v.webp"),
    ):
        pass


def test_numbered_pictures_are_frames_in_the_order_of_their_numbers(tmp_path: Path):
    made = numbered(tmp_path / "shots", [f"img_{n}.png" for n in (8, 9, 10, 11, 100)])
    (tmp_path / "shots" / "notes.txt").write_text("no picture")
    (tmp_path / "shots" / ".img_1.png").write_text("hidden")
    frames, times = read(tmp_path / "shots")
    np.testing.assert_array_equal(frames, made)
    assert times == [0, 0.04, 0.08, 0.12, 0.16]


@pytest.mark.parametrize("suffix", ["pgm", "ppm", "bmp"])
def test_plain_kinds_of_pictures_are_read(tmp_path: Path, suffix: str):
    numbered(tmp_path / "shots", [f"{n}.{suffix}" for n in range(3)])
    assert len(read(tmp_path / "shots")[0]) == 3


@pytest.mark.parametrize(("fps", "step"), [(10.0, 0.1), (29.97, 0.0334), (0.5, 2.0)])
def test_their_rate_may_be_stated(tmp_path: Path, fps: float, step: float):
    numbered(tmp_path / "shots", ["1.png", "2.png", "3.png"])
    _, times = read(tmp_path / "shots", fps=fps)
    assert times == pytest.approx([0, step, 2 * step], abs=1e-3)
    with as_film(tmp_path / "shots", fps=fps) as film:
        assert probe(film).fps == pytest.approx(fps)


@pytest.mark.parametrize(
    ("dtype", "white"), [(np.uint16, 1023), (np.uint16, 65535), (np.float32, 1.2)]
)
def test_deep_grey_is_scaled_alike_in_all_pictures(tmp_path: Path, dtype: type, white: float):
    (tmp_path / "shots").mkdir()
    for number, share in enumerate((0.2, 1.0, 0.5)):
        picture = np.full((16, 16), white * share).astype(dtype)
        Image.fromarray(picture).save(tmp_path / "shots" / f"{number}.tif")
    frames, _ = read(tmp_path / "shots")
    levels = [int(frame.mean()) for frame in frames]
    brightest = levels[1]
    np.testing.assert_allclose(levels, [0.2 * brightest, brightest, 0.5 * brightest], atol=1)
    assert white < 2 or brightest == 255


@pytest.mark.parametrize("pattern", ["img_%04d.png", "img_%d.png"])
def test_a_pattern_names_one_of_several_sequences(tmp_path: Path, pattern: str):
    made = numbered(tmp_path, [f"img_{n:04}.png" for n in range(3)])
    numbered(tmp_path, ["mask_0000.png", "mask_0001.png"])
    frames, _ = read(tmp_path / pattern)
    np.testing.assert_array_equal(frames, made)


@pytest.mark.parametrize(
    "names",
    [
        [],
        ["1.png"],
        ["img_1.png", "mask_1.png"],
        ["a.png", "b.png"],
        ["1_1.png", "2_1.png", "2_2.png"],
    ],
)
def test_pictures_that_are_no_sequence_are_refused_and_a_pattern_is_asked_for(
    tmp_path: Path, names: list[str]
):
    numbered(tmp_path / "shots", names)
    assert not is_sequence(tmp_path / "shots")
    for path in (tmp_path / "shots", tmp_path / "shots" / "other_%d.png"):
        with (
            pytest.raises(UserError, match=r"expected a video, or numbered.*img_%d"),
            as_film(path),
        ):
            pass


def test_pictures_of_two_sizes_are_refused_by_name(tmp_path: Path):
    numbered(tmp_path / "shots", ["1.png", "2.png"])
    Image.new("RGB", (8, 9)).save(tmp_path / "shots" / "3.png")
    with (
        pytest.raises(UserError, match=r"3\.png: expected 35x33 pixels as 1\.png has, got 8x9"),
        as_film(tmp_path / "shots"),
    ):
        pass
    assert list(tmp_path.iterdir()) == [tmp_path / "shots"]


def test_a_folder_of_animations_is_no_sequence(tmp_path: Path):
    for n in (1, 2):
        animation(tmp_path / f"{n}.webp", [40, 40])
        animation(tmp_path / f"{n}.gif", [40, 40])
    assert not is_sequence(tmp_path)
    assert is_sequence(tmp_path / "1.webp")
    assert not is_sequence(tmp_path / "1.gif")


def test_a_film_is_itself(tmp_path: Path):
    path = footage.write(tmp_path / "v.mp4", [footage.plain(16, 16, RED)])
    still = tmp_path / "still.webp"
    Image.new("RGB", (8, 8)).save(still)
    for given in (path, still, tmp_path / "gone.mp4"):
        with as_film(given) as film:
            assert film == given


def test_a_film_has_the_same_bytes_each_time(tmp_path: Path):
    numbered(tmp_path / "shots", ["1.png", "2.png", "3.png"])
    made = []
    for _ in range(2):
        with as_film(tmp_path / "shots", folder=tmp_path) as film:
            assert film.parent.parent == tmp_path
            made.append(film.read_bytes())
    assert made[0] == made[1]
    assert list(tmp_path.iterdir()) == [tmp_path / "shots"]


def test_a_prediction_may_start_from_an_animation(tmp_path: Path):
    made = animation(tmp_path / "v.webp", [40, 40, 40], lossless=True)
    (last,), _ = read_frames(tmp_path / "v.webp", SIDE, None)
    np.testing.assert_array_equal(last, made[-1][:, 1:-1])
