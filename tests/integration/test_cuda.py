"""On a CUDA device: every model learns as on the CPU, with no operator that has no fixed order."""

import math
from functools import partial

import numpy as np
import pytest
import torch
from support import games
from support.clip_generators import Latents, kept_with_autoencoder
from support.moving_pictures import drifting

from vidpipe.evaluation import st_lpips
from vidpipe.evaluation.clip_diagnostics import clip_diagnostics
from vidpipe.evaluation.clip_measures import clip_statistics, score_clips
from vidpipe.evaluation.prediction import predicted_clips, score_one_steps, score_rollouts
from vidpipe.evaluation.prediction_baselines import HISTORY, baselines
from vidpipe.models import mocogan
from vidpipe.models.action_classifier import ActionClassifier
from vidpipe.models.autoencoder import Autoencoder, AutoencoderLoss
from vidpipe.models.clip_sampling import ClipSampler
from vidpipe.models.flow_generator import FlowGenerator
from vidpipe.models.pix2pix import MotionObjective, PairData, fitted_velocity
from vidpipe.models.pixels import to_float, to_uint8
from vidpipe.models.registry import CLIP_GANS
from vidpipe.models.windows import roll_out
from vidpipe.training.adversarial import TrainState, update
from vidpipe.training.loop import step_rng
from vidpipe.training.runtime import start
from vidpipe.training.single import fit_network
from vidpipe.training.trainer import place
from vidpipe.utils.names import model_name

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device"),
]

HYPERPARAMETERS = {"loss": "relativistic", "r1": 0.2, "r2": 0.2, "learning_rate": 1e-4}
CLIPS = {model_name(network): partial(games.clips, network) for network in CLIP_GANS}
CLIPS["mocogan of latents"] = partial(games.clips, mocogan, space="latent")
CLIPS |= {
    f"{model_name(network)} with an encoder": partial(
        games.clips, network, space="latent", encoder=8
    )
    for network in CLIP_GANS
}
CLIPS["mocogan as published"] = partial(games.clips, mocogan, paint="transposed")
PREDICTORS = {
    "pix2pix that paints": {},
    "pix2pix that moves": {"motion": "flow", "history": 3},
    "pix2pix of several futures": {"motion": "flow", "history": 3, "latent": 2},
}
NAMES = (*CLIPS, *PREDICTORS, "dcgan")


def machine(device, precision="fp32"):
    return start(device=device, precision=precision, threads=2, determinism="machine")


def game(name, machine):
    """State and objective of a model, small, from the same first weights everywhere."""
    if name in CLIPS:
        state, objective = CLIPS[name](**HYPERPARAMETERS)
        objective.real.device = machine.device
    elif name in PREDICTORS:
        state, objective = games.pix2pix(dropout=0.0, **PREDICTORS[name], **HYPERPARAMETERS)
        on_device = {key: value for key, value in vars(objective).items() if torch.is_tensor(value)}
        for key, tensor in on_device.items():
            setattr(objective, key, tensor.to(machine.device))
    else:
        state, objective = games.dcgan(norm="none", **HYPERPARAMETERS)
        objective.real = objective.real.to(machine.device)
    for network in state.networks.by_name().values():
        for layer in network.modules():
            if isinstance(layer, torch.nn.Dropout):
                layer.p = 0.0  # its random numbers differ from device to device
    return TrainState(place(state.networks, machine), state.hyperparameters), objective


def losses(name, device, precision="fp32", steps=2):
    place = machine(device, precision)
    state, objective = game(name, place)
    found = [
        update(state, objective, step=step, rng=step_rng(0, step), autocast=place.autocast)
        for step in range(1, steps + 1)
    ]
    return state, [{key: value.item() for key, value in one.items()} for one in found]


@pytest.mark.parametrize("name", NAMES)
def test_a_model_learns_as_on_the_cpu(name):
    _, here = losses(name, "cpu")
    _, there = losses(name, "cuda")
    for cpu, cuda in zip(here, there, strict=True):
        assert cuda == pytest.approx(cpu, rel=5e-3, abs=5e-3)


@pytest.mark.parametrize("name", NAMES)
def test_a_model_learns_in_bf16(name):
    _, found = losses(name, "cuda", "bf16", steps=4)
    assert all(math.isfinite(value) for one in found for value in one.values())


@pytest.mark.parametrize("name", NAMES)
def test_two_runs_give_the_same_weights(name):
    one, other = (losses(name, "cuda", "bf16", steps=4)[0].state_dict() for _ in range(2))
    assert all(torch.equal(one[key], other[key]) for key in one)


def test_what_was_learnt_there_goes_on_here():
    there, _ = losses("gan3d", "cuda")
    here, _ = game("gan3d", machine("cpu"))
    here.load_state_dict(there.state_dict())
    for key, value in there.state_dict().items():
        assert torch.equal(here.state_dict()[key], value.cpu())


def test_frames_stay_as_bytes_on_the_device():
    frames = torch.zeros(3, 8, 8, 3, dtype=torch.uint8).numpy()
    arrays = {"frames": frames, "frame_split": np.array(3 * ["seen"]), "frame_shot": np.zeros(3)}
    data = PairData.of(arrays, torch.device("cuda"))
    assert data.frames.is_cuda
    assert data.frames.dtype == torch.uint8


# What trains and scores outside of `update`: on the device as on the CPU.

STEPS = 3


def footage(device):
    """Frames of a texture that moves, as bytes; all follow each other."""
    return PairData(to_uint8(drifting(16, (0.6, -0.4))).to(device), np.arange(16, 0, -1))


