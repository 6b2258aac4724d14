"""README's commands exist, the links of all pages lead somewhere, and tables are the metrics'."""

import json
import re
import shlex

import click
import pytest
from ruamel.yaml import YAML
from support.project import ROOT

from vidpipe.cli import cli
from vidpipe.config.presets import preset_names
from vidpipe.pipeline_registry import STAGES, SUMS

README = (ROOT / "README.md").read_text(encoding="utf-8")
RESULTS = (ROOT / "docs/results.md").read_text(encoding="utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")


def commands(page):
    """Split the commands of a page into words; comments are left out."""
    for block in re.findall(r"```console\n(.*?)```", page, re.DOTALL):
        for line in block.splitlines():
            for command in line.removeprefix("$ ").split(" && "):
                yield shlex.split(command, comments=True)


def test_readme_fits_on_a_few_screens():
    assert len(README.splitlines()) <= 150


def test_every_command_of_readme_exists():
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    programs = set()
    for program, *words in commands(README):
        programs.add(program)
        match program:
            case "vidpipe":
                command = cli
                while isinstance(command, click.Group):
                    command = command.get_command(None, words.pop(0))
                command.make_context(command.name, words)
            case "make":
                assert words[0] in targets
            case "dvc":
                assert words[0] in ("repro", "exp")
                assert set(words[1:]) <= {*STAGES, "run", "-S", *overrides(words)}
    assert {"vidpipe", "make", "dvc"} <= programs


def test_pages_that_choose_footage_train_pix2pix_alone():
    for page in (README, (ROOT / "docs/how-to/choose-data.md").read_text(encoding="utf-8")):
        (line,) = (line for line in page.splitlines() if "vidpipe use" in line and "repro" in line)
        assert line.endswith("&& dvc repro pix2pix_evaluate")


def overrides(words):
    """Return the parameters that `-S` sets; each must be a key of params.yaml."""
    settings = [word for word in words if "=" in word]
    for setting in settings:
        value = YAML(typ="safe").load((ROOT / "params.yaml").read_text(encoding="utf-8"))
        for key in setting.split("=")[0].split("."):
            value = value[key]
    return settings


def test_every_preset_and_pipeline_that_readme_names_exists():
    presets = {*preset_names(ROOT, "scale"), *preset_names(ROOT, "recipe")}
    assert set(re.findall(r"vidpipe preset (\w+)", README)) <= presets
    assert set(re.findall(r"--pipelines=(\w+)", README)) <= {*SUMS, *STAGES}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file(page):
    links = LINK.findall(page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def metrics(model):
    return json.loads((ROOT / f"metrics/{model}.json").read_text(encoding="utf-8"))


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
    models = ("gan3d", "vgan", "convlstm_gan")
    gan3d = metrics("gan3d")
    header = f"| in `metrics/<model>.json` | {' | '.join(models)} | held-out actors | stills |"
    for key, cells in table(header):
        numbers = [metrics(model)[key] for model in models]
        numbers += [gan3d[f"{key}_held_out"], gan3d[f"{key}_copy_first"]]
        assert cells == [f"{number:.3g}" for number in numbers]
