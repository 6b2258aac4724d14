"""A project of two stages that runs in a second, with results that are committed and tagged."""

from pathlib import Path

from ruamel.yaml import YAML

from support.project import run

PARAMS = """\
runtime:
  device: cpu
  precision: fp32
  threads: 2
  determinism: portable
numbers:
  count: 3
  file: mine/start.txt
"""
STAGES = """\
stages:
  numbers_fetch:
    cmd: python -m numbers_made fetch
    deps: [src/numbers_made.py]
    params: [numbers.file]
    outs: [data/start.txt]
  numbers:
    cmd: python -m numbers_made make
    deps: [data/start.txt, src/numbers_made.py]
    params: [numbers.count]
    outs: [data/numbers]
    metrics:
    - metrics/numbers.json:
        cache: false
  other:
    cmd: python -m numbers_made other
    outs: [data/other.txt]
"""
CODE = """\
import json, os, shutil, sys
from pathlib import Path
from ruamel.yaml import YAML

params = YAML(typ="safe").load(Path("params.yaml").read_text())["numbers"]
start, made, other = Path("data/start.txt"), Path("data/numbers"), Path("data/other.txt")
Path("data").mkdir(exist_ok=True)
if sys.argv[1] == "fetch":
    assert "OFFLINE" not in os.environ, "no network"
    shutil.copyfile(params["file"], start)
if sys.argv[1] == "make":
    first = int(start.read_text())
    numbers = range(first, first + params["count"])
    (made / "one by one").mkdir(parents=True)
    for number in numbers:
        (made / "one by one" / f"{number}.txt").write_text(str(number))
    Path("metrics").mkdir(exist_ok=True)
    mean = sum(numbers) / len(numbers) + float(os.environ.get("NOISE", "0"))
    scores = {"count": len(numbers), "mean": mean}
    Path("metrics/numbers.json").write_text(json.dumps(scores))
if sys.argv[1] == "other":
    other.write_text(os.environ.get("OTHER", "other"))
"""
TOLERANCES = "numbers:\n  mean: {absolute: 0.1, source: three seeds}\n"
TAG = "v1"


def make(folder: Path) -> Path:
    """The project, run once; its source file is not in git, and its remote is called `shelf`."""
    project = folder / "a toy"
    texts = {"params.yaml": PARAMS, "dvc.yaml": STAGES, "src/numbers_made.py": CODE}
    texts |= {"conf/tolerances.yaml": TOLERANCES, "requirements.lock": "# none\n"}
    texts |= {".gitignore": "/mine/\n/data/\n__pycache__/\n", "mine/start.txt": "5"}
    for name, text in texts.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text, encoding="utf-8")
    run(project, "git", "init", "--quiet")
    run(project, "dvc", "init", "--quiet")
    run(project, "dvc", "repro", "--quiet", PYTHONPATH="src")
    commit(project)
    run(project, "dvc", "remote", "add", "--local", "--quiet", "--default", "shelf", "../shelf")
    return project


def commit(project: Path, tag: str = TAG) -> None:
    """Everything, under a tag."""
    run(project, "git", "add", "--all")
    run(project, "git", "commit", "--quiet", "--allow-empty", "--message", tag)
    run(project, "git", "tag", tag)


def relock(project: Path, stage: str, change) -> None:
    """Change a stage's entry in `dvc.lock` by hand."""
    file, yaml = project / "dvc.lock", YAML()
    lock = yaml.load(file)
    change(lock["stages"][stage])
    yaml.dump(lock, file)


def state(project: Path) -> dict[str, bytes]:
    """Every file's bytes, git's and DVC's too; caches of Python aside."""
    files = (
        path for path in project.rglob("*") if path.is_file() and "__pycache__" not in str(path)
    )
    return {path.relative_to(project).as_posix(): path.read_bytes() for path in files}
