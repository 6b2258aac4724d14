from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from vidpipe.config.loader import check, read
from vidpipe.config.presets import RECIPE, SCALE, apply_preset, preset_names, read_preset
from vidpipe.utils.errors import UserError
from vidpipe.utils.processor import fastest_runtime

ROOT = Path(__file__).parents[3]
SCALES, RECIPES = (preset_names(ROOT, kind) for kind in (SCALE, RECIPE))


def keys(values: dict[str, Any], place: str = "") -> set[str]:
    return {
        key
        for name, value in values.items()
        for key in (
            keys(value, f"{place}{name}.") if isinstance(value, dict) else {f"{place}{name}"}
        )
    }


def numbers(values: dict[str, Any], place: str = "") -> dict[str, float]:
    found: dict[str, float] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            found |= numbers(value, f"{place}{name}.")
        elif isinstance(value, int | float):
            found[f"{place}{name}"] = value
    return found


def contains(values: Any, expected: Any) -> bool:
    if isinstance(expected, dict):
        return all(contains(values[key], value) for key, value in expected.items())
    return type(values) is type(expected) and values == expected


def params(project: Path) -> dict[str, Any]:
    return read(project / "params.yaml")


def test_there_are_scales_and_recipes():
    assert {"smoke", "laptop", "evening", "gpu", "paper"} <= set(SCALES)
    assert "report" in RECIPES
    assert not set(SCALES) & set(RECIPES)


@pytest.mark.parametrize("names", [SCALES, RECIPES], ids=[SCALE, RECIPE])
def test_presets_of_a_kind_set_the_same_keys(names: list[str]):
    first, *others = [keys(read_preset(ROOT, name)) for name in names]
    assert all(other == first for other in others)


def test_gpu_lies_between_laptop_and_paper_in_every_number():
    laptop, gpu, paper = (numbers(read_preset(ROOT, name)) for name in ("laptop", "gpu", "paper"))
    for key, value in gpu.items():
        low, high = sorted((laptop[key], paper[key]))
        assert low <= value <= high, key
    assert read_preset(ROOT, "gpu")["runtime"] == read_preset(ROOT, "paper")["runtime"]


@pytest.mark.parametrize(("scale", "recipe"), [*product(SCALES, RECIPES)])
def test_every_scale_goes_with_every_recipe_and_sets_other_keys(
    project: Path, scale: str, recipe: str
):
    patches = [read_preset(ROOT, name) for name in (scale, recipe)]
    assert not keys(patches[0]) & keys(patches[1])
    for name in (scale, recipe):
        apply_preset(project, name)
    check(params(project))
    assert all(contains(params(project), patch) for patch in patches)


@pytest.mark.parametrize("names", [SCALES, RECIPES], ids=[SCALE, RECIPE])
def test_wherever_one_comes_from_the_file_is_the_same_byte_for_byte(
    project: Path, names: list[str]
):
    """From each to each: round, and round the other way."""
    path, seen = project / "params.yaml", {}
    for name in [*names, names[0], *reversed(names)]:
        apply_preset(project, name)
        assert path.read_bytes() == seen.setdefault(name, path.read_bytes())
    assert len(set(seen.values())) == len(names)


def test_fast_is_what_this_machine_does_best_and_portable_leads_back(project: Path):
    apply_preset(project, "laptop")
    before = (project / "params.yaml").read_bytes()
    apply_preset(project, "fast")
    runtime = check(params(project)).runtime
    assert runtime.determinism == "machine"
    assert runtime.model_dump() == fastest_runtime() | {"devices": 1}
    apply_preset(project, "portable")
    assert (project / "params.yaml").read_bytes() == before


def comments(text: str) -> list[str]:
    return [line[line.index("#") :] for line in text.splitlines() if "#" in line]


def left_sides(text: str) -> list[str]:
    return [line.split(":")[0] for line in text.splitlines()]


@pytest.mark.parametrize("name", [*SCALES, *RECIPES])
def test_comments_and_order_of_keys_stay_and_a_preset_in_force_changes_nothing(
    project: Path, rewritten: Callable[[], str], name: str
):
    path = project / "params.yaml"
    before = path.read_text(encoding="utf-8")
    apply_preset(project, name)
    after = path.read_text(encoding="utf-8")
    assert comments(after) == comments(before)
    assert left_sides(after) == left_sides(before)
    assert after == rewritten()
    assert apply_preset(project, name) == []
    assert path.read_text(encoding="utf-8") == after


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_for_one_model_leaves_the_others_alone(project: Path, recipe: str):
    before = params(project)
    apply_preset(project, recipe, "pix2pix")
    after = params(project)
    assert contains(after["pix2pix"], read_preset(ROOT, recipe)["pix2pix"])
    assert {**after, "pix2pix": 0} == {**before, "pix2pix": 0}


def test_of_a_recipe_for_several_models_only_the_one_named_is_set(project: Path):
    recipe = project / "conf/presets/recipe/both.yaml"
    recipe.write_text("pix2pix:\n  train: {seed: 7}\npairs: {gap: 9}\n")
    before = params(project)
    apply_preset(project, "both", "pix2pix")
    after = params(project)
    assert (after["pix2pix"]["train"]["seed"], after["pairs"]) == (7, before["pairs"])
    apply_preset(project, "both")
    assert params(project)["pairs"]["gap"] == 9


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["nope"],
            f"unknown preset 'nope'; scales: {', '.join(SCALES)}; rec.*; runtimes: fast, por",
        ),
        (["paper", "pix2pix"], "paper is a scale, and a scale is for all models"),
        (["fast", "pix2pix"], "fast is a runtime, and a runtime is for all models"),
        (["report", "nope"], "no recipe report for 'nope'; there is one for: "),
    ],
)
def test_what_cannot_be_set_is_refused_and_nothing_written(
    project: Path, arguments: list[str], message: str
):
    before = (project / "params.yaml").read_bytes()
    with pytest.raises(UserError, match=message):
        apply_preset(project, *arguments)
    assert (project / "params.yaml").read_bytes() == before