def scores_of_predictors(device):
    """Errors and distances of rollouts, frames that are shown: of a network and of baselines."""
    place = machine(device)
    data = footage(place.device)
    frames = data.frames
    torch.manual_seed(0)
    generator = place.place(FlowGenerator(size=64, channels=3, width=4, history=3).eval())
    mean_frame = to_float(frames[torch.arange(16) < 12]).mean(0)
    velocity = fitted_velocity(data, HISTORY)
    generator.velocity.data.copy_(velocity[:, :2])
    predictors = {"model": partial(roll_out, generator), **baselines(mean_frame, velocity)}

    def shown(index):
        return to_float(frames[torch.from_numpy(index)])

    # One start is followed by fewer frames than the other.
    starts, ahead, found = np.array([4, 13]), np.array([STEPS, 2]), []
    distance = st_lpips.load()
    rollouts = score_rollouts(
        predictors, shown, starts, ahead, STEPS,
        history=HISTORY, similarity=predictors,
        distances={"st_lpips": distance} if distance else {}, distance_at=(1,),
    )  # fmt: skip
    for name, predictor in predictors.items():
        one_steps = score_one_steps(predictor, shown, starts, ahead, STEPS, history=HISTORY)
        rollout = rollouts[name]
        found += [rollout.error, rollout.ssim, one_steps.error, *rollout.perceptual.values()]
    clips = predicted_clips(predictors, shown, starts[0], STEPS, history=HISTORY)
    return found, {name: clip.cpu() for name, clip in clips.items()}


def test_predictions_are_scored_as_on_the_cpu():
    (here, clips_here), (there, clips_there) = map(scores_of_predictors, ("cpu", "cuda"))
    for cpu, cuda in zip(here, there, strict=True):
        np.testing.assert_allclose(cuda, cpu, rtol=1e-2, atol=1e-3)
    for name, clip in clips_here.items():
        torch.testing.assert_close(clips_there[name], clip, atol=1e-2, rtol=0)


def test_flows_to_learn_from_are_estimated_there():
    options = {"history": 3, "batch": 2, "l1_weight": 1.0, "noise": 0.1, "views": 1.0}
    options |= {"pushforward": 0, "history_dropout": 0.5, "latent": 0}
    draws = []
    for device in ("cpu", "cuda"):
        objective = MotionObjective(footage(machine(device).device), **options)
        past, target = objective.sample_batch(None, torch.Generator().manual_seed(0))
        draws.append([past.frames.cpu(), past.motion.flows.cpu(), target.cpu()])
    for cpu, cuda in zip(*draws, strict=True):
        torch.testing.assert_close(cuda, cpu, atol=1e-2, rtol=0)


@pytest.mark.parametrize("name", CLIPS)
def test_diagnostics_are_measured_as_on_the_cpu(name):
    found = []
    for device in ("cpu", "cuda"):
        state, objective = game(name, machine(device))
        found.append(clip_diagnostics(state, objective, objective, seed=0))
    assert found[1] == pytest.approx(found[0], rel=1e-2, abs=1e-2)


def test_an_autoencoder_learns_as_on_the_cpu():
    pixels = to_uint8(drifting(16, (0.6, -0.4), size=32)).permute(0, 2, 3, 1).contiguous()
    found = []
    for device in ("cpu", "cuda"):
        place = machine(device)
        torch.manual_seed(0)
        built = {"size": 32, "side": 8, "channels": 3, "latents": 4, "width": 8}
        network = place.place(Autoencoder(**built))
        frames = to_float(pixels.permute(0, 3, 1, 2)).to(place.device)
        pairs = torch.unflatten(frames, 0, (-1, 2))
        loss = AutoencoderLoss(motion=0.5, gradients=0.5, regularity=0.1, noise=0.05)
        how = {"steps": STEPS, "learning_rate": 1e-3, "report_every": 1, "seed": 0}
        reports = fit_network(network, partial(loss, network, pairs), **how)
        history = [report.values for report in reports]
        network.normalise_by(pixels.numpy())
        found.append((history, network.reconstruct(pixels.numpy())))
    (here, back_here), (there, back_there) = found
    for cpu, cuda in zip(here, there, strict=True):
        assert cuda == pytest.approx(cpu, rel=1e-2)
    assert np.abs(back_there.astype(int) - back_here).mean() < 1


def test_clips_of_latents_are_made_and_scored_as_on_the_cpu(tmp_path):
    kept_with_autoencoder(Latents(), tmp_path)
    rng = torch.Generator().manual_seed(0)
    noise, pictures = torch.randn(6, 6, generator=rng), torch.zeros(6, 16, 16, 3).byte()
    real = torch.randint(256, (12, 8, 16, 16, 3), generator=rng, dtype=torch.uint8)
    found = []
    for device in ("cpu", "cuda"):
        place = machine(device)
        torch.manual_seed(0)
        classifier = place.place(ActionClassifier(classes=3, channels=3).eval())
        sampler = ClipSampler.load("gan3d", Latents, tmp_path, place)
        clips = sampler(noise, pictures)
        parts = sampler.components(noise, pictures)
        made, reference = (
            clip_statistics(c, classifier, device=place.device) for c in (clips, real)
        )
        found.append(([clips, *parts.values()], score_clips(made, reference)))
    (clips_here, here), (clips_there, there) = found
    for cpu, cuda in zip(clips_here, clips_there, strict=True):
        assert (cuda.int() - cpu.int()).abs().max() <= 1
    assert there == pytest.approx(here, rel=5e-2, abs=5e-2)
