import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.reproduction.comparison import (
    Comparison,
    Metric,
    Output,
    Tolerance,
    compare_metrics,
    tolerances,
)
from vidpipe.utils.errors import UserError

FILE = "metrics/dcgan.json"
numbers = st.floats(-1e6, 1e6)
some = st.dictionaries(st.sampled_from(["a", "b", "c"]), numbers)


def stated(**metrics):
    return {"dcgan": {name: Tolerance(source="seeds", **t) for name, t in metrics.items()}}


@given(some)
def test_numbers_agree_with_themselves(values):
    rows = compare_metrics({FILE: values}, {FILE: dict(values)}, {})
    assert [row.name for row in rows] == sorted(values)
    assert all(row.agrees for row in rows)


@given(some, some)
def test_without_a_tolerance_all_that_is_not_equal_differs(old, new):
    rows = compare_metrics({FILE: old}, {FILE: new}, {})
    assert {row.name for row in rows if row.agrees} == {
        name for name in {*old, *new} if name in old and name in new and old[name] == new[name]
    }


@given(numbers, numbers, st.floats(0, 10), st.floats(0, 1))
def test_a_tolerance_is_the_larger_of_both_kinds(old, new, absolute, relative):
    given = stated(a={"absolute": absolute, "relative": relative})
    (row,) = compare_metrics({FILE: {"a": old}}, {FILE: {"a": new}}, given)
    assert row.tolerance == max(absolute, relative * abs(old))
    assert row.agrees == (abs(new - old) <= row.tolerance)


def test_the_first_pattern_that_fits_counts_and_of_its_own_model():
    given = stated(**{"one.*": {"absolute": 1.0}, "*": {"absolute": 2.0}})
    old = {FILE: {"one.psnr": 1.0, "two": 1.0}, "metrics/pix2pix.json": {"two": 1.0}}
    found = {(row.file, row.name): row.tolerance for row in compare_metrics(old, old, given)}
    assert found[FILE, "one.psnr"] == 1.0
    assert found[FILE, "two"] == 2.0
    assert found["metrics/pix2pix.json", "two"] == 0.0


@pytest.mark.parametrize("new", [float("nan"), None])
def test_a_number_that_is_none_never_agrees(new):
    assert not Metric(FILE, "a", 1.0, new, 1e9).agrees


SAME, OTHER, GONE = (Output("train", "data/x", "1", md5) for md5 in ("1", "2", ""))


@pytest.mark.parametrize(
    ("level", "output", "agrees"),
    [
        ("bits", SAME, True),
        ("bits", OTHER, False),
        ("bits", GONE, False),
        ("tolerance", SAME, True),
        ("tolerance", OTHER, True),
        ("tolerance", GONE, False),
    ],
)
def test_a_level_says_what_outputs_must_be(level, output, agrees):
    assert Comparison(level, [output], []).agrees == agrees


@pytest.mark.parametrize("level", ["bits", "tolerance"])
def test_what_was_recorded_of_other_inputs_never_agrees(level):
    found = Comparison(level, [SAME], [], {"train": ["train.steps: recorded 2, is 1"]})
    assert not found.stands(SAME)
    assert not found.agrees


def test_one_metric_out_of_tolerance_is_enough_to_differ():
    rows = [Metric(FILE, "a", 1.0, 1.0, 0.0), Metric(FILE, "b", 1.0, 1.2, 0.1)]
    assert not Comparison("tolerance", [SAME], rows).agrees


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("dcgan: {frechet: {absolute: -1, source: s}}", r"dcgan\.frechet\.absolute"),
        ("dcgan: {frechet: {absolute: 1}}", r"dcgan\.frechet\.source"),
        ("dcgan: {frechet: {absolut: 1, source: s}}", r"dcgan\.frechet\.absolut"),
        ("dcgan: 3", "dcgan"),
    ],
)
def test_a_wrong_tolerance_is_named(tmp_path, text, said):
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf/tolerances.yaml").write_text(text)
    with pytest.raises(UserError, match=said):
        tolerances(tmp_path)


def test_a_revision_without_tolerances_says_so(tmp_path):
    with pytest.raises(UserError, match="only --level bits"):
        tolerances(tmp_path)
