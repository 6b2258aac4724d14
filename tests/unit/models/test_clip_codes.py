import numpy as np
import pytest
import torch
from support import games, parameters

from vidpipe.config.loader import check
from vidpipe.models import convlstm_gan, mocogan
from vidpipe.models.clip_codes import coded_options
from vidpipe.models.clip_gan import ClipData
from vidpipe.models.registry import CLIP_GANS
from vidpipe.utils.errors import UserError
from vidpipe.utils.names import model_name

every_gan = pytest.mark.parametrize("network", CLIP_GANS, ids=model_name)
LABELS, GROUPS = 3, 2


def game(network=mocogan, **hyperparameters):
    return games.clips(network, space="latent", encoder=8, **hyperparameters)


def drawn(state, objective, seed=0):
    return objective.sample_batch(state.generator, torch.Generator().manual_seed(seed))


@every_gan
def test_clips_of_any_length_go_on(network):
    state, objective = game(network)
    made = state.generator.eval()
    _, real = drawn(state, objective)
    long = made.prior_for(40).draw(2, torch.Generator().manual_seed(0))
    pictures = real[:, :, 0]
    clips = made(made.source(long, pictures))
    short = made(made.source(long[:, : made.prior.latent], pictures))
    assert clips.shape == (2, 4, 40, 8, 8)
    # The last frames see those after them, if there are any.
    torch.testing.assert_close(clips[:, :, :4], short[:, :, :4])


@every_gan
def test_every_second_clip_is_a_real_one_made_again(network):
    state, objective = game(network)
    made = state.generator
    source, real = drawn(state, objective)
    torch.manual_seed(1)
    clips, losses = objective.generate_with_losses(made, source, real)
    torch.manual_seed(1)
    others, _ = objective.generate_with_losses(made, source, real + torch.randn_like(real))
    names = {"reconstruction", "motion_divergence", "walk"}
    names |= {"content_divergence"} if made.encodes_content else set()
    assert set(losses) - {"mask"} == names
    assert clips.shape == real.shape
    assert not torch.allclose(clips[1], others[1])
    # Batch norm alone ties one clip to another.
    made.eval()
    content, motion = made.unroll(source)
    motion[1] += 1
    expected, _ = made.compose(source, content, motion)
    again, _ = objective.generate_with_losses(made, source, real)
    torch.testing.assert_close(again[:1], expected[:1])


@every_gan
def test_one_clip_is_made_again_by_heart(network):
    state, objective = game(network)
    made = state.generator
    source, real = drawn(state, objective)
    real = torch.full_like(real, -0.8)
    for t in range(8):
        real[:, 0, t, 2:6, t] = 0.8  # a bar that crosses the picture
    source = made.source(made.noise_of(source), real[:, :, 0])
    optimizer = torch.optim.Adam(made.parameters(), lr=0.003, fused=True)
    for _ in range(300):
        _, losses = objective.generate_with_losses(made, source, real)
        optimizer.zero_grad()
        losses["reconstruction"].backward()
        optimizer.step()
    # What has learnt where the bar is when leaves a picture without it far behind.
    without = objective.reconstruction * (real + 0.8).square().mean()
    assert losses["reconstruction"] < 0.2 * without


@every_gan
def test_codes_of_many_clips_are_those_of_each(network):
    state, objective = game(network)
    made, rng = state.generator.eval(), torch.Generator()
    condition, motion = made.encode_motion(objective.real, 70, rng.manual_seed(0))
    windows = objective.real.draw(70, rng.manual_seed(0))
    clips = objective.real.read(windows)
    expected = made.encoder(clips)[1]
    for one, other in zip(motion, expected, strict=True):
        torch.testing.assert_close(one, other)
        assert not one.requires_grad
    assert torch.equal(condition[:, :LABELS].argmax(1), windows.label)
    if made.content.groups:
        assert torch.equal(condition[:, LABELS : LABELS + GROUPS].argmax(1), windows.group)


def test_the_adversarial_loss_leaves_the_walk_as_it_is_and_its_own_moves_it_alone():
    state, objective = game(convlstm_gan)
    made = state.generator
    source, real = drawn(state, objective)
    clips, losses = objective.generate_with_losses(made, source, real)
    others = losses["reconstruction"] + losses["motion_divergence"]
    (clips.square().mean() + others).backward(retain_graph=True)
    of_walk = [*made.walk.parameters(), *made.walk_features.parameters()]
    assert all(p.grad is None for p in of_walk)
    made.zero_grad()
    losses["walk"].backward()
    assert all(p.grad is not None for p in of_walk)
    own = {id(p) for p in of_walk}
    assert all(p.grad is None for p in made.parameters() if id(p) not in own)


def test_of_an_odd_number_of_clips_the_error_is_the_mean_over_those_made_again():
    state, objective = game()
    objective.batch = 5
    made = state.generator.eval()
    source, real = drawn(state, objective)
    torch.manual_seed(1)
    clips, losses = objective.generate_with_losses(made, source, real)
    expected = objective.reconstruction * (clips - real)[1::2].square().mean()
    torch.testing.assert_close(losses["reconstruction"], expected)


def test_noise_names_the_group_of_the_clip_beside_it():
    state, objective = game()
    assert state.generator.content.groups == ("x", "y")
    windows = objective.real.draw(50, torch.Generator().manual_seed(0))
    rng = torch.Generator().manual_seed(1)
    noise = objective.prior.draw(50, rng, windows.label, windows.group)
    assert torch.equal(noise[:, LABELS : LABELS + GROUPS].argmax(1), windows.group)
    assert torch.equal(windows.group, torch.where(windows.label == 0, 1, 0))


def named(caplog, *, latent=13, groups=True, count=4):
    """What noise names of clips of five labels and some groups."""
    model = check(parameters.changed("gan3d.model.latent", latent)).gan3d.model
    model = model.model_copy(update={"groups": groups})
    names = {"labels": tuple("abcde"), "groups": tuple("stuv"[:count])}
    frames, index = np.zeros((1, 8, 8, 3), np.uint8), np.zeros((1, 16), np.int32)
    device = torch.device("cpu")
    data = ClipData(frames, index, index[:, 0], split="train", device=device, **names)
    caplog.set_level("INFO")
    prior = coded_options("gan3d", model, data)["prior"]
    return prior.codes, prior.groups, caplog.text


def test_groups_are_named_where_noise_has_room(caplog):
    assert named(caplog) == (9, tuple("stuv"), "")


def test_groups_that_leave_too_few_numbers_are_not_named_and_that_is_said(caplog):
    codes, groups, said = named(caplog, latent=12)
    assert (codes, groups) == (5, ())
    assert "gan3d: noise does not name the 4 groups" in said
    assert "gan3d.model.latent: 13 or more, got 12" in said


@pytest.mark.parametrize("without", [{"groups": False}, {"count": 0}])
def test_nothing_is_said_of_groups_that_nobody_wants_or_has(caplog, without):
    assert named(caplog, latent=12, **without) == (5, (), "")


def test_more_labels_than_noise_has_numbers_are_refused(caplog):
    with pytest.raises(UserError, match=r"5 labels, each of which takes one of noise's 4 numbers"):
        named(caplog, latent=4)
