import torch

from vidpipe.models.windows import push, stack_window


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
