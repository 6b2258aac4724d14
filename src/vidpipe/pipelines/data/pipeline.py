"""Wiring of the data stages."""

from kedro.pipeline import Pipeline, node, pipeline

from vidpipe.pipelines.data.clips import cut
from vidpipe.pipelines.data.clips_frames import extract_clips
from vidpipe.pipelines.data.digits import make_digits
from vidpipe.pipelines.data.fetch import fetch_footage
from vidpipe.pipelines.data.fetch_clips import fetch_clips
from vidpipe.pipelines.data.frames import extract_footage
from vidpipe.pipelines.data.pairs import pack
from vidpipe.pipelines.data.sources import count_sources


def footage_fetch() -> Pipeline:
    """A source's video, copied and probed."""
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
    """A data set's videos, brought here, probed and split."""
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
    """What each slot was filled with, in numbers."""
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
    """The video as square frames."""
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
    """Frames as pairs."""
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
    """Many videos as square frames."""
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
    """Frames as clips."""
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
    """Glyphs as many pictures."""
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
