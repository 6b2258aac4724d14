"""Footage of several videos, from a folder to pairs, node by node."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from support import footage
from support.footage import BLACK, WHITE

from vidpipe.config.datasets import Folder, FootageSource
from vidpipe.config.schema import Frames, Pairs
from vidpipe.data.pair_arrays import run_lengths, window_starts
from vidpipe.io import Npz, Table
from vidpipe.pipelines.data.footage_fetch import fetch_footage
from vidpipe.pipelines.data.footage_frames import extract_footage
from vidpipe.pipelines.data.pairs import pack

VIDEOS = 6
LENGTH = 12  # frames of each shot


def video(path, level):
    """Two shots, dark and light, of a level of the video's own."""
    dark, light = (np.clip(np.array(c) + s * level, 0, 255) for c, s in ((BLACK, 1), (WHITE, -1)))
    pictures = [footage.plain(64, 64, colour) for colour in [dark] * LENGTH + [light] * LENGTH]
    footage.write(path, pictures, codec="ffv1", pix_fmt="bgr0")


def test_a_folder_of_videos_becomes_pairs_within_shots_seen_held_out_and_unseen(tmp_path):
    (tmp_path / "set").mkdir()
    for number in range(VIDEOS):
        video(tmp_path / f"set/{number}.mkv", 8 * number)
    source = FootageSource(
        dataset="folder", folder=Folder(path="set", labels=None), test=0.25, broken=0
    )
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    folder, fetched = fetch_footage(source, tmp_path, scratch, pool=ThreadPoolExecutor)
    table = Table(filepath=str(tmp_path / "footage.csv"), text=["label", "group"])
    table.save(fetched)
    manifest = table.load()
    size = Frames(size=64, stride=1, fps=None, cut_threshold=0.12)
    frames = extract_footage(folder, manifest, size, scratch, pool=ThreadPoolExecutor)
    npz = Npz(filepath=str(tmp_path / "pairs.npz"))
    npz.save(pack(frames, manifest, Pairs(held_out=0.25, gap=2))[0])
    arrays = npz.load()

    # Frames of a shot are alike, and no two shots are: a pair of two shots would differ.
    pixels = arrays["frames"].astype(int)
    assert pixels.shape == (VIDEOS * 2 * LENGTH, 64, 64, 3)
    source_frames, target_frames = (pixels[column] for column in arrays["pairs"].T)
    assert np.abs(source_frames - target_frames).max() <= 1
    assert arrays["frame_shot"].tolist() == np.repeat(np.arange(2 * VIDEOS), LENGTH).tolist()

    # Videos to test on are unseen, all others split by time in each shot.
    assert arrays["videos"].tolist() == [str(number) for number in range(VIDEOS)]
    held_out = [str(n) for n, split in enumerate(manifest["split"]) if split == "test"]
    assert 0 < len(held_out) < VIDEOS
    names = arrays["videos"][arrays["frame_video"]]
    assert set(names[arrays["frame_split"] == "unseen"]) == set(held_out)
    assert not set(names[arrays["frame_split"] == "seen"]) & set(held_out)
    for split, count in (("seen", 6), ("held_out", 2)):
        pairs = int((arrays["pair_split"] == split).sum())
        assert pairs == (VIDEOS - len(held_out)) * 2 * count
        assert (
            len(window_starts(run_lengths(arrays, split), history=2)) == pairs * (count - 1) / count
        )
