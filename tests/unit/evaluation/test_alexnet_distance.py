import torch

from vidpipe.evaluation.alexnet_distance import distances

WEIGHTS = {"lin0.model.1.weight": torch.tensor([2.0, 1.0]).view(1, 2, 1, 1)}
RNG = torch.Generator().manual_seed(0)
SETS, REFERENCE = torch.rand(3, 2, 2, 4, 4, generator=RNG), torch.rand(2, 2, 4, 4, generator=RNG)


def test_directions_are_compared_and_weighed():
    def colours(weights, frame):
        yield frame

    right = torch.tensor([3.0, 0.0]).view(1, 2, 1, 1).expand(-1, -1, 4, 4)
    up = torch.tensor([0.0, 0.5]).view(1, 2, 1, 1).expand(-1, -1, 4, 4)
    assert distances(colours, WEIGHTS, right, up).tolist() == [2 + 1]
    assert distances(colours, WEIGHTS, right, 2 * right).tolist() == [0]


def test_sets_have_the_bits_of_each_alone_and_a_reference_is_looked_at_once():
    looked_at = []

    def colours(weights, frame):
        looked_at.append(frame)
        yield frame

    together = distances(colours, WEIGHTS, SETS, REFERENCE)
    assert len(looked_at) == 3 * 2 + 2
    assert together.shape == (3, 2)
    alone = [distances(colours, WEIGHTS, frames, REFERENCE) for frames in SETS]
    assert together.equal(torch.stack(alone))
