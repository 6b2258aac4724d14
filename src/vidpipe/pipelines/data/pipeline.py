"""Wiring of the data stages."""

from kedro.pipeline import Pipeline, node, pipeline

from vidpipe.pipelines.data.clips import cut
from vidpipe.pipelines.data.clips_fetch import fetch_clips
from vidpipe.pipelines.data.clips_frames import extract_clips
from vidpipe.pipelines.data.digits import make_digits
from vidpipe.pipelines.data.files import list_clips_files, list_footage_files
from vidpipe.pipelines.data.footage_fetch import fetch_footage
from vidpipe.pipelines.data.footage_frames import extract_footage
from vidpipe.pipelines.data.pairs import pack
from vidpipe.pipelines.data.sources import count_sources

# Who decodes: processes of this machine, or the workers of a cluster.
POOL = ("pool", "workers")


def create_pipeline() -> Pipeline:
    """Return the pipeline from sources to pairs, clips and digits."""
    return pipeline(
        [
            node(
                list_footage_files,
                inputs=["params:sources.footage", "project"],
                outputs="footage_files",
                name="footage_files",
            ),
            node(
                fetch_footage,
                inputs=["params:sources.footage", "project", "scratch", *POOL],
                outputs=["footage_videos", "footage_manifest"],
                name="footage_fetch",
            ),
            node(
                list_clips_files,
                inputs=["params:sources.clips", "project"],
                outputs="clips_files",
                name="clips_files",
            ),
            node(
                fetch_clips,
                inputs=["params:sources.clips", "project", "scratch", *POOL],
                outputs=["clips_videos", "clips_manifest", "clips_sheet"],
                name="clips_fetch",
            ),
            node(
                count_sources,
                inputs=["footage_manifest", "clips_manifest", "clips_sheet", "tracker"],
                outputs="sources_metrics",
                name="sources",
            ),
            node(
                extract_footage,
                inputs=[
                    "footage_videos",
                    "footage_manifest",
                    "params:frames.footage",
                    "scratch",
                    *POOL,
                ],
                outputs="footage_frames",
                name="footage_frames",
            ),
            node(
                pack,
                inputs=["footage_frames", "footage_manifest", "params:pairs"],
                outputs=["pairs", "pairs_sheet"],
                name="pairs",
            ),
            node(
                extract_clips,
                inputs=[
                    "clips_videos",
                    "clips_manifest",
                    "params:frames.clips",
                    "scratch",
                    *POOL,
                ],
                outputs="clips_frames",
                name="clips_frames",
            ),
            node(
                cut,
                inputs=["clips_frames", "clips_manifest", "params:clips"],
                outputs=["clips", "clips_windows_sheet"],
                name="clips",
            ),
            node(
                make_digits,
                inputs=["glyphs", "params:digits"],
                outputs=["digits", "digits_sheet"],
                name="digits",
            ),
        ]
    )
