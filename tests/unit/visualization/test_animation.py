import io

import numpy as np
import pytest
from PIL import Image
from support import footage

from vidpipe.visualization.animation import PAUSE, gif, with_pause


def durations(file: bytes) -> list[int]:
    """Milliseconds of each frame of a GIF."""
    with Image.open(io.BytesIO(file)) as film:
        assert film.info.get("loop", 0) == 0
        return [film.seek(n) or film.info["duration"] for n in range(film.n_frames)]


@pytest.mark.parametrize("fps", [7, 12, 24, 25, 30, 50])
def test_a_gif_plays_at_its_rate_on_average(fps):
    black, white = footage.plain(8, 8, (0,) * 3), footage.plain(8, 8, (255,) * 3)
    shown = durations(gif([black, white] * 10, fps=fps))
    assert len(shown) == 20
    assert sum(shown) == pytest.approx(20_000 / fps, abs=5)
    assert max(shown) - min(shown) <= 10


@pytest.mark.parametrize("numbers", [[0] * 6, [0, 1, 1, 1, 1, 1], [0, 0, 1, 2, 2, 0]])
def test_equal_frames_keep_their_time(numbers):
    pages = footage.numbered(3)
    assert sum(durations(gif([pages[n] for n in numbers], fps=30))) == 200


def test_a_loop_pauses_on_its_last_page_before_it_starts_anew():
    pages = footage.numbered(4)
    paused = with_pause(pages, 12)
    assert len(paused) == 4 + 12 * PAUSE
    np.testing.assert_array_equal(paused[:4], pages)
    assert all((page == pages[-1]).all() for page in paused[4:])
    assert durations(gif(with_pause(pages, 10), fps=10)) == [100, 100, 100, 600]


def test_still_parts_do_not_flicker():
    frames = footage.noise(5)
    for frame in frames:
        frame[:, :32] = footage.quarters(64, 32)
    with Image.open(io.BytesIO(gif(frames, fps=10))) as film:
        shown = [film.seek(n) or np.asarray(film.convert("RGB"))[:, :32] for n in range(5)]
    assert all((frame == shown[0]).all() for frame in shown)
    np.testing.assert_allclose(shown[0].astype(int), footage.quarters(64, 32), atol=40)
