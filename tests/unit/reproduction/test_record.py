import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.project import ROOT

from vidpipe.reproduction.record import (
    Stage,
    changed_since,
    declared,
    md5,
    mismatches,
    numbers,
    params_of,
    read_numbers,
    read_scores,
    recorded,
    with_upstream,
)
from vidpipe.utils.errors import UserError

NAMES = ["fetch", "frames", "pairs", "train", "score"]


def stage(deps=(), outs=()):
    def hashed(paths):
        return dict.fromkeys(paths, "0")

    return Stage(command="", params={}, deps=hashed(deps), outs=hashed(outs))


def test_the_committed_lock_is_read_whole():
    stages = recorded(ROOT)
    assert stages["pix2pix_train"].deps["data/05_model_input/pairs.npz"]
    assert stages["pix2pix_train"].outs["data/06_models/pix2pix"].endswith(".dir")
    assert stages["digits"].params["digits.seed"] == 0


@pytest.mark.parametrize(
    "stages",
    ["[a]", "{a: 3}", "{a: {}}", "{a: {cmd: x, outs: [{path: y}]}}", "{a: {cmd: x, deps: 3}}"],
)
def test_a_lock_that_dvc_did_not_write_is_named(tmp_path, stages):
    (tmp_path / "dvc.lock").write_text(f"stages: {stages}\n")
    (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    with pytest.raises(UserError, match=r"dvc\.lock of this revision: expected cmd, and path"):
        recorded(tmp_path)


def test_a_stage_needs_what_makes_its_data_and_no_more():
    stages = recorded(ROOT)
    needed = {"footage_files", "footage_fetch", "footage_frames", "pairs"}
    assert set(with_upstream(stages, ["pairs"])) == needed
    assert with_upstream(stages, []) == stages
    selected = with_upstream(stages, ["mlp_gan_evaluate"])
    assert set(selected) == {"digits", "digit_classifier", "mlp_gan_train", "mlp_gan_evaluate"}


@given(st.sets(st.tuples(st.integers(0, 4), st.integers(0, 4))), st.sets(st.sampled_from(NAMES)))
def test_what_is_needed_is_closed(edges, names):
    """Of any graph without cycles: whatever a needed stage reads is made by a needed stage."""
    deps = {name: [NAMES[a] for a, b in edges if a < b and NAMES[b] == name] for name in NAMES}
    stages = {name: stage([f"{dep}.npz" for dep in deps[name]], [f"{name}.npz"]) for name in NAMES}
    found = with_upstream(stages, sorted(names))
    assert names <= set(found)
    for name in found:
        assert set(deps[name]) <= set(found)
    if names:
        for name in set(found) - names:
            assert any(name in deps[other] for other in found)


def test_an_unknown_stage_is_told_with_those_that_are_there():
    with pytest.raises(UserError, match="got nope; there are: fetch"):
        with_upstream({"fetch": stage()}, ["nope"])


@pytest.mark.parametrize("text", [None, "schema: '2.0'\n", "schema: '2.0'\nstages: {}\n"])
def test_a_revision_without_results_is_refused(tmp_path, text):
    if text:
        (tmp_path / "dvc.lock").write_text(text)
    with pytest.raises(UserError, match=r"dvc\.lock: expected recorded results.*`dvc repro`"):
        recorded(tmp_path)


def test_a_files_hash_is_that_of_its_bytes_and_a_folders_that_of_names_and_bytes(tmp_path):
    (tmp_path / "file").write_bytes(b"one\r\ntwo")
    assert md5(tmp_path, "file") == hashlib.md5(b"one\r\ntwo").hexdigest()
    for name in ("b", "a/c"):
        (tmp_path / "folder" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "folder" / name).write_bytes(name.encode())
    before = md5(tmp_path, "folder")
    assert before.endswith(".dir")
    (tmp_path / "folder/b").rename(tmp_path / "folder/B")
    assert md5(tmp_path, "folder") not in {before, ""}
    assert md5(tmp_path, "nothing") == ""


def test_what_dvc_ignores_is_no_part_of_a_folders_hash(tmp_path):
    folder = tmp_path / "folder"
    (folder / "__pycache__").mkdir(parents=True)
    (folder / "one.py").touch()
    before = md5(tmp_path, "folder")
    (folder / "__pycache__/one.pyc").touch()
    assert md5(tmp_path, "folder") != before
    (tmp_path / ".dvcignore").write_text("__pycache__\n")
    assert md5(tmp_path, "folder") == before


def test_a_hash_is_never_remembered(tmp_path):
    """Same size, same time of change, other bytes: DVC's own memory of hashes would not notice."""
    file = tmp_path / "file"
    file.write_bytes(b"one")
    times = file.stat().st_atime_ns, file.stat().st_mtime_ns
    before = md5(tmp_path, file.name)
    file.write_bytes(b"two")
    os.utime(file, ns=times)
    assert md5(tmp_path, file.name) != before


def test_glyphs_in_git_have_the_hash_that_dvc_recorded():
    path = "data/01_raw/glyphs"
    assert md5(ROOT, path) == recorded(ROOT)["digits"].deps[path]


CODE, STAGES = (
    "print(1)\n",
    """\
stages:
  make:
    cmd: python make.py
    deps: [make.py, data/in.txt]
    params: [numbers]
    outs: [data/out.txt]
""",
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "make.py").write_text(CODE)
    (tmp_path / "dvc.yaml").write_text(STAGES)
    (tmp_path / "params.yaml").write_text("numbers: {count: 3, kind: {odd: true}}\n")
    return tmp_path


def made(**changes):
    kept = {
        "command": "python make.py",
        "deps": {"make.py": hashlib.md5(CODE.encode()).hexdigest(), "data/in.txt": "of a stage"},
        "params": {"numbers.count": 3, "numbers.kind.odd": True},
        "outs": {"data/out.txt": "0"},
    }
    return Stage(**kept | changes)


FETCH = Stage("fetch", {}, {}, {"data/in.txt": "of a stage"})


def found(tree, **changes):
    (tree / "dvc.yaml").write_text(STAGES + "  fetch: {cmd: fetch, outs: [data/in.txt]}\n")
    stages = {"fetch": FETCH, "make": made(**changes)}
    return mismatches(tree, stages, declared(tree))


def test_what_was_recorded_of_this_tree_has_no_mismatch(tree):
    assert found(tree) == {}


def test_a_value_that_equals_nothing_is_as_it_was_recorded(tree, monkeypatch):
    (tree / "own.yaml").write_text("mine: .nan\ndrawn: none\n")
    monkeypatch.setitem(
        globals(), "STAGES", STAGES.replace("[numbers]", "[numbers, own.yaml: [mine]]")
    )
    params = made().params
    assert found(tree, params=params | {"mine": float("nan")}) == {}
    lines = found(tree, params=params | {"mine": "none"})
    assert lines == {"make": {"mine": "mine: recorded none, is nan"}}
    assert found(tree) == {"make": {"mine": "mine: recorded nothing, is nan"}}


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"command": "python other.py"}, "command: recorded python other.py, is python make.py"),
        ({"params": {"numbers.count": 4}}, "numbers.count: recorded 4, is 3"),
        ({"params": {"numbers.even": 1}}, "numbers.even: recorded 1, is nothing"),
        ({"params": {"numbers.count": 3}}, "numbers.kind.odd: recorded nothing, is True"),
        ({"deps": {"make.py": "0", "data/in.txt": "1"}}, "make.py: recorded 0, is "),
        (
            {"deps": {"make.py": "0", "data/in.txt": "1"}},
            "data/in.txt: recorded 1, is of a stage",
        ),
        ({"outs": {"data/out.txt": "0", "params.yaml": "1"}}, "params.yaml: recorded 1, is "),
        ({"deps": {"gone.py": "0"}}, "gone.py: recorded 0, is nothing"),
        ({"deps": {}}, "make.py: recorded nothing, is "),
        ({"outs": {}}, "data/out.txt: recorded nothing, is "),
        ({"outs": {"data/out.txt": "0", "m.json": "0"}}, "m.json: recorded 0, is nothing"),
    ],
)
def test_what_was_recorded_of_another_tree_is_named(tree, changes, line):
    lines = found(tree, **changes)
    assert set(lines) == {"make"}
    assert any(said.startswith(line) for said in lines["make"].values()), lines


