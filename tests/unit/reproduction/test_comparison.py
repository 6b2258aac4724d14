import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.reproduction.comparison import (
    Tolerance,
    compare_metrics,
    tolerances,
)
from vidpipe.utils.errors import UserError

FILE = "metrics/dcgan.json"
numbers = st.floats(-1e6, 1e6)
values = st.dictionaries(st.sampled_from(["a", "b", "c"]), numbers)


def stated(**metrics):
    return {"dcgan": {name: Tolerance(source="seeds", **t) for name, t in metrics.items()}}


@given(values)
def test_numbers_agree_with_themselves(numbers):
    rows = compare_metrics({FILE: numbers}, {FILE: dict(numbers)}, {})
    assert [row.name for row in rows] == sorted(numbers)
    assert all(row.agrees for row in rows)


@given(values, values)
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
    numbers = {} if new is None else {"a": new}
    (row,) = compare_metrics({FILE: {"a": 1.0}}, {FILE: numbers}, stated(a={"absolute": 1e9}))
    assert not row.agrees


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
