"""Wiring of the data stages."""

from kedro.pipeline import Pipeline, node, pipeline

from vidpipe.pipelines.data.clips import cut
from vidpipe.pipelines.data.clips_frames import extract_clips
from vidpipe.pipelines.data.fetch import fetch_footage
from vidpipe.pipelines.data.frames import extract_footage
from vidpipe.pipelines.data.pairs import pack


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