def measured(folder):
    """The declaration of a stage with two files of metrics, of which DVC lists one."""
    (folder / "metrics").mkdir()
    headlines = "metrics/headlines/m.json"
    outs = f"outs: [metrics/m.json, other.json], metrics: [metrics/n.json, {headlines}]"
    (folder / "dvc.yaml").write_text(f"stages: {{score: {{cmd: x, {outs}}}}}")
    return declared(folder)


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[1]", "3", '{"a": "b"}', '{"a": [1]}', '{"a": "3"}', "\xff"),
        *('{"a": true}', '{"a": {"b": 1}}', '{"protocol": 3}', '{"protocol": {"a": [1]}}'),
    ],
)
def test_metrics_that_are_none_are_told_by_their_file(tmp_path, text):
    stages = measured(tmp_path)
    (tmp_path / "metrics/m.json").write_text(text, encoding="latin-1")
    with pytest.raises(UserError, match=r"metrics/m\.json: expected JSON of numbers by name"):
        numbers(tmp_path, stages)


def test_metrics_are_read_and_those_that_are_not_there_are_none(tmp_path):
    stages = measured(tmp_path)
    (tmp_path / "metrics/m.json").write_text('{"a": 1, "b": NaN}')
    found = numbers(tmp_path, stages)
    assert found.keys() == {"metrics/m.json", "metrics/n.json"}, "no headlines: they follow"
    assert found["metrics/m.json"]["a"] == 1
    assert found["metrics/n.json"] == {}


