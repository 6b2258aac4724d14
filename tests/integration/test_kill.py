"""Some of the kills of `kill.py`, over stages that each have their own way to go on."""

import pytest
from integration.kill import kills, prepared

STAGES = ["digits", "mlp_gan_train", "clips_files", "clips_fetch", "clips_frames"]


@pytest.mark.slow
def test_three_kills_leave_the_lock_as_it_was(tmp_path):
    project, took = prepared(tmp_path, STAGES)
    done = list(kills(project, took, count=3, seed=1))
    assert [kill for kill in done if not kill.same] == []
    assert len(done) == 3
