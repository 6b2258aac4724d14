import moving
import pytest
import torch

from vidpipe.evaluation.clips import measure, score

COUNT = 300


class ByColour:
    """A judge that needs no training: what a clip's motion looks like, coarsely, is its action."""

    def __init__(self):
        rng = torch.Generator().manual_seed(0)
        self.classes = len(moving.ACTIONS)
        self.logits = torch.nn.Linear(24, self.classes + 1)
        self.project = torch.randn(24, 7 * 16, generator=rng) / 4

    def features(self, clips):
        change = clips.diff(dim=2).abs().mean(1, keepdim=True)
        return torch.nn.functional.avg_pool3d(change, (1, 4, 4)).flatten(1) @ self.project.T


@pytest.fixture(scope="module")
def real():
    return measure(moving.clips(COUNT, seed=1)[0], ByColour())


@pytest.fixture(scope="module")
def fresh():
    """As many others, of the same kind."""
    return moving.clips(COUNT, seed=2)[0]


def distances(clips, real):
    numbers = score(measure(clips, ByColour()), real)
    return {name: numbers[f"frechet_{name}"] for name in ("frames", "diff", "actions")}


WORSE = {
    "noise": [lambda clips, n=n: moving.noisy(clips, n) for n in (10.0, 30.0, 60.0)],
    "blur": [lambda clips, n=n: moving.blurred(clips, n) for n in (3, 7)],
    "shuffled frames": [
        lambda clips, n=n: torch.cat([moving.shuffled(clips[:n]), clips[n:]]) for n in (150, 300)
    ],
    "frozen video": [lambda clips, n=n: moving.frozen(clips, n) for n in (5, 3, 1)],
    "dropped classes": [
        lambda clips, n=n: moving.clips(COUNT, seed=2, actions=range(n))[0] for n in (4, 2, 1)
    ],
}


@pytest.mark.parametrize("name", ["frames", "diff", "actions"])
@pytest.mark.parametrize("harm", WORSE)
def test_each_distance_grows_with_what_is_wrong(real, fresh, harm, name):
    clips = [fresh, *(worse(fresh) for worse in WORSE[harm])]
    grown = [distances(some, real)[name] for some in clips]
    assert grown == sorted(grown)
    assert grown[-1] > 1.2 * grown[0]
