import re

import pytest
from project import ROOT, copy, metrics, run

PAGE = (ROOT / "docs/how-to/add-a-model.md").read_text(encoding="utf-8")
PYTHON, YAML = (re.findall(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL) for kind in ("python", "yaml"))
SMALL = ["model.width=16", "model.discriminator_width=4", "train.steps=4", "train.batch=2"]
SMALL += ["train.report_every=2", "train.sample_every=4", "evaluate.samples=24"]


@pytest.mark.long
def test_a_model_is_added_as_the_page_says(tmp_path):
    project = copy(tmp_path)
    (project / "src/vidpipe/models/tgan.py").write_text(PYTHON[0], encoding="utf-8")
    for file, old, new in (
        ("src/vidpipe/pipeline_registry.py", r"CLIP_GANS = .*\n", PYTHON[1]),
        ("src/vidpipe/params.py", r"\Z", "    tgan: Gan3d\n"),
        ("params.yaml", r"\Z", f"\n{YAML[0]}"),
    ):
        text = (project / file).read_text(encoding="utf-8")
        (project / file).write_text(re.sub(old, new, text, count=1), encoding="utf-8")
    own = {"PYTHONPATH": str(project / "src")}
    before = (project / "dvc.yaml").read_text(encoding="utf-8")
    run(project, "vidpipe", "dvc-yaml", **own)
    after = (project / "dvc.yaml").read_text(encoding="utf-8")
    stages = before[: before.index("plots:\n- ")]
    assert after.startswith(stages), "no other model becomes stale"
    run(
        project, "kedro", "run", "--pipeline=tgan",
        "--params", ",".join(f"tgan.{change}" for change in SMALL), **own,
    )  # fmt: skip
    assert metrics(project, "tgan")["samples"] == 24
    run(
        project, "vidpipe", "generate", "tgan", "--count", "4", "--out", "wall.gif", **own,
    )  # fmt: skip
    assert (project / "wall.gif").read_bytes().startswith(b"GIF8")
