"""Commands of pages and workflows are understood, links lead somewhere, tables are the metrics'."""

import importlib
import itertools
import re
import shlex
import shutil

import click
import pytest
from dvc.cli import DvcParserError
from dvc.cli.parser import get_main_parser
from dvc.exceptions import DvcException
from dvc.utils.hydra import apply_overrides
from kedro.framework.cli.project import run as kedro_run
from support.project import ROOT
from support.results import committed as metrics

from vidpipe.cli import cli
from vidpipe.config.loader import check, read
from vidpipe.config.presets import preset_names
from vidpipe.pipeline_registry import STAGES, SUMS
from vidpipe.utils.errors import UserError

README = (ROOT / "README.md").read_text(encoding="utf-8")
RESULTS = (ROOT / "docs/results.md").read_text(encoding="utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")
WORKFLOWS = sorted(ROOT.glob(".github/workflows/*.yml"))
TARGETS = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
FOREIGN = {"cd", "docker", "echo", "export", "git", "pip", "python3", "sed", "source"}
EXAMPLE = "sources.clips.dataset=kth"  # add-a-dataset.md adds it


def commands(page):
    """Split the commands of a page into words; comments, settings and redirections are left out."""
    steps = re.findall(r"^ +- run: (.*)", page, re.MULTILINE)
    for block in [*re.findall(r"```console\n(.*?)```", page, re.DOTALL), *steps]:
        for line in block.splitlines():
            words = shlex.split(line.removeprefix("$ "), comments=True)
            for last, command in itertools.groupby(words, lambda word: word in ("&&", "||")):
                if not last:
                    written = itertools.takewhile(lambda word: word != ">", command)
                    yield list(itertools.dropwhile(re.compile(r"[A-Z_]+=").match, written))


def test_readme_fits_on_a_few_screens():
    assert len(README.splitlines()) <= 150


@pytest.mark.parametrize("page", [*PAGES, *WORKFLOWS], ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_is_understood(page, tmp_path):
    for program, *words in commands(page.read_text(encoding="utf-8")):
        match program.rpartition("/")[2]:
            case "vidpipe":
                command = cli
                while isinstance(command, click.Group):
                    command = command.get_command(None, words.pop(0))
                command.make_context(command.name, words)
            case "kedro":
                assert words.pop(0) == "run"
                kedro_run.make_context("run", words)
            case "make":
                assert words[0] in TARGETS
            case "dvc":
                understood_by_dvc(words, tmp_path)
            case "python" if words[0] == "-m":
                assert (ROOT / f"{words[1].replace('.', '/')}.py").is_file()
            case "dask":
                part = importlib.import_module(f"distributed.cli.dask_{words.pop(0)}").main
                part.make_context(part.name, words)
            case "python" | "bash":
                assert (ROOT / words[0]).is_file()
            case name if program.startswith("benchmarks/"):
                assert (ROOT / program).is_file(), name
            case name:
                assert name in FOREIGN


def test_pages_that_choose_footage_train_pix2pix_alone():
    for page in (README, (ROOT / "docs/how-to/choose-data.md").read_text(encoding="utf-8")):
        (line,) = (line for line in page.splitlines() if "vidpipe use" in line and "repro" in line)
        assert line.endswith("&& dvc repro pix2pix_evaluate")


def understood_by_dvc(words, folder):
    """Parse a command as DVC does, with the parameters that it sets, and check the result."""
    known = get_main_parser().parse_args(words)
    if words[0] in ("repro", "pull") or words[:2] == ["exp", "run"]:
        assert set(known.targets) <= STAGES.keys()
    if settings := getattr(known, "set_param", None):
        file = shutil.copyfile(ROOT / "params.yaml", folder / "params.yaml")
        apply_overrides(file, settings)
        if EXAMPLE not in settings:
            check(read(file))


@pytest.mark.parametrize(
    "words",
    [
        "exp run -S sources.clips.folder.path=~/Videos",  # Hydra wants it in quotes
        "exp run -S sources.clips.data=folder",
        "exp run -S sources.clips.dataset=fold",
        "exp ran",
        "repro no_stage",
    ],
)
def test_a_command_that_dvc_does_not_understand_is_found(words, tmp_path, capsys):
    with pytest.raises((AssertionError, DvcException, DvcParserError, UserError)):
        understood_by_dvc(words.split(), tmp_path)


def test_readme_names_commands():
    assert {"vidpipe", "make", "dvc"} <= {words[0] for words in commands(README)}


def test_each_workflow_runs_what_is_run_here_too():
    ci = (ROOT / ".ci/run").read_text(encoding="utf-8")
    (targets,) = re.findall(r"^make (.*)", ci, re.MULTILINE)
    run_here = {("bash", ".ci/run"), *(("make", target) for target in ("env", *targets.split()))}
    run_here.add((".venv/bin/vidpipe", "reproduce"))  # tests/integration/test_how_to.py
    steps = [[*commands(file.read_text(encoding="utf-8"))] for file in WORKFLOWS]
    assert len(steps) == 2
    assert all(steps)
    assert {(words[0], words[1]) for command in steps for words in command} <= run_here


def test_every_preset_and_pipeline_that_readme_names_exists():
    presets = {*preset_names(ROOT, "scale"), *preset_names(ROOT, "recipe")}
    assert set(re.findall(r"vidpipe preset (\w+)", README)) <= presets
    assert set(re.findall(r"--pipelines=(\w+)", README)) <= {*SUMS, *STAGES}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file(page):
    links = LINK.findall(page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def table(header):
    """Yield the key and the cells of each row of the table of RESULTS below a header line."""
    lines = RESULTS[RESULTS.index(header) :].split("\n\n")[0].splitlines()[2:]
    assert len(lines) >= 6
    for line in lines:
        key, *cells = (cell.strip() for cell in line.strip("|").split("|"))
        yield key.strip("`"), cells


def with_interval(numbers, key):
    """Format a score as the table does, with its interval if there is one."""
    text = f"{numbers[key]:.2f}"
    if f"{key}_low" in numbers:
        text += f" ({numbers[f'{key}_low']:.2f} to {numbers[f'{key}_high']:.2f})"
    return text


def test_the_table_of_pix2pix_is_that_of_the_committed_metrics():
    numbers = metrics("pix2pix")
    for key, cells in table("| in `metrics/pix2pix.json` | seen | held out |"):
        splits = ("seen", "held_out")
        assert cells == [with_interval(numbers, key.replace("*", split)) for split in splits]


def test_the_table_of_digits_is_that_of_the_committed_metrics():
    mlp_gan, dcgan = metrics("mlp_gan"), metrics("dcgan")
    for key, cells in table("| in `metrics/<model>.json` | mlp_gan | dcgan | held out |"):
        numbers = [mlp_gan[key], dcgan[key], dcgan[f"{key}_held_out"]]
        assert cells == [f"{number:.3g}" for number in numbers]


def test_the_table_of_clips_is_that_of_the_committed_metrics():
    models = ("gan3d", "vgan", "convlstm_gan", "mocogan")
    gan3d = metrics("gan3d")
    header = f"| in `metrics/<model>.json` | {' | '.join(models)} | held-out actors | stills |"
    for key, cells in table(header):
        numbers = [metrics(model)[key] for model in models]
        numbers += [gan3d[f"{key}_held_out"], gan3d[f"{key}_copy_first"]]
        assert cells == [f"{number:.3g}" for number in numbers]
