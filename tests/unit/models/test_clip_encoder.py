import pytest
import torch
from torch.distributions import Normal, kl_divergence

from vidpipe.models.clip_encoder import SPAN, ClipEncoder, Gaussian, MotionWalk


def encoder(**changes):
    torch.manual_seed(0)
    return ClipEncoder(
        **{"size": 8, "channels": 4, "width": 8, "content": 5, "motion": 3, **changes}
    )


def gaussian(*shape):
    return Gaussian(torch.randn(*shape), torch.randn(*shape))


def test_divergence_is_that_of_normal_distributions():
    one, other = gaussian(6, 4, 3), gaussian(6, 4, 3)
    normal = [Normal(mean, (log / 2).exp()) for mean, log in (one, other)]
    expected = kl_divergence(*normal).sum((1, 2)).mean()
    torch.testing.assert_close(one.divergence(other), expected)
    assert one.divergence(one) == 0
    at_rest = Gaussian.standard(one.mean)
    torch.testing.assert_close(
        one.divergence(at_rest), kl_divergence(normal[0], Normal(0.0, 1.0)).sum((1, 2)).mean()
    )


def test_codes_are_drawn_around_their_means():
    torch.manual_seed(0)
    log_variance = torch.tensor([0.0, -4.0]).expand(5000, 2)
    codes = Gaussian(torch.tensor([1.0, -2.0]).expand(5000, 2), log_variance).draw()
    torch.testing.assert_close(codes.mean(0), torch.tensor([1.0, -2.0]), atol=0.05, rtol=0)
    torch.testing.assert_close(codes.std(0), torch.tensor([1.0, 0.135]), atol=0.05, rtol=0)


def test_variances_are_held_to_sensible_ones():
    held = Gaussian.of(torch.zeros(1, 3), torch.tensor([[-50.0, 0.0, 50.0]]))
    assert held.log_variance.tolist() == [[-6, 0, 2]]


@pytest.mark.parametrize(
    ("size", "channels", "frames"), [(8, 4, 16), (32, 3, 8), (4, 8, 5), (16, 1, 1)]
)
def test_codes_have_the_shape_that_is_asked_for(size, channels, frames):
    made = encoder(size=size, channels=channels)
    content, motion = made(torch.randn(2, channels, frames, size, size))
    assert [part.shape for part in content] == [(2, 5)] * 2
    assert [part.shape for part in motion] == [(2, frames, 3)] * 2


def test_a_code_of_motion_is_told_from_frames_nearby():
    made = encoder()
    clips = torch.randn(1, 4, 16, 8, 8)
    other = clips.clone()
    other[:, :, 12] += 1
    codes, others = made(clips)[1].mean, made(other)[1].mean
    # A frame shows in the change to the one after it, too.
    first, last = 12 - SPAN // 2, 13 + SPAN // 2
    same = (codes == others).all(2)[0]
    assert same[:first].all()
    assert same[last + 1 :].all()
    assert not same[first : last + 1].any()


def test_a_walk_predicts_the_codes_that_it_makes():
    torch.manual_seed(0)
    walk = MotionWalk(content=5, motion=3, memory=12)
    content, noise = torch.randn(2, 5), torch.randn(2, 7, 3)
    codes = walk(content, noise)
    predicted = walk.predict(content, codes)
    assert codes.shape == (2, 7, 3)
    torch.testing.assert_close(predicted.at(noise), codes)
    torch.testing.assert_close(walk(content, torch.zeros(2, 1, 3))[:, 0], predicted.mean[:, 0])


def test_a_walk_learns_what_follows_what():
    torch.manual_seed(0)
    walk = MotionWalk(content=2, motion=1, memory=16)
    content = torch.eye(2)  # the first walks up, the other to and fro
    codes = torch.stack([torch.arange(8.0) / 4, torch.arange(8) % 2 * 1.0]).unsqueeze(2)
    optimizer = torch.optim.Adam(walk.parameters(), lr=0.02)
    sharp = Gaussian(codes, torch.full_like(codes, -4))
    losses = []
    for _ in range(150):
        loss = sharp.divergence(walk.predict(content, codes))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.1 * losses[0]
    torch.testing.assert_close(walk(content, torch.zeros(2, 8, 1)), codes, atol=0.3, rtol=0)
