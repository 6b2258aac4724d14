import re

import pytest
from support.results import write_films

from vidpipe.reporting.side_by_side import (
    ComparedRun,
    ScoredModel,
    ScoringClassifier,
    compare,
    lines,
    render_comparison,
)

NUMBERS = {
    "motion_ratio": 0.5,
    "confident_share": 0.25,
    "frechet_frames": 0.02,
    "frechet_frames_floor": 0.01,
    "actions_covered": 5,
}
ONE, OTHER = ScoringClassifier("a.dir", "a"), ScoringClassifier("b.dir", "b")


def run(name, *, model="gan3d", classifier=ONE, params=None, samples=None, **changes):
    numbers = {**NUMBERS, **changes}
    one = ScoredModel(model, numbers, params=params or {}, classifier=classifier, samples=samples)
    return ComparedRun(name, f"kind of {name}", {model: one})


def rows(*runs, tolerance=None):
    (group,) = compare(runs, tolerance or {})
    return {row.score.name: row for row in group.rows}


def test_a_difference_is_from_the_first_and_says_which_is_better():
    found = rows(run("a"), run("b", motion_ratio=0.75), run("c", motion_ratio=0.25))
    first, second, third = found["motion"].cells
    assert (first.text, first.change, first.verdict) == ("0.50", "", "")
    assert (second.change, second.verdict) == ("+0.25", "better")
    assert (third.change, third.verdict) == ("−0.25", "worse")
    assert found["accepted"].cells[1].verdict == "equal"


def test_distances_and_their_tolerance_are_in_floors():
    found = rows(
        run("a"), run("b", frechet_frames=0.025),
        tolerance={"gan3d": {"frechet_frames": 0.006, "motion_ratio": 0.1}},
    )  # fmt: skip
    row = found["frame_distance"]
    assert [cell.text for cell in row.cells] == ["2", "2.50"]
    assert (row.tolerance, row.cells[1].change) == ("0.60", "+0.50")
    assert row.cells[1].verdict == "within tolerance"
    assert found["accepted"].tolerance == ""


@pytest.mark.parametrize(
    ("classifier", "verdict"),
    [
        (OTHER, "other classifier"),
        (ScoringClassifier(), "unknown"),
        (ScoringClassifier(weights="a"), "better"),
        (ScoringClassifier(weights="b"), "other classifier"),
    ],
)
def test_scores_by_another_classifier_are_not_compared(classifier, verdict):
    found = rows(run("a"), run("b", classifier=classifier, confident_share=0.5, motion_ratio=0.75))
    cell = found["accepted"].cells[1]
    assert (cell.text, cell.verdict) == ("50 %", verdict)
    assert bool(cell.change) == (verdict == "better")
    assert found["motion"].cells[1].change == "+0.25", "no classifier is asked"


def test_the_weights_decide_before_the_recorded_folder():
    assert ScoringClassifier("a.dir", "x").is_same(ScoringClassifier("b.dir", "x"))
    assert ScoringClassifier("a.dir", "x").is_same(ScoringClassifier("a.dir", "y")) is False
    assert ScoringClassifier("a.dir", "x").is_same(ScoringClassifier("a.dir"))
    assert ScoringClassifier().is_same(ScoringClassifier()) is None


def test_scores_alone_are_enough():
    known = ComparedRun("b", "", {"gan3d": ScoredModel("gan3d", scores={"motion": 0.75})})
    assert rows(run("a"), known)["motion"].cells[1].change == "+0.25"


def test_parameters_that_all_runs_tell_and_that_differ():
    first = run("a", params={"gan3d.train.steps": "10", "runtime.threads": "2", "own": "1"})
    second = run("b", params={"gan3d.train.steps": "20", "runtime.threads": "2"})
    (group,) = compare([first, second], {})
    assert group.params == {"gan3d.train.steps": ["10", "20"]}


def test_models_of_one_kind_are_compared_by_what_they_call_the_same():
    first = run("a", params={"gan3d.train.steps": "10"})
    second = run("b", model="vgan", params={"vgan.train.steps": "20"})
    (group,) = compare([first, second], {})
    assert group.title == "gan3d and vgan"
    assert group.params == {"train.steps": ["10", "20"]}


def test_models_of_two_kinds_are_not_compared():
    assert compare([run("a"), run("b", model="dcgan")], {}) == []


def test_of_whole_revisions_each_model_is_compared_and_equal_ones_take_a_line():
    models = {name: ScoredModel(name, NUMBERS, classifier=ONE) for name in ("gan3d", "vgan")}
    first = ComparedRun("a", "", models)
    changed = {
        **models,
        "vgan": ScoredModel("vgan", {**NUMBERS, "motion_ratio": 1.0}, classifier=ONE),
    }
    groups = compare([first, ComparedRun("b", "", changed)], {})
    assert [group.title for group in groups] == ["gan3d", "vgan"]
    said = "\n".join(lines([first], groups))
    assert "the same in all: gan3d" in said
    assert re.search(r"Motion, × real +0\.50 +1 +\+0\.50 +– +better", said)


def test_the_terminal_says_why_there_is_no_difference():
    runs = [run("a"), run("a name that is far too long for a column", classifier=OTHER)]
    said = list(lines(runs, compare(runs, {})))
    assert said[0] == "a: kind of a"
    (accepted,) = [line for line in said if line.startswith("  Accepted")]
    assert re.search(r"25 % +25 % +– +– +not comparable: another classifier$", accepted)
    assert any("a name that is far too…" in line for line in said)


def test_equal_models_take_no_room_on_a_page(tmp_path):
    write_films(tmp_path, "gan3d")
    folder = tmp_path / "data/07_model_output/gan3d"
    runs = [run("a", samples=folder), run("b", samples=folder)]
    page = render_comparison(runs, compare(runs, {}, with_films=True))
    assert "<video" not in page
    assert "The same scores, of the same parameters, in all: gan3d." in page


def test_few_samples_are_told():
    runs = [run("a"), run("b", motion_ratio=0.75)]
    few = ComparedRun("c", "", {"gan3d": ScoredModel("gan3d", {**NUMBERS, "samples": 24})})
    said = "\n".join(lines([*runs, few], compare([*runs, few], {})))
    assert "c: scored on 24 samples, fewer than 256" in said


def test_a_page_has_films_that_move_together_and_the_same_tables(tmp_path):
    write_films(tmp_path, "gan3d")
    folder = tmp_path / "data/07_model_output/gan3d"
    runs = [
        run("a", samples=folder, params={"x": "1"}),
        run("<b>", samples=folder, classifier=OTHER, params={"x": "2"}),
        run("c", params={"x": "1"}),
    ]
    groups = compare(runs, {}, with_films=True)
    page = render_comparison(runs, groups)
    assert page == render_comparison(runs, compare(runs, {}, with_films=True))
    assert page.count("<video") == 2
    assert "data-together=" in page
    assert "no film" in page
    assert "not comparable: another classifier" in page
    assert "<b>" not in page
    assert "<code>x</code>" in page
