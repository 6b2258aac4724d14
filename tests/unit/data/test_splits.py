from hypothesis import given
from hypothesis import strategies as st

from vidpipe.data.splits import TEST, TRAIN, by_group

GROUPS = st.sets(st.text(max_size=8), max_size=30)
PEOPLE = ["daria", "denis", "eli", "ido", "ira", "lena", "lyova", "moshe", "shahar"]
DRAWN = ["ada", "ben", "cleo", "dov", "eva", "finn", "gita", "hugo", "ines"]


@given(GROUPS, st.floats(0.01, 0.9))
def test_neither_part_is_empty_where_there_are_two_groups(groups: set[str], test: float):
    parts = by_group(groups, test)
    assert parts.keys() == groups
    assert set(parts.values()) == (
        {TRAIN, TEST} if len(groups) > 1 else {TRAIN} if groups else set()
    )


@given(GROUPS, st.text(max_size=8))
def test_a_group_that_is_added_moves_no_other(groups: set[str], more: str):
    groups |= set(DRAWN)  # enough for both parts
    before, after = by_group(groups, 0.25), by_group(groups | {more}, 0.25)
    assert {group: after[group] for group in groups} == before


def test_no_group_is_for_testing_where_none_is_wanted():
    assert set(by_group(PEOPLE, 0.0).values()) == {TRAIN}


def test_the_share_is_kept_among_many():
    parts = list(by_group(map(str, range(4000)), 0.25).values())
    assert 0.23 < parts.count(TEST) / 4000 < 0.27


def test_the_parts_of_the_known_sets_are_these():
    assert [name for name, part in by_group(PEOPLE, 0.25).items() if part == TEST] == [
        "denis",
        "ira",
        "shahar",
    ]
    assert [name for name, part in by_group(DRAWN, 0.25).items() if part == TEST] == ["ada", "gita"]