def test_the_protocol_of_an_evaluation_is_no_metric():
    text = b'{"a": 1, "protocol": {"split": "train", "samples": 512}}'
    assert read_scores(text, "m.json") == ({"a": 1.0}, {"split": "train", "samples": 512})
    assert read_numbers(text, "m.json") == {"a": 1.0}


def test_a_stage_that_is_gone_is_named(tree):
    (line,) = mismatches(tree, {"make": made()}, {})["make"].values()
    assert line == "dvc.yaml has no such stage"


def test_a_path_of_params_yaml_is_filled_in_as_dvc_does(tree):
    (tree / "params.yaml").write_text("numbers: {count: 3, kind: {odd: true}}\ncode: make.py\n")
    (tree / "dvc.yaml").write_text(STAGES.replace("[make.py,", '["${code}",'))
    produced = {"data/in.txt": "of a stage"}
    stages = {"make": made(), "fetch": Stage("", {}, {}, produced)}
    assert set(mismatches(tree, stages, declared(tree))) == {"fetch"}


def test_a_pipeline_that_dvc_cannot_read_is_told_in_a_line(tree):
    (tree / "dvc.yaml").write_text("stages: {make: {deps: 3}}\n")
    with pytest.raises(UserError, match=r"dvc\.yaml of this revision: "):
        declared(tree)


def test_parameters_are_those_of_a_stage_and_all_before_it():
    stages = {
        "frames": Stage("", {"frames.size": 64}, {"v": "0"}, {"f": "0"}),
        "train": Stage("", {"a.model": {"width": 3}, "runtime.threads": 2}, {"f": "0"}, {"m": "0"}),
        "other": Stage("", {"frames.size": 32, "b": 1}, {}, {"o": "0"}),
    }
    expected = {"frames.size": "64", "a.model.width": "3", "runtime.threads": "2"}
    assert params_of(stages, "train") == expected
    assert params_of(stages, "none") == {}
    # Its own count, whatever a stage before it ran with.
    stages["frames"] = Stage("", {"frames.size": 64, "runtime.threads": 8}, {"v": "0"}, {"f": "0"})
    stages["a later frames"] = stages.pop("frames")
    assert params_of(stages, "train") == expected


@pytest.mark.parametrize("stage", sorted(recorded(ROOT)))
def test_committed_results_ran_with_the_committed_parameters(stage):
    assert changed_since(ROOT, stage) == []
