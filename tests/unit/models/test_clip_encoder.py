import pytest
import torch
from torch.distributions import (
    Categorical,
    Independent,
    MixtureSameFamily,
    Normal,
    kl_divergence,
)

from vidpipe.models.clip_encoder import SPAN, ClipEncoder, Gaussian, Mixture, MotionWalk


def encoder(**changes):
    torch.manual_seed(0)
    return ClipEncoder(
        **{"size": 8, "channels": 4, "width": 8, "content": 5, "motion": 3, **changes}
    )


def gaussian(*shape):
    return Gaussian(torch.randn(*shape), torch.randn(*shape))


def test_divergence_is_that_of_normal_distributions_from_the_standard_one():
    one = gaussian(6, 4, 3)
    normal = Normal(one.mean, (one.log_variance / 2).exp())
    expected = kl_divergence(normal, Normal(0.0, 1.0)).sum((1, 2)).mean()
    torch.testing.assert_close(one.divergence(), expected)
    zeros = torch.zeros(6, 4, 3)
    assert Gaussian(zeros, zeros).divergence() == 0


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


def test_content_of_no_numbers_is_not_encoded():
    made = encoder(content=0)
    content, motion = made(torch.randn(2, 4, 16, 8, 8))
    assert content is None
    assert motion.mean.shape == (2, 16, 3)


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


def mixture(*shape, parts=2):
    return Mixture(torch.randn(*shape, parts).log_softmax(-1), gaussian(*shape, parts, 3))


def as_distribution(made):
    normal = Normal(made.parts.mean, (made.parts.log_variance / 2).exp())
    return MixtureSameFamily(Categorical(logits=made.log_weights), Independent(normal, 1))


def test_entropy_and_density_are_those_of_the_distributions():
    torch.manual_seed(0)
    one, mixed, codes = gaussian(6, 4, 3), mixture(6, 4), torch.randn(6, 4, 3)
    normal = Normal(one.mean, (one.log_variance / 2).exp())
    torch.testing.assert_close(one.entropy(), normal.entropy().sum((1, 2)).mean())
    expected = as_distribution(mixed).log_prob(codes).sum(1).mean()
    torch.testing.assert_close(mixed.log_density(codes), expected)


def test_noise_chooses_parts_as_often_as_their_weights_say():
    torch.manual_seed(0)
    weights = torch.tensor([0.5, 0.0, 0.2, 0.3])
    means = torch.arange(4.0).unsqueeze(1)
    sharp = Gaussian(means, torch.full_like(means, -6))
    one = Mixture(weights.log(), sharp)
    made = Mixture(
        one.log_weights.expand(9000, 4), Gaussian(*(part.expand(9000, 4, 1) for part in one.parts))
    )
    codes = made.at(torch.randn(9000, 2))
    shares = codes.squeeze(1).round().long().bincount(minlength=4) / 9000
    torch.testing.assert_close(shares, weights, atol=0.02, rtol=0)
    assert made.at(torch.tensor([[0.0, 40.0]]).expand(9000, 2)).round().eq(3).all()


def test_a_walk_predicts_the_codes_that_it_makes():
    torch.manual_seed(0)
    walk = MotionWalk(category=5, motion=3, memory=12)
    category, noise = torch.randn(2, 5), torch.randn(2, 7, 4)
    codes = walk(category, noise)
    predicted = walk.predict(category, codes)
    assert codes.shape == (2, 7, 3)
    assert walk.noise == 4
    torch.testing.assert_close(predicted.at(noise), codes)


def test_a_walk_without_a_category_is_one_that_nothing_steers():
    walk = MotionWalk(category=0, motion=3, memory=12)
    assert walk(torch.empty(2, 0), torch.randn(2, 7, 4)).shape == (2, 7, 3)


def test_a_walk_learns_what_follows_what():
    torch.manual_seed(0)
    walk = MotionWalk(category=2, motion=1, memory=16)
    # The first walks up; the second goes to one side or to the other, and never stays between.
    category = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    up, side = torch.arange(8.0) / 4, torch.ones(8)
    codes = torch.stack([up, side, -side]).unsqueeze(2)
    optimizer = torch.optim.Adam(walk.parameters(), lr=0.01)
    losses = []
    for _ in range(200):
        loss = -walk.predict(category, codes + 0.1 * torch.randn_like(codes)).log_density(codes)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] - 8

    made = walk(category[[0, 1]].repeat_interleave(50, 0), torch.randn(100, 8, 2)).detach()
    climbed, sides = made[:50].squeeze(2), made[50:].squeeze(2)
    torch.testing.assert_close(climbed.mean(0), up, atol=0.3, rtol=0)
    assert (sides[:, -1].abs() - 1).abs().median() < 0.3
    assert 10 < (sides[:, -1] > 0).sum() < 40
