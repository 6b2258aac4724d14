"""Files of a user's own that change are noticed by DVC; where there are none, it costs nothing."""

import shutil

import pytest
from support import footage
from support.project import copy, run, work_off

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
FETCH = "clips_fetch"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project, and beside it a folder of videos with a table of labels."""
    project = copy(tmp_path_factory.mktemp("own"))
    for number in range(4):
        video(project, f"{'ab'[number % 2]}/{number}.avi", number)
    rows = "".join(f"{'ab'[n % 2]}/{n}.avi,{'ab'[n % 2]},\n" for n in range(4))
    (project / "footage/labels.csv").write_text(f"path,label,group\n{rows}", encoding="utf-8")
    return project


def video(project, name, number):
    path = project / "footage/pets" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    return footage.write(path, footage.numbered(6 + number)[number:], codec="mpeg4")


def choose(project, **values):
    block = "sources.clips"
    given = {f"{block}.dataset": "folder"} | {f"{block}.folder.{k}": v for k, v in values.items()}
    return [part for key, value in given.items() for part in ("-S", f"{key}={value}")]


def fetched(said):
    """True: the stage ran; False: it was skipped."""
    assert f"Running stage '{FETCH}'" in said or f"Stage '{FETCH}' didn't change" in said, said
    return f"Running stage '{FETCH}'" in said


def manifest(project):
    return (project / "data/01_raw/clips.csv").read_text(encoding="utf-8")


def test_the_drawn_set_is_up_to_date_and_lists_nothing(project):
    run(project, "dvc", "repro", FETCH)
    assert run(project, "dvc", "status", FETCH).strip() == "Data and pipelines are up to date."
    assert (project / "data/01_raw/clips_files.csv").read_text() == "file,md5\n"
    said = run(project, "dvc", "repro", FETCH)
    assert "Running stage" not in said


@pytest.mark.parametrize("absolute", [False, True], ids=["relative", "absolute"])
def test_a_video_added_replaced_or_removed_and_a_label_are_noticed(project, absolute):
    pets = str(project / "footage/pets") if absolute else "footage/pets"
    labels = str(project / "footage/labels.csv") if absolute else "footage/labels.csv"
    options = choose(project, path=f"'{pets}'", labels=f"'{labels}'")
    assert fetched(run(project, "dvc", "exp", "run", *options, FETCH))
    assert not fetched(run(project, "dvc", "repro", FETCH))

    table = project / "footage/labels.csv"
    table.write_text(table.read_text().replace("0.avi,a", "0.avi,z"), encoding="utf-8")
    assert fetched(run(project, "dvc", "repro", FETCH))
    assert ",z," in manifest(project)
    table.write_text(table.read_text().replace("0.avi,z", "0.avi,a"), encoding="utf-8")

    run(project, "dvc", "exp", "run", "-S", "sources.clips.folder.labels=null", FETCH)
    before = manifest(project)
    video(project, "a/9.avi", 9)
    assert fetched(run(project, "dvc", "repro", FETCH))
    assert "9.avi" in manifest(project)
    (project / "footage/pets/a/9.avi").unlink()
    run(project, "dvc", "repro", FETCH)
    assert manifest(project) == before

    video(project, "a/0.avi", 7)
    assert fetched(run(project, "dvc", "repro", FETCH))
    assert manifest(project) != before
    video(project, "a/0.avi", 0)
    assert not fetched(run(project, "dvc", "repro", "--force", "clips_files")) or True


def test_copies_of_the_project_notice_it_too(project):
    options = choose(project, path="footage/pets")
    run(project, "dvc", "exp", "run", *options, FETCH)
    for number, queued in ((5, False), (6, True)):
        video(project, f"b/{number}.avi", number)
        if queued:
            run(project, "dvc", "exp", "run", "--queue", *options, FETCH)
            work_off(project, 1)
        else:
            run(project, "dvc", "exp", "run", "--temp", *options, FETCH)
    names = run(project, "dvc", "exp", "list", "--name-only").split()
    locks = [run(project, "git", "show", f"{name}:dvc.lock") for name in names]
    assert len(set(locks)) == len(locks)


def test_where_the_files_are_not_what_was_recorded_stays(project):
    run(project, "dvc", "exp", "run", *choose(project, path="footage/pets"), FETCH)
    shutil.move(project / "footage/pets", project / "footage/elsewhere")
    said = run(project, "dvc", "repro", FETCH)
    assert not fetched(said)
    assert "going on with what was recorded of your files" in said
