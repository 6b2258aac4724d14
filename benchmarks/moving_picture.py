"""The moving picture of the README: real clips above those that a model makes, as a WebP.

    python benchmarks/moving_picture.py gan3d docs/images/actions_made.webp

Takes what the evaluation of the model drew (`dvc repro gan3d_evaluate`), or any GIF or MP4. Hosts
of code show WebP as they do GIF, of a fraction of the size.
"""

from pathlib import Path

import av
import click
from PIL import Image, ImageSequence

LARGEST = 1_000_000  # bytes
QUALITIES = (80, 60, 40, 20)  # the first that is small enough


@click.command()
@click.argument("source")
@click.argument("target", type=click.Path(path_type=Path))
def main(source: str, target: Path) -> None:
    """Write TARGET from the film of a model, or from a file."""
    is_file = source.endswith((".gif", ".mp4"))
    file = Path(source if is_file else f"data/07_model_output/{source}/real_and_made.gif")
    pages, durations = read_mp4(file) if file.suffix == ".mp4" else read_gif(file)
    for quality in QUALITIES:
        pages[0].save(
            target,
            save_all=True,
            append_images=pages[1:],
            duration=durations,
            loop=0,
            quality=quality,
        )
        if (size := target.stat().st_size) <= LARGEST:
            break
    click.echo(f"{target}: {len(pages)} pages, quality {quality}, {size:,} bytes")


def read_gif(file: Path) -> tuple[list[Image.Image], list[int]]:
    """Pages, and milliseconds of each."""
    with Image.open(file) as film:
        pages = [
            (page.convert("RGB"), page.info["duration"]) for page in ImageSequence.Iterator(film)
        ]
    return [page for page, _ in pages], [duration for _, duration in pages]


def read_mp4(file: Path) -> tuple[list[Image.Image], list[int]]:
    """Pages, and milliseconds of each."""
    with av.open(str(file)) as film:
        [stream] = film.streams.video
        assert stream.average_rate
        pages = [frame.to_image() for frame in film.decode(stream)]
        return pages, [round(1000 / stream.average_rate)] * len(pages)


if __name__ == "__main__":
    main()
