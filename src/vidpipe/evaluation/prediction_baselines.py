"""Predictors without a network, which a trained one must beat.

Shapes: b batch, k frames of a window, c channels, h w pixels, float in [-1, 1].
"""

import functools
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from vidpipe.evaluation.prediction import Predictor
from vidpipe.models.flow import Flow, blur, compose, look_up_sharp, optical_flow
from vidpipe.models.flow_generator import extrapolate
from vidpipe.models.shapes import WindowBatch
from vidpipe.models.windows import padded

HISTORY = 5  # frames of the window that flows are extrapolated from
BLUR = 0.5  # pixels of standard deviation
MEAN_SHARE = 0.1

COPY_LAST = "copy_last"
FITTED_FLOW = "fitted_flow"

Predicted = Float[Tensor, "b steps c h w"]
Flows = Float[Tensor, "b k1 2 h w"]


def baselines(
    mean_frame: Float[Tensor, "c h w"], velocity: Float[Tensor, "2 k1"]
) -> dict[str, Predictor]:
    """Return all baselines by name.

    Args:
        mean_frame: Mean of the frames that are seen in training.
        velocity: Weights of past flows, fitted to those frames: see `fit_velocity`.
    """
    # Both that move look at the same window in turn, and its flows take longer than all the rest.
    flows_of = functools.lru_cache(maxsize=1)(past_flows)
    return {
        COPY_LAST: copy_last,
        "blurred_copy": blur_copies,
        "mean_mix": lambda window, steps: torch.lerp(
            copy_last(window, steps), mean_frame, MEAN_SHARE
        ),
        "constant_flow": lambda window, steps: move_on(
            window, steps, lambda flows: flows[:, -1], past_of=flows_of
        ),
        FITTED_FLOW: lambda window, steps: move_on(
            window, steps, lambda flows: extrapolate(flows, velocity), past_of=flows_of
        ),
    }


def copy_last(window: WindowBatch, steps: int) -> Predicted:
    """Stand still."""
    return window[:, -1:].expand(-1, steps, -1, -1, -1)


def blur_copies(window: WindowBatch, steps: int) -> Predicted:
    """Stand still, slightly blurred: a smaller squared error by giving away detail."""
    return copy_last(blur(window[:, -1], BLUR).unsqueeze(1), steps)


@torch.no_grad()
def past_flows(window: WindowBatch) -> Flows:
    """Return the flows between the last frames of a window, the oldest first."""
    past = padded(window[:, -HISTORY:], HISTORY)
    flows = optical_flow(past[:, :-1].flatten(0, 1), past[:, 1:].flatten(0, 1))
    return torch.unflatten(flows, 0, (len(window), -1))


@torch.no_grad()
def move_on(
    window: WindowBatch,
    steps: int,
    velocity: Callable[[Flows], Flow],
    *,
    past_of: Callable[[WindowBatch], Flows] = past_flows,
) -> Predicted:
    """Move the last frame as a rule says that the motion of the past goes on.

    Args:
        window: Frames of the past.
        steps: Number of frames.
        velocity: Returns the flow to come from the past flows, the oldest first.
        past_of: Returns those; one may remember them.
    """
    flows = past_of(window)

    # Displacements add up, and the last real frame is looked up once.
    displacement = torch.zeros_like(flows[:, -1])
    frames = []
    for _ in range(steps):
        following = velocity(flows)
        flows = torch.cat([flows[:, 1:], following.unsqueeze(1)], dim=1)
        displacement = compose(displacement, following)
        frames.append(look_up_sharp(window[:, -1], displacement).clamp(-1, 1))
    return torch.stack(frames, dim=1)
