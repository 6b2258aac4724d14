from dataclasses import replace

import pytest

from vidpipe.data.synthetic.cast import actor
from vidpipe.data.synthetic.figures import EYES, figure
from vidpipe.data.synthetic.moves import MOVES
from vidpipe.data.synthetic.painting import Camera, Part
from vidpipe.data.synthetic.skeleton import stand

ONE = actor(0, 0)
BODY = stand(MOVES["walk"].pose(0.0), ONE.build, planted=False)
CLOTHES = replace(
    ONE.clothes, skin=(1, 1, 1), hair=(2, 2, 2), shirt=(3, 3, 3), trousers=(4, 4, 4),
    shoes=(5, 5, 5), sleeves=True, shorts=False, long_hair=False,
)  # fmt: skip


def parts(yaw: float = 0.0, **changes: bool) -> list[Part]:
    return figure(BODY, ONE.build, replace(CLOTHES, **changes), Camera(0.0, 0.0, 100.0, yaw))


def count(parts: list[Part], colour: tuple[int, int, int]) -> int:
    return sum(bone.colour == colour for part in parts for bone in part.bones)


@pytest.mark.parametrize(("yaw", "eyes"), [(0.0, 2), (90.0, 1), (180.0, 0)])
def test_as_many_eyes_are_seen_as_look_at_the_camera(yaw: float, eyes: int):
    assert count(parts(yaw), EYES) == eyes


def test_clothes_cover_what_they_are_said_to():
    whole = parts()
    assert count(whole, CLOTHES.shoes) == 2
    assert count(parts(sleeves=False), CLOTHES.skin) == count(whole, CLOTHES.skin) + 2
    assert count(parts(sleeves=False), CLOTHES.shirt) == count(whole, CLOTHES.shirt) - 2
    assert count(parts(shorts=True), CLOTHES.trousers) == count(whole, CLOTHES.trousers) - 2
    assert count(parts(long_hair=True), CLOTHES.hair) == count(whole, CLOTHES.hair) + 1


def test_from_the_side_the_far_limbs_are_shaded():
    light = replace(CLOTHES, shoes=(200, 200, 200))
    for yaw, shades in ((0.0, {200}), (90.0, {150, 200}), (270.0, {150, 200})):
        shown = figure(BODY, ONE.build, light, Camera(0.0, 0.0, 100.0, yaw))
        bones = [bone for part in shown for bone in part.bones if bone.colour[0] in (150, 200)]
        assert {bone.colour[0] for bone in bones} == shades
