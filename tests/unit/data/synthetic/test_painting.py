import numpy as np
import pytest
from PIL import Image

from vidpipe.data.synthetic.painting import Bone, Camera, Part, cast_shadow, dimmed, paint

RED, BLUE = (200, 40, 40), (40, 40, 200)
FRONT = Camera(x=50.0, y=130.0, scale=160.0, yaw=0.0)


def canvas() -> Image.Image:
    return Image.new("RGB", (100, 100), "white")


def ball(forward: float, colour: tuple[int, int, int], radius: float = 0.1) -> Part:
    """A ball in the middle of the picture, so far in front."""
    return Part(forward, [Bone([((forward, 0.0, 0.5), radius)], colour)])


@pytest.mark.parametrize(
    ("yaw", "forward", "left"), [(0.0, (50, 99.6), (130, 90)), (90.0, (130, 90), (50, 80.4))]
)
def test_a_step_forward_and_one_to_the_left_go_where_the_figure_looks(yaw, forward, left):
    camera = Camera(x=50.0, y=90.0, scale=80.0, yaw=yaw)
    assert camera.see((0.0, 0.0, 0.0)) == (50, 90)
    assert camera.see((0.0, 0.0, 1.0)) == pytest.approx((50, 10))
    assert camera.see((1.0, 0.0, 0.0)) == pytest.approx(forward)
    assert camera.see((0.0, 1.0, 0.0)) == pytest.approx(left)


def test_nearer_parts_hide_others_in_whatever_order_they_come():
    near, far = ball(0.1, RED, 0.1), ball(-0.1, BLUE, 0.15)
    pictures = [canvas(), canvas()]
    for picture, parts in zip(pictures, ([near, far], [far, near]), strict=True):
        paint(picture, parts, FRONT)
    np.testing.assert_array_equal(*map(np.asarray, pictures))
    assert pictures[0].getpixel((58, 60)) == RED
    colours = {colour for _, colour in pictures[0].getcolors()}
    assert {dimmed(RED, 0.45), dimmed(BLUE, 0.45), dimmed(RED, 1.13), BLUE} <= colours


def test_the_skin_between_two_balls_is_painted_and_a_part_may_have_no_edge():
    picture = canvas()
    bone = Bone([((0.0, -0.2, 0.5), 0.05), ((0.0, 0.2, 0.5), 0.05)], RED)
    paint(picture, [Part(0.0, [bone], edged=False)], FRONT)
    row = np.asarray(picture)[50, 20:80]
    assert (row != 255).any(axis=1).all()
    assert dimmed(RED, 0.45) not in {colour for _, colour in picture.getcolors()}


def test_the_higher_the_toes_the_narrower_the_shadow():
    camera, widths = Camera(x=50.0, y=90.0, scale=80.0, yaw=0.0), []
    for up in (0.0, 0.3):
        picture = canvas()
        cast_shadow(picture, [(0.0, -0.1, up), (0.0, 0.1, up)], camera)
        dark = (np.asarray(picture) < 255).any(axis=(0, 2))
        widths.append(dark.sum())
        assert abs(np.flatnonzero(dark).mean() - 50) <= 1
    assert widths[0] > widths[1] > 0


def test_light_multiplies_a_colour_up_to_white():
    assert dimmed((100, 200, 250), 0.5) == (50, 100, 125)
    assert dimmed((100, 200, 250), 1.2) == (120, 240, 255)
