import re
import shutil

import pytest
from support.project import ROOT, copy, metrics, run

PAGE = (ROOT / "docs/how-to/add-a-model.md").read_text(encoding="utf-8")
PYTHON, YAML = (re.findall(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL) for kind in ("python", "yaml"))
MODEL, CLASSES, LINE, TEST = PYTHON
[BITS] = re.findall(r"^\+(.*\n)", PAGE, re.MULTILINE)
SMALL = ["model.width=16", "model.discriminator_width=4", "train.steps=4", "train.batch=2"]
SMALL += ["train.report_every=2", "train.sample_every=4", "evaluate.samples=24"]
TESTS = ["tests/contracts/test_stages.py", "tests/unit/training/test_adversarial.py"]
TESTS += ["tests/unit/models/test_registry.py", "tests/unit/tracking/test_experiments.py"]
TESTS += ["tests/unit/models/test_tgan.py", "tests/unit/config/test_models.py"]
# The copy is at smoke scale, and none of its results is recorded.
LOCK = "tests/contracts/test_stages.py::test_the_lock_was_made_by_this_code_and_these_parameters"


def added(folder):
    """A copy of the project with all that the page adds, and what tests look at."""
    project = copy(folder)
    for name in ("tests", "metrics"):
        shutil.copytree(ROOT / name, project / name, ignore=shutil.ignore_patterns("__pycache__"))
    (project / "src/vidpipe/models/tgan.py").write_text(MODEL, encoding="utf-8")
    (project / "tests/unit/models/test_tgan.py").write_text(TEST, encoding="utf-8")
    for file, old, new in (
        ("src/vidpipe/models/registry.py", r"CLIP_GANS: .*\n", LINE),
        ("src/vidpipe/models/registry.py", r"mocogan, vgan\n", "mocogan, tgan, vgan\n"),
        ("src/vidpipe/config/models.py", r"\Z", f"\n\n{CLASSES}"),
        (
            "src/vidpipe/config/schema.py",
            r"(?<=    mocogan: Mocogan\n)",
            "    tgan: Tgan\n",
        ),
        ("src/vidpipe/config/schema.py", r"    Vgan,\n", "    Tgan,\n    Vgan,\n"),
        ("params.yaml", r"\Z", f"\n{YAML[0]}"),
        ("tests/support/bits.py", r"(?<=^MODELS = {\n)", BITS),
    ):
        text = (project / file).read_text(encoding="utf-8")
        text, count = re.subn(old, new, text, count=1, flags=re.MULTILINE)
        assert count == 1, file
        (project / file).write_text(text, encoding="utf-8")
    return project


@pytest.mark.long
def test_a_model_is_added_as_the_page_says(tmp_path):
    project = added(tmp_path)
    own = {"PYTHONPATH": str(project / "src")}
    before = (project / "dvc.yaml").read_text(encoding="utf-8")
    run(project, "vidpipe", "dvc-yaml", **own)
    after = (project / "dvc.yaml").read_text(encoding="utf-8")
    stages = before[: before.index("  report:\n")]
    assert after.startswith(stages), "no other model becomes stale"
    run(project, "ruff", "check", "src", "tests/support", "tests/unit")
    said = run(project, "pytest", "--verbose", *TESTS, "--deselect", LOCK, **own)
    assert re.search(r"test_every_parameter_of_both_networks_moves\S+ PASSED", said)
    (project / "bits").mkdir()
    said = run(project, "python", "tests/support/bits.py", "bits", "--brief", **own)
    assert "tgan/generator.safetensors" in said
    run(
        project, "kedro", "run", "--pipelines=tgan",
        "--params", ",".join(f"tgan.{change}" for change in SMALL), **own,
    )  # fmt: skip
    assert metrics(project, "tgan")["samples"] == 24
    assert "tgan frechet_diff_gated " in run(project, "vidpipe", "results", **own)
    run(
        project, "vidpipe", "generate", "tgan", "--count", "4", "--out", "wall.gif", **own,
    )  # fmt: skip
    assert (project / "wall.gif").read_bytes().startswith(b"GIF8")
