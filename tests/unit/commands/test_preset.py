from collections.abc import Callable
from itertools import permutations, product
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from vidpipe.config.loader import check, read
from vidpipe.utils.processor import fastest_runtime

Command = Callable[..., Result]
ROOT = Path(__file__).parents[3]
SCALES, RECIPES = (
    sorted(path.stem for path in (ROOT / "conf/presets" / kind).glob("*.yaml"))
    for kind in ("scale", "recipe")
)


def keys(values: dict[str, Any], place: str = "") -> set[str]:
    return {
        key
        for name, value in values.items()
        for key in (
            keys(value, f"{place}{name}.") if isinstance(value, dict) else {f"{place}{name}"}
        )
    }


def patch(kind: str, name: str) -> dict[str, Any]:
    return read(ROOT / "conf/presets" / kind / f"{name}.yaml")


def comments(text: str) -> list[str]:
    return [line[line.index("#") :] for line in text.splitlines() if "#" in line]


def test_there_are_scales_and_recipes():
    assert {"smoke", "laptop", "paper"} <= set(SCALES)
    assert "report" in RECIPES
    assert not set(SCALES) & set(RECIPES)


@pytest.mark.parametrize(("kind", "names"), [("scale", SCALES), ("recipe", RECIPES)])
def test_presets_of_a_kind_set_the_same_keys(kind: str, names: list[str]):
    first, *others = [keys(patch(kind, name)) for name in names]
    assert all(other == first for other in others)


@pytest.mark.parametrize(("scale", "recipe"), [*product(SCALES, RECIPES)])
def test_scales_and_recipes_set_different_keys(scale: str, recipe: str):
    assert not keys(patch("scale", scale)) & keys(patch("recipe", recipe))


@pytest.mark.parametrize(("scale", "recipe"), [*product(SCALES, RECIPES)])
def test_every_scale_goes_with_every_recipe(
    project: Path, vidpipe: Command, scale: str, recipe: str
):
    vidpipe("preset", scale)
    vidpipe("preset", recipe)
    values = read(project / "params.yaml")
    check(values)
    for expected in (patch("scale", scale), patch("recipe", recipe)):
        assert contains(values, expected)


def contains(values: Any, expected: Any) -> bool:
    if isinstance(expected, dict):
        return all(contains(values[key], value) for key, value in expected.items())
    return type(values) is type(expected) and values == expected


@pytest.mark.parametrize(("first", "second"), [*permutations(SCALES, 2), *permutations(RECIPES, 2)])
def test_there_and_back_leaves_the_file_byte_for_byte(
    project: Path, vidpipe: Command, first: str, second: str
):
    path = project / "params.yaml"
    vidpipe("preset", first)
    before = path.read_bytes()
    vidpipe("preset", second)
    assert path.read_bytes() != before
    vidpipe("preset", first)
    assert path.read_bytes() == before


def test_fast_is_what_this_machine_does_best_and_portable_leads_back(
    project: Path, vidpipe: Command
):
    vidpipe("preset", "laptop")
    before = (project / "params.yaml").read_bytes()
    vidpipe("preset", "fast")
    runtime = check(read(project / "params.yaml")).runtime
    assert runtime.determinism == "machine"
    assert runtime.model_dump() == fastest_runtime()
    vidpipe("preset", "portable")
    assert (project / "params.yaml").read_bytes() == before


@pytest.mark.parametrize("name", [*SCALES, *RECIPES])
def test_comments_and_order_of_keys_stay(
    project: Path, vidpipe: Command, rewritten: Callable[[], str], name: str
):
    path = project / "params.yaml"
    before = path.read_text(encoding="utf-8")
    vidpipe("preset", name)
    after = path.read_text(encoding="utf-8")
    assert comments(after) == comments(before)
    assert [line.split(":")[0] for line in after.splitlines()] == [
        line.split(":")[0] for line in before.splitlines()
    ]
    assert after == rewritten()


@pytest.mark.parametrize("name", [*SCALES, *RECIPES])
def test_a_preset_in_force_changes_nothing(project: Path, vidpipe: Command, name: str):
    vidpipe("preset", name)
    path = project / "params.yaml"
    before = path.read_bytes()
    assert vidpipe("preset", name).output.startswith("0 changed")
    assert path.read_bytes() == before


def test_what_has_changed_is_told_key_by_key(project: Path, vidpipe: Command):
    vidpipe("preset", "laptop")
    message = vidpipe("preset", "paper").output.splitlines()
    assert "frames.footage.size: 128 → 256" in message
    assert message[-1].startswith(f"{len(message) - 1} changed; `dvc repro`")


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_for_one_model_leaves_the_others_alone(
    project: Path, vidpipe: Command, recipe: str
):
    before = read(project / "params.yaml")
    vidpipe("preset", recipe, "pix2pix")
    after = read(project / "params.yaml")
    assert contains(after["pix2pix"], patch("recipe", recipe)["pix2pix"])
    assert {k: v for k, v in after.items() if k != "pix2pix"} == {
        k: v for k, v in before.items() if k != "pix2pix"
    }


def test_of_a_recipe_for_several_models_only_the_one_named_is_set(project: Path, vidpipe: Command):
    recipe = project / "conf/presets/recipe/both.yaml"
    recipe.write_text("pix2pix:\n  train: {seed: 7}\npairs: {gap: 9}\n")
    before = read(project / "params.yaml")
    vidpipe("preset", "both", "pix2pix")
    after = read(project / "params.yaml")
    assert (after["pix2pix"]["train"]["seed"], after["pairs"]) == (7, before["pairs"])
    vidpipe("preset", "both")
    assert read(project / "params.yaml")["pairs"]["gap"] == 9


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nope"], "unknown preset 'nope'"),
        (["paper", "pix2pix"], "paper is a scale, and a scale is for all models"),
        (["fast", "pix2pix"], "fast is a runtime, and a runtime is for all models"),
        (["report", "nope"], "no recipe report for 'nope'; there is one for: "),
    ],
)
def test_what_cannot_be_set_is_refused_and_nothing_written(
    project: Path, vidpipe: Command, arguments: list[str], message: str
):
    before = (project / "params.yaml").read_bytes()
    assert message in vidpipe("preset", *arguments, code=1).output
    assert (project / "params.yaml").read_bytes() == before


def test_an_unknown_preset_names_those_that_there_are(project: Path, vidpipe: Command):
    message = vidpipe("preset", "nope", code=1).output
    assert all(name in message for name in (*SCALES, *RECIPES, "portable", "fast"))


def test_outside_a_project_the_command_says_where_to_run_it(
    tmp_path: Path, vidpipe: Command, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    assert "project's root" in vidpipe("preset", "laptop", code=1).output
    assert list(tmp_path.iterdir()) == []
