import operator

import torch
from torch import nn
from torch.optim.adam import adam

from vidpipe.training.optimizer import fused_adam, moments, set_learning_rate


def network():
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(16, 2))
    layers[0].weight.data = layers[0].weight.data.contiguous(memory_format=torch.channels_last)
    return layers


def batch(number):
    return torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(number))


def step(optimizer, loss):
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def test_it_steps_as_the_function_beneath_it_bit_by_bit():
    ours, theirs = network(), network()
    optimizer = fused_adam(ours, learning_rate=1e-2, betas=(0.5, 0.9))
    weights = list(theirs.parameters())
    firsts, seconds = ([torch.zeros_like(w) for w in weights] for _ in range(2))
    steps = [torch.zeros(()) for _ in weights]
    for number in range(5):
        rate = 1e-2 / (number + 1)
        set_learning_rate(optimizer, rate)
        step(optimizer, ours(batch(number)).square().sum())
        grads = torch.autograd.grad(theirs(batch(number)).square().sum(), weights)
        with torch.no_grad():
            adam(
                weights, list(grads), firsts, seconds, [], steps, fused=True, amsgrad=False,
                beta1=0.5, beta2=0.9, lr=rate, weight_decay=0.0, eps=1e-8, maximize=False,
            )  # fmt: skip
    assert all(torch.equal(*pair) for pair in zip(ours.parameters(), weights, strict=True))
    for number, (first, second) in enumerate(zip(firsts, seconds, strict=True)):
        assert torch.equal(moments(optimizer)[f"{number}.exp_avg"], first)
        assert torch.equal(moments(optimizer)[f"{number}.exp_avg_sq"], second)


def test_parts_with_a_rate_factor_step_as_at_that_rate():
    start, one, other = network(), network(), network()
    for layers, rates in ((one, {"2": 0.5}), (other, {})):
        optimizer = fused_adam(layers, learning_rate=1e-2, rate_factors=rates)
        set_learning_rate(optimizer, 2e-2)
        step(optimizer, layers(batch(0)).square().sum())
    for name, weight in start.named_parameters():
        moved = [layers.get_parameter(name) - weight for layers in (one, other)]
        torch.testing.assert_close(moved[0], moved[1] * (0.5 if name.startswith("2") else 1.0))


def test_moments_are_in_the_order_of_the_weights_whatever_their_rates():
    layers = nn.Sequential(*(nn.Linear(2, 2) for _ in range(3)))
    optimizer = fused_adam(layers, learning_rate=1e-2, rate_factors={"0": 0.5, "2": 0.5})
    assert len(optimizer.param_groups) == 2
    assert all(map(operator.is_, optimizer.state, layers.parameters()))


def test_moments_are_there_before_the_first_step_and_lie_in_memory_as_the_weights():
    layers = network()
    optimizer = fused_adam(layers, learning_rate=1.0)
    first = moments(optimizer)["0.exp_avg"]
    step(optimizer, layers(batch(0)).sum())
    assert moments(optimizer)["0.exp_avg"] is first
    assert first.stride() == layers[0].weight.stride()
    assert int(moments(optimizer)["0.step"]) == 1


def test_what_a_loss_does_not_depend_on_stays_with_its_moments():
    layers = network()
    optimizer = fused_adam(layers, learning_rate=1.0)
    before = [weight.clone() for weight in layers.parameters()]
    layers(batch(0)).sum().backward()  # forgotten
    step(optimizer, layers[0](batch(0)).sum())
    pairs = zip(before, layers.parameters(), strict=True)
    assert [not torch.equal(*pair) for pair in pairs] == [True, True, False, False]
    steps = [int(moments(optimizer)[f"{number}.step"]) for number in range(4)]
    assert steps == [1, 1, 0, 0]
