"""The moving picture of the README: real clips above those that a model makes, as a WebP.

    python benchmarks/moving_picture.py gan3d docs/images/actions_made.webp

Takes what the evaluation of the model drew (`dvc repro gan3d_evaluate`), or any GIF. Hosts of code
show WebP as they do GIF, of a fraction of the size.
"""

from pathlib import Path

import click
from PIL import Image, ImageSequence

LARGEST = 1_000_000  # bytes
QUALITIES = (80, 60, 40, 20)  # the first that is small enough


@click.command()
@click.argument("source")
@click.argument("target", type=click.Path(path_type=Path))
def main(source: str, target: Path) -> None:
    """Write TARGET from the film of a model, or from a GIF."""
    file = Path(
        source if source.endswith(".gif") else f"data/07_model_output/{source}/real_and_made.gif"
    )
    pages, durations = [], []
    with Image.open(file) as film:
        for page in ImageSequence.Iterator(film):
            pages.append(page.convert("RGB"))
            durations.append(page.info["duration"])
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


if __name__ == "__main__":
    main()
