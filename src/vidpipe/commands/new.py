"""`vidpipe new`: start a project of one's own, whose code is the installed package."""

import json
import shutil
import subprocess
import tomllib
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import kedro

from vidpipe.config.editing import unlike
from vidpipe.config.presets import COMMITTED, read_preset
from vidpipe.reproduction.dvc_yaml import render_files
from vidpipe.reproduction.guarantees import REQUIREMENTS
from vidpipe.tracking.provenance import git
from vidpipe.utils.errors import UserError

TEMPLATE = Path(__file__).parents[1] / "template"  # in a wheel; a clone has the files themselves
CLONE = Path(__file__).parents[3]
PYPROJECT = """\
[tool.kedro]
package_name = "vidpipe"
project_name = {name}
kedro_init_version = "{version}"
source_dir = "conf"  # Kedro asks for one; the code is the installed package's
"""


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def new(folder: Path) -> None:
    """Start a project of your own in FOLDER, which is empty or not there yet.

    FOLDER gets the parameters, presets, catalog and glyphs that come with vidpipe, the stages of
    DVC, and a git repository unless it is in one. The code stays where it is installed. Then:

    \b
      cd FOLDER
      vidpipe use clip.mp4
      dvc repro pix2pix_evaluate
    """
    home = folder.resolve()
    if home.exists() and (not home.is_dir() or any(home.iterdir())):
        raise UserError(f"{folder}: expected a new or an empty folder, this holds something")
    with TemporaryDirectory() as scratch:
        # Make all of it elsewhere: an error leaves nothing behind.
        project = Path(scratch, "project")
        _copy_template(project)
        packages = {f"{package.name}=={package.version}" for package in metadata.distributions()}
        text = {
            "pyproject.toml": PYPROJECT.format(
                name=json.dumps(home.name), version=kedro.__version__
            ),
            REQUIREMENTS: "\n".join(sorted(packages, key=str.lower)) + "\n",
            **render_files(project),
        }
        for name, content in text.items():
            (project / name).parent.mkdir(parents=True, exist_ok=True)
            (project / name).write_text(content, encoding="utf-8")

        home.mkdir(parents=True, exist_ok=True)
        for entry in project.iterdir():
            shutil.move(entry, home)
    if not git(home, "rev-parse", "--git-dir"):
        subprocess.run(["git", "init", "--quiet"], cwd=home, check=True)
    click.echo(f"{folder} is a project; the next steps, here with a clip that needs no file:")
    words = f'"{folder}"' if " " in str(folder) else folder
    click.echo(f"  cd {words}\n  git add --all && git commit --message Start")
    click.echo("  vidpipe use carphone\n  dvc repro pix2pix_evaluate")
    changed = {key for name in COMMITTED.values() for key in unlike(home, read_preset(home, name))}
    if changed:
        presets = " && ".join(f"vidpipe preset {name}" for name in COMMITTED.values())
        values = "1 value that is" if len(changed) == 1 else f"{len(changed)} values that are"
        click.echo(
            f"params.yaml has {values} not the "
            "default: the package was built from a clone in which params.yaml was changed. To go "
            f"back to the presets: {presets}",
            err=True,
        )


def _copy_template(project: Path) -> None:
    """Copy the files that a project starts from, of a wheel or a clone, into a new folder."""
    if TEMPLATE.is_dir():
        shutil.copytree(TEMPLATE, project)
        return
    settings = tomllib.loads((CLONE / "pyproject.toml").read_text(encoding="utf-8"))
    included = settings["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    for name in included:
        source, target = CLONE / name, project / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copyfile(source, target)
