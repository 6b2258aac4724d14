from vidpipe.commands.report import REPORT


def test_a_report_of_nothing_is_written_where_the_stage_writes_it(project, vidpipe):
    result = vidpipe("report")
    assert result.output == f"{REPORT}: open it in a browser\n"
    assert "No GAN of clips is scored yet." in (project / REPORT).read_text(encoding="utf-8")


def test_a_place_of_ones_own(project, vidpipe):
    vidpipe("report", "--out", "pages/mine.html")
    assert (project / "pages/mine.html").is_file()
    assert not (project / REPORT).exists()


def test_another_kind_of_file_is_refused(project, vidpipe):
    result = vidpipe("report", "--out", "mine.pdf", code=1)
    assert "--out mine.pdf: expected a name that ends in .html" in result.output


def test_outside_of_a_project_it_says_so(tmp_path, monkeypatch, vidpipe):
    monkeypatch.chdir(tmp_path)
    assert "params.yaml" in vidpipe("report", code=1).output
