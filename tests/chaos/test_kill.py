"""Some of the kills of `kill.py`."""

import pytest
from chaos.kill import kills, prepared


@pytest.mark.long
def test_three_kills_leave_the_lock_as_it_was(tmp_path):
    project, took = prepared(tmp_path)
    done = list(kills(project, took, count=3, seed=1))
    assert [kill for kill in done if not kill.same] == []
    assert len(done) == 3
