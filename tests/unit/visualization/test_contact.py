from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support import footage

from vidpipe.data.ingest import Entry
from vidpipe.visualization import contact
from vidpipe.visualization.contact import COLUMNS, LARGE, SMALL, contact_sheet

ROW = Entry(path="", label="", group="", split="", frames=30, fps=25.0)
COLOURS = {"walk": footage.RED, "jump": footage.GREEN, "bend": footage.BLUE}


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("videos")
    for label, colour in COLOURS.items():
        footage.write(folder / f"{label}.mp4", [footage.plain(36, 48, colour)] * 30)
    footage.write(folder / "grey.mp4", footage.numbered(30, 36, 48))
    return folder


def rows(*labels: str) -> list[Entry]:
    return [replace(ROW, path=f"{label}.mp4", label=label) for label in labels]


def tiles(sheet: np.ndarray, count: int, side: int = LARGE) -> np.ndarray:
    """Mean colours of the tiles, row by row: they end at the right and lower margins."""
    step = side + 6
    left, top = sheet.shape[1] - COLUMNS * step, sheet.shape[0] - count * step
    places = [(top + r * step, left + c * step) for r in range(count) for c in range(COLUMNS)]
    means = [sheet[y : y + side, x : x + side].mean((0, 1)) for y, x in places]
    return np.reshape(means, (count, COLUMNS, 3))


def test_a_row_per_label_by_name_each_full(videos: Path):
    sheet = contact_sheet(rows("walk", "jump", "bend"), videos)
    means = tiles(sheet, 3)
    for row, label in zip(means, sorted(COLOURS), strict=True):
        assert np.abs(row - COLOURS[label]).max() < 12


def test_one_video_is_shown_at_moments_that_go_forward(videos: Path):
    brightness = tiles(contact_sheet(rows("grey"), videos), 1)[0].mean(axis=1)
    assert (np.diff(brightness) > 0).all()


def test_many_videos_of_a_label_take_turns(videos: Path):
    entries = [replace(row, label="all") for row in rows("walk", "jump", "bend")]
    means = tiles(contact_sheet(entries, videos), 1)[0]
    assert len({tuple(mean.round(-1)) for mean in means}) == 3


def test_broken_videos_are_not_shown(videos: Path):
    broken = replace(ROW, path="gone.mp4", label="gone", status="broken")
    np.testing.assert_array_equal(
        contact_sheet([*rows("walk"), broken], videos), contact_sheet(rows("walk"), videos)
    )


def test_many_labels_are_shown_small_and_a_page_ends(videos: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(contact, "MAX_ROWS", 33)
    entries = [replace(row, label=f"{n:04d}") for n in range(50) for row in rows("walk")]
    sheet = contact_sheet(entries, videos)
    assert sheet.shape[0] == 33 * (SMALL + 6) + 6
    assert np.abs(tiles(sheet, 33, SMALL) - footage.RED).max() < 12
