"""Pipelines of the data stages, one function each."""

from kedro.pipeline import Pipeline, node, pipeline

from vidpipe.pipelines.data.clips import cut
from vidpipe.pipelines.data.clips_fetch import fetch_clips
from vidpipe.pipelines.data.clips_frames import extract_clips
from vidpipe.pipelines.data.digits import make_digits
from vidpipe.pipelines.data.footage_fetch import fetch_footage
from vidpipe.pipelines.data.footage_frames import extract_footage
from vidpipe.pipelines.data.pairs import pack
from vidpipe.pipelines.data.sources import count_sources


def footage_fetch() -> Pipeline:
    """Copy and probe one video of a source."""
    return pipeline(
        [
            node(
                fetch_footage,
                ["params:sources.footage", "project", "scratch"],
                ["footage_videos", "footage_manifest"],
                name="footage_fetch",
            )
        ]
    )


def clips_fetch() -> Pipeline:
    """Collect, probe and split the videos of a data set."""
    return pipeline(
        [
            node(
                fetch_clips,
                ["params:sources.clips", "project", "scratch"],
                ["clips_videos", "clips_manifest", "clips_sheet"],
                name="clips_fetch",
            )
        ]
    )


def sources() -> Pipeline:
    """Count what each slot holds: videos, labels, frames and seconds."""
    return pipeline(
        [
            node(
                count_sources,
                ["footage_manifest", "clips_manifest", "clips_sheet", "tracker"],
                "sources_metrics",
                name="sources",
            )
        ]
    )


def footage_frames() -> Pipeline:
    """Extract the square frames of the one video."""
    return pipeline(
        [
            node(
                extract_footage,
                ["footage_videos", "footage_manifest", "params:frames.footage", "scratch"],
                "footage_frames",
                name="footage_frames",
            )
        ]
    )


def pairs() -> Pipeline:
    """Index pairs of consecutive frames."""
    return pipeline(
        [
            node(
                pack,
                ["footage_frames", "params:pairs"],
                ["pairs", "pairs_sheet"],
                name="pairs",
            )
        ]
    )


def clips_frames() -> Pipeline:
    """Extract the square frames of many videos."""
    return pipeline(
        [
            node(
                extract_clips,
                ["clips_videos", "clips_manifest", "params:frames.clips", "scratch"],
                "clips_frames",
                name="clips_frames",
            )
        ]
    )


def clips() -> Pipeline:
    """Cut clips from the frames of many videos."""
    return pipeline(
        [
            node(
                cut,
                ["clips_frames", "clips_manifest", "params:clips"],
                ["clips", "clips_windows_sheet"],
                name="clips",
            )
        ]
    )


def digits() -> Pipeline:
    """Augment each glyph to many pictures."""
    return pipeline(
        [
            node(
                make_digits,
                ["glyphs", "params:digits"],
                ["digits", "digits_sheet"],
                name="digits",
            )
        ]
    )
