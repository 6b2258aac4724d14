from support.project import ROOT


def test_a_stale_file_is_named_by_a_check_and_then_written(vidpipe, tmp_path, monkeypatch):
    project = tmp_path / "a project"
    project.mkdir()
    for name in ("src", "conf", "params.yaml"):
        (project / name).symlink_to(ROOT / name)
    file = project / "dvc.yaml"
    file.write_text("stages: {}\n")
    monkeypatch.chdir(project)
    assert (
        "dvc.yaml is stale: run `vidpipe dvc-yaml`" in vidpipe("dvc-yaml", "--check", code=1).output
    )
    assert file.read_text() == "stages: {}\n"
    assert "dvc.yaml written" in vidpipe("dvc-yaml").output
    assert file.read_bytes() == (ROOT / "dvc.yaml").read_bytes()
    assert "dvc.yaml is up to date" in vidpipe("dvc-yaml", "--check").output
