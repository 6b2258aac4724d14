"""`vidpipe glyphs`: draw the ten numerals, or any characters, from a font."""

from pathlib import Path

import click
from PIL import Image, ImageFont

from vidpipe.utils.atomic import whole_file
from vidpipe.utils.errors import UserError

NUMERALS = "零壹貳參肆伍陸柒捌玖"  # 0 to 9 as they are written on cheques and bank notes
UNASSIGNED = "\U0010ffff"  # a character that no font has
WIDTH, HEIGHT = 82, 73  # pixels
PAPER, INK = 255, 0  # grey levels


@click.command()
@click.argument("font", type=click.Path(path_type=Path))
@click.option("--face", default=0, show_default=True, help="Which face of a collection (.ttc).")
@click.option("--text", default=NUMERALS, show_default=True, help="The characters to draw.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("glyphs"),
    show_default=True,
    help="Folder for 0.png, 1.png, ...",
)
def glyphs(font: Path, face: int, text: str, out: Path) -> None:
    """Draw one grey picture per character of FONT, 82 x 73 pixels.

    Set digits.glyphs in params.yaml to the folder, and the digit GANs learn from it.

    \b
      vidpipe glyphs NotoSerifCJK-Regular.ttc --face 3 --out glyphs
    """
    try:
        font_face = ImageFont.truetype(str(font), size=round(0.9 * HEIGHT), index=face)
    except OSError as error:
        raise UserError(f"{font}: expected a font file with a face {face}: {error}") from error
    for number, character in enumerate(text):
        picture = _draw(font_face, character)
        if picture is None:
            raise UserError(f"{font}: face {face} has no picture of {character!r}")
        with whole_file(out / f"{number}.png") as partial:
            picture.save(partial, "png", optimize=True)
    click.echo(f"{out}: {len(text)} pictures of {WIDTH} x {HEIGHT} pixels")


def _draw(font: ImageFont.FreeTypeFont, character: str) -> Image.Image | None:
    """Draw a character in the centre of a picture; None if the font lacks it."""
    # Fonts draw nothing, or one and the same box, for the characters that they lack.
    mask = font.getmask(character)
    if mask.getbbox() is None or bytes(mask) == bytes(font.getmask(UNASSIGNED)):
        return None

    # Cut the ink out, and paste it in the middle.
    ink = Image.frombytes("L", mask.size, bytes(mask)).crop(mask.getbbox())
    picture = Image.new("L", (WIDTH, HEIGHT), PAPER)
    picture.paste(INK, ((WIDTH - ink.width) // 2, (HEIGHT - ink.height) // 2), ink)
    return picture
