import pytest
import torch
from support.predictors import Adding

from vidpipe.models.windows import Motion, Past, padded, push, roll_out, stack_window


def numbered(*levels):
    return stack_window([torch.full((1, 3, 4, 4), level) for level in levels])


def levels(frames):
    return frames[:, :, 0, 0, 0].tolist()


def test_a_window_is_pushed_on_by_a_frame():
    one, two, three = (torch.full((2, 3, 4, 4), float(n)) for n in range(3))
    window = push(stack_window([one, two]), three)
    assert window.shape == (2, 2, 3, 4, 4)
    assert torch.equal(window[:, 0], two)
    assert torch.equal(window[:, 1], three)
    assert window[:, 1].stride()[1:] == (1, 12, 3), "channels last"


def test_the_window_of_one_frame_keeps_the_memory_layout_of_the_prediction():
    frame = torch.zeros(2, 3, 4, 4).contiguous(memory_format=torch.channels_last)
    window = push(torch.zeros(2, 1, 3, 4, 4), frame)
    assert window.shape == (2, 1, 3, 4, 4)
    assert window[:, -1].stride() == frame.stride()


def test_a_window_that_is_too_short_begins_with_a_still():
    assert levels(padded(numbered(0.5, 0.75), 4)) == [[0.5, 0.5, 0.5, 0.75]]
    assert levels(padded(numbered(0.5, 0.75), 2)) == [[0.5, 0.75]]


def test_a_generator_returns_the_frame_after_the_last():
    past = Past(numbered(0.25, 0.5))
    assert torch.equal(past.last, past.frames[:, 1])
    assert torch.equal(Adding(0.25, history=2)(past), past.last + 0.25)


def test_windows_are_taken_with_all_that_is_known_of_them():
    numbers = torch.arange(3.0)
    flows = numbers.view(3, 1, 1, 1, 1).expand(3, 1, 2, 4, 4)
    motion = Motion(flows, numbers.view(3, 1, 1, 1).expand(3, 3, 4, 4), flows[:, 0])
    past = Past(torch.stack([numbered(n)[0] for n in numbers]), motion, numbers[:, None])
    taken = past.take(torch.tensor([2, 0, 2]))
    parts = (taken.frames, taken.motion.flows, taken.motion.last_real, taken.motion.displacement)
    for part in (*parts, taken.noise):
        assert part.flatten(1)[:, 0].tolist() == [2, 0, 2]
    assert Past(past.frames).take(torch.tensor([1])).noise is None


def test_a_rollout_has_as_many_frames_as_asked_and_each_is_made_of_the_one_before():
    frames = roll_out(Adding(0.1), torch.zeros(2, 1, 3, 4, 4), 3)
    torch.testing.assert_close(frames[:, :, 0, 0, 0], torch.tensor([[0.1, 0.2, 0.3]] * 2))


def test_a_rollout_stays_between_black_and_white():
    assert levels(roll_out(Adding(0.75), numbered(0.0), 3)) == [[0.75, 1.0, 1.0]]


@pytest.mark.parametrize("training", [True, False])
def test_a_rollout_is_without_gradients_and_dropout_and_changes_no_mode(training):
    generator = Adding().train(training)
    roll_out(generator, numbered(0.0).requires_grad_(), 2)
    assert generator.calls == 2 * [{"gradients": False, "training": False}]
    assert generator.training == training


def test_a_rollout_begins_with_as_many_frames_as_the_generator_looks_at():
    class Seen(Adding):
        def begin(self, window):
            self.window = window
            return super().begin(window)

    generator = Seen(history=2)
    roll_out(generator, numbered(0.0, 0.25, 0.5), 1)
    assert levels(generator.window) == [[0.25, 0.5]]
