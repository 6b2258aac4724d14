from contextlib import contextmanager

import numpy as np
import pandas as pd

from vidpipe.pipelines.data.sources import count_sources
from vidpipe.tracking.protocol import NullTracker
from vidpipe.visualization.sheets import png


class Notebook(NullTracker):
    """A tracker that remembers what it was told of data."""

    @contextmanager
    def data(self, stage):
        self.stage = stage
        with super().data(stage) as silent:
            silent.metrics, silent.picture = self.metrics, self.picture
            yield silent

    def metrics(self, values, step):
        self.numbers = dict(values)

    def picture(self, key, picture, step):
        self.shown = (key, picture)


def test_videos_are_counted_by_status_and_split_and_those_that_are_broken_by_nothing_else():
    columns = ["status", "split", "label", "group", "frames", "seconds"]
    rows = [
        ("ok", "train", "walk", "ann", 10, 0.5),
        ("ok", "train", "walk", "bob", 20, 1.0),
        ("damaged", "test", "run", "cleo", 5, 0.25),
        ("broken", "", "jump", "dov", 0, 0.0),
    ]
    clips = pd.DataFrame(rows, columns=columns)
    picture, tracker = np.full((4, 5, 3), 7, np.uint8), Notebook()
    counted = count_sources(clips.head(1), clips, png(picture), tracker)
    assert (tracker.stage, tracker.numbers, tracker.shown[0]) == ("sources", counted, "clips")
    np.testing.assert_array_equal(tracker.shown[1], picture)
    told = {name.removeprefix("clips."): n for name, n in counted.items() if "clips." in name}
    assert told == {
        "videos": 4, "ok": 2, "damaged": 1, "broken": 1, "train": 2, "test": 1,
        "labels": 2, "groups": 3, "frames": 35, "seconds": 1.75,
    }  # fmt: skip
    assert counted["footage.frames"] == 10
    assert "footage.train" not in counted
