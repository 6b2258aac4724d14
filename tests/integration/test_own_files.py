"""Files of a user's own that change are noticed by DVC; where there are none, it costs nothing."""

import shutil

import pytest
from support import footage
from support.project import copy, run, work_off

from vidpipe.config.editing import apply_patch

pytestmark = pytest.mark.filterwarnings("ignore")
FETCH = "clips_fetch"
UP_TO_DATE = "Data and pipelines are up to date."


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project, and beside it a folder of videos with a table of labels."""
    project = copy(tmp_path_factory.mktemp("own"))
    apply_patch(project, {"sources": {"clips": {"actions": {"actors": 1, "seconds": 0.2}}}})
    for number in range(4):
        video(project, f"{'ab'[number % 2]}/{number}.avi", number)
    rows = "".join(f"{'ab'[n % 2]}/{n}.avi,{'ab'[n % 2]},\n" for n in range(4))
    (project / "footage/labels.csv").write_text(f"path,label,group\n{rows}", encoding="utf-8")
    return project


def video(project, name, number):
    path = project / "footage/pets" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    return footage.write(path, footage.numbered(6 + number)[number:], codec="mpeg4")


def choose(**values):
    block = "sources.clips"
    given = {f"{block}.dataset": "folder"} | {f"{block}.folder.{k}": v for k, v in values.items()}
    return [part for key, value in given.items() for part in ("-S", f"{key}={value}")]


def fetched(said, stage=FETCH):
    """True: the stage ran; False: it was skipped."""
    assert f"Running stage '{stage}'" in said or f"Stage '{stage}' didn't change" in said, said
    return f"Running stage '{stage}'" in said


def manifest(project, slot="clips"):
    return (project / f"data/01_raw/{slot}.csv").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_drawn_set_is_up_to_date_and_lists_nothing(project):
    run(project, "dvc", "repro", FETCH)
    assert run(project, "dvc", "status", "--with-deps", FETCH).strip() == UP_TO_DATE
    assert (project / "data/01_raw/clips_files.csv").read_text() == "file,md5\n"
    said = run(project, "dvc", "repro", FETCH)
    assert "Running stage" not in said


@pytest.mark.slow
def test_a_video_added_replaced_or_removed_is_noticed(project):
    run(project, "dvc", "exp", "run", *choose(path="footage/pets"), FETCH)
    before = manifest(project)
    assert not fetched(run(project, "dvc", "repro", FETCH))
    added = video(project, "a/9.avi", 9)
    assert fetched(run(project, "dvc", "repro", FETCH))
    assert "9.avi" in manifest(project)
    video(project, "a/9.avi", 7)
    assert fetched(run(project, "dvc", "repro", FETCH))
    added.unlink()
    run(project, "dvc", "repro", FETCH)
    assert manifest(project) == before


@pytest.mark.slow
def test_a_video_of_a_folder_of_footage_is_noticed_too(project):
    stage = "footage_fetch"
    run(project, "vidpipe", "use", "footage/pets")
    run(project, "dvc", "repro", stage)
    assert "3.avi" in manifest(project, "footage")
    assert not fetched(run(project, "dvc", "repro", stage), stage)
    added = video(project, "a/9.avi", 9)
    assert fetched(run(project, "dvc", "repro", stage), stage)
    assert "9.avi" in manifest(project, "footage")
    added.unlink()
    run(project, "dvc", "repro", stage)
    assert "9.avi" not in manifest(project, "footage")


@pytest.mark.slow
def test_a_label_that_is_edited_is_noticed_by_absolute_paths_too(project):
    table = project / "footage/labels.csv"
    paths = {"path": project / "footage/pets", "labels": table}
    options = choose(**{key: f"'{path}'" for key, path in paths.items()})
    run(project, "dvc", "exp", "run", *options, FETCH)
    table.write_text(table.read_text().replace("0.avi,a", "0.avi,z"), encoding="utf-8")
    assert fetched(run(project, "dvc", "repro", FETCH))
    assert ",z," in manifest(project)


@pytest.mark.long
def test_copies_of_the_project_notice_it_too(project):
    options = choose(path="footage/pets", labels="null")
    run(project, "dvc", "exp", "run", *options, FETCH)
    known = set(run(project, "dvc", "exp", "list", "--sha-only").split())
    video(project, "b/5.avi", 5)
    run(project, "dvc", "exp", "run", "--temp", *options, FETCH)
    video(project, "b/6.avi", 6)
    run(project, "dvc", "exp", "run", "--queue", *options, FETCH)
    work_off(project, 1)
    new = set(run(project, "dvc", "exp", "list", "--sha-only").split()) - known
    locks = {run(project, "git", "show", f"{sha}:dvc.lock") for sha in new}
    assert len(locks) == len(new) == 2


@pytest.mark.slow
def test_where_the_files_are_not_what_was_recorded_stays(project):
    run(project, "dvc", "exp", "run", *choose(path="footage/pets"), FETCH)
    shutil.move(project / "footage/pets", project / "footage/elsewhere")
    said = run(project, "dvc", "repro", FETCH)
    assert not fetched(said)
    assert "going on with what was recorded of your files" in said
