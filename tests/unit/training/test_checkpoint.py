import hashlib
import json

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save
from support import hostile_files as hostile

from vidpipe.training import checkpoint as checkpoints
from vidpipe.training.checkpoint import Checkpoint, Checkpoints
from vidpipe.training.loop import Report


@pytest.fixture(autouse=True)
def _always_due(monkeypatch):
    monkeypatch.setattr(checkpoints, "LEAST", 0.0)
    monkeypatch.setattr(checkpoints, "SHARE", float("inf"))


def at(step, value=0.0):
    """A checkpoint at a step."""
    history = [Report(n, {"generator": 1 / n, "l1": 0.1 + n}) for n in range(1, step + 1)]
    state = {
        "generator.weight": torch.full((2, 3, 1, 1), value).to(memory_format=torch.channels_last),
        "generator.adam.0.step": torch.tensor(float(step)),
        "generator.count": torch.tensor(step),
    }
    return Checkpoint(state, history, {4: b"\x89PNG" + bytes(range(256)), 8: b"x"})


def saved(folder, *steps):
    """A folder in which these were saved."""
    kept = Checkpoints(folder)
    for step in steps:
        kept.save(at(step, float(step)))
    return sorted(folder.glob("*.safetensors"))


def same(one, other):
    assert list(one.history) == list(other.history)
    assert one.sheets == other.sheets
    assert one.state.keys() == other.state.keys()
    assert all(torch.equal(value, other.state[name]) for name, value in one.state.items())
    assert all(value.dtype == other.state[name].dtype for name, value in one.state.items())


def test_what_is_saved_is_found_by_another_process(tmp_path):
    saved(tmp_path, 3)
    (found,) = Checkpoints(tmp_path).good()
    same(found, at(3, 3.0))
    assert found.step == 3


def test_the_last_two_are_kept_newest_first(tmp_path):
    assert len(saved(tmp_path, 2, 4, 6, 100)) == 2
    assert [found.step for found in Checkpoints(tmp_path).good()] == [100, 6]


def test_an_empty_folder_has_none(tmp_path):
    assert list(Checkpoints(tmp_path / "new").good()) == []


def test_the_same_state_gives_the_same_bytes(tmp_path):
    one, other = saved(tmp_path / "one", 3), saved(tmp_path / "other", 3)
    assert [path.name for path in one] == [path.name for path in other]


@settings(max_examples=25)
@given(keep=st.floats(0, 1), flip=st.booleans())
def test_a_file_cut_short_or_changed_is_passed_over_for_the_one_before(
    tmp_path_factory, keep, flip
):
    folder = tmp_path_factory.mktemp("cut")
    newest = saved(folder, 2, 4)[-1]
    data = bytearray(newest.read_bytes())
    at_byte = int(keep * (len(data) - 1))
    if flip:
        data[at_byte] ^= 1
    newest.write_bytes(data if flip else data[:at_byte])
    assert [found.step for found in Checkpoints(folder).good()] == [2]


@pytest.mark.parametrize(
    ("damaged", "next_steps", "left"),
    [([20], [25], [25, 10]), ([20], [15], [15, 10]), ([10, 20], [5, 8], [8, 5])],
)
def test_a_damaged_file_takes_no_place_from_those_that_follow(tmp_path, damaged, next_steps, left):
    for path in saved(tmp_path, 10, 20):
        if int(path.name.partition("-")[0]) in damaged:
            path.write_bytes(b"cut")
    assert [found.step for found in Checkpoints(tmp_path).good()] == sorted({10, 20} - {*damaged})
    saved(tmp_path, *next_steps)
    assert [found.step for found in Checkpoints(tmp_path).good()] == left


def test_what_a_killed_process_left_half_written_does_no_harm(tmp_path):
    saved(tmp_path, 2)
    (tmp_path / "partial").write_bytes(b"half")
    assert [found.step for found in Checkpoints(tmp_path).good()] == [2]
    assert [path.name for path in saved(tmp_path, 4)] == [
        path.name for path in sorted(tmp_path.iterdir())
    ]


def test_a_full_disk_is_told_and_stops_nothing(tmp_path, monkeypatch, caplog):
    kept = Checkpoints(tmp_path)
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left")))
    kept.save(at(3))
    assert "no checkpoint at step 3" in caplog.text
    assert list(kept.good()) == []


class Clock:
    """Where a save takes so many seconds."""

    def __init__(self, cost):
        self.now, self.cost, self.saves = 0.0, cost, 0

    def monotonic(self):
        return self.now

    def write(self, checkpoint):
        self.now += self.cost
        self.saves += 1


@pytest.mark.parametrize("cost", [0.001, 0.2, 30.0])
def test_saving_takes_a_hundredth_of_the_time_at_most(tmp_path, monkeypatch, cost):
    monkeypatch.undo()
    clock = Clock(cost)
    monkeypatch.setattr(checkpoints, "time", clock)
    kept = Checkpoints(tmp_path)
    monkeypatch.setattr(kept, "_write", clock.write)
    for step in range(1, 20001):
        clock.now += 0.5
        kept.save(at(1) if step == 1 else Checkpoint({}, (), {}))
    assert 2 <= clock.saves < 20001 * 0.5 / 5 + 1
    assert clock.saves * cost <= 0.01 * clock.now + cost


def put(folder, data):
    """A file under a name that is right."""
    (folder / f"{9:08d}-{hashlib.sha256(data).hexdigest()}.safetensors").write_bytes(data)


def test_hostile_files_run_nothing_and_are_passed_over(tmp_path):
    folder, mark = tmp_path / "kept", tmp_path / "ran"
    saved(folder, 2)
    one = {"state.a": torch.zeros(1)}
    histories = ["[", "null", "7", '{"a": 1}', '[["x", {}]]', "[[1, 2]]", '[[1, {"l1": "x"}]]']
    histories += ["[[Infinity, {}]]", "[" * 100_000]
    torch.save(hostile.Bomb(mark), tmp_path / "torch")
    for data in (
        hostile.pickled(mark),
        (tmp_path / "torch").read_bytes(),
        b"",
        (2**62).to_bytes(8, "little") + b"{}",
        save(one),
        save(one | {"sheet.../../../ran": torch.zeros(1, dtype=torch.uint8)}, {"history": "[]"}),
        *(save(one, {"history": text}) for text in histories),
    ):
        put(folder, data)
    assert [found.step for found in Checkpoints(folder).good()] == [2]
    assert not mark.exists()


def test_a_history_keeps_every_bit(tmp_path):
    exact = [Report(1, {"l1": 0.1 + 0.2, "generator": 1e-310, "d_real": 1 / 3})]
    Checkpoints(tmp_path).save(Checkpoint({}, exact, {}))
    (found,) = Checkpoints(tmp_path).good()
    assert list(found.history) == exact
    assert json.loads(json.dumps(exact[0].values)) == exact[0].values
