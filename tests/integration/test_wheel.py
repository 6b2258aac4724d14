"""A project of one's own, with the package installed from its wheel, outside of any clone."""

import site
import sys
import venv

import pytest
from support import footage
from support.project import ROOT, run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The `bin` of an environment with the wheel, and beside it the packages that are here."""
    folder = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    run(ROOT, *pip, "wheel", "--no-deps", "--wheel-dir", str(folder), str(ROOT))
    (wheel,) = folder.glob("*.whl")
    home = folder / "env"
    venv.create(home)
    run(folder, *pip, f"--python={home}/bin/python", "install", "--no-deps", str(wheel))
    (packages,) = home.glob("lib/*/site-packages")
    # The wheel is found first; what is editable here is not found at all.
    (packages / "others.pth").write_text("\n".join(site.getsitepackages()) + "\n")
    for name in ("dvc", "kedro"):
        command = home / "bin" / name
        command.write_text(f'#!/bin/sh\nexec "{home}/bin/python" -m {name} "$@"\n')
        command.chmod(0o755)
    return home / "bin"


@pytest.fixture
def do(installed):
    """A command of that environment, in a folder."""

    def do(project, *command, code=0):
        path = f"{installed}:/usr/local/bin:/usr/bin:/bin"
        return run(project, *command, code=code, PATH=path, PYTHONPATH="")

    return do


def test_a_project_of_its_own_gives_the_bytes_of_a_clone(do, reproduced, tmp_path):
    do(tmp_path, "vidpipe", "new", "my films")
    project = tmp_path / "my films"

    # A model that comes with the package, before anything is trained.
    picture = ROOT / "docs/images/digits.png"
    do(project, "vidpipe", "generate", "convlstm_gan", "--image", str(picture), "--out", "me.gif")
    assert (project / "me.gif").read_bytes().startswith(b"GIF8")

    do(project, "vidpipe", "preset", "smoke")
    do(project, "vidpipe", "use", "carphone")
    do(project, "dvc", "repro", "pix2pix_evaluate")
    names = ["data/05_model_input/pairs.npz", "metrics/pix2pix.json"]
    for folder in ("data/06_models/pix2pix", "data/07_model_output/pix2pix"):
        files = [file for file in (reproduced / folder).rglob("*") if file.is_file()]
        names += [str(file.relative_to(reproduced)) for file in files]
    assert len(names) > 8
    unlike = [n for n in names if (project / n).read_bytes() != (reproduced / n).read_bytes()]
    assert unlike == []


def test_a_video_becomes_pairs_in_a_project_of_its_own(installed, do, tmp_path):
    where = "import vidpipe; print(vidpipe.__file__)"
    assert do(tmp_path, "python", "-c", where).startswith(str(installed.parent))
    clip = footage.write(tmp_path / "clip.mp4", footage.numbered(40, 96, 128))
    do(tmp_path, "vidpipe", "new", "my films")
    project = tmp_path / "my films"
    do(project, "vidpipe", "preset", "smoke")
    do(project, "vidpipe", "use", str(clip))
    do(project, "dvc", "repro", "pairs")
    assert (project / "data/05_model_input/pairs.npz").is_file()
    do(project, "git", "add", "--all")
    do(project, "git", "commit", "--quiet", "--message", "Pairs")
    assert do(project, "git", "ls-files", "data").count("\n") == 11, "glyphs and their README"
    assert "up to date" in do(project, "dvc", "status", "pairs")

    # The package is another one: no stage runs until the project says so.
    lock = project / "vidpipe.lock"
    lock.write_text("vidpipe 0.0.1\n")
    assert "`vidpipe dvc-yaml` takes" in do(project, "dvc", "repro", "footage_fetch", code=255)
    do(project, "vidpipe", "dvc-yaml")
    assert "up to date" in do(project, "dvc", "status", "pairs")
