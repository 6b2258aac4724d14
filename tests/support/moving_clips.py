"""Small moving clips for tests: a coloured block that goes its way before a still ground."""

import numpy as np
import torch

ACTIONS = ("right", "left", "down", "up", "grow", "blink")
ALL = range(len(ACTIONS))
SIZE, FRAMES = 16, 8


def clips(count, *, seed=0, actions=ALL, frames=FRAMES, size=SIZE):
    """uint8 (n t h w 3) and the number of each clip's action, by turns."""
    rng = np.random.default_rng(seed)
    label = np.resize(np.array(list(actions)), count)
    return torch.from_numpy(np.stack([_clip(a, rng, frames, size) for a in label])), label


def _clip(action, rng, frames, size):
    ground = np.repeat(rng.integers(60, 180, (4, 4, 3)), size // 4, 0).repeat(size // 4, 1)
    colour, place = rng.integers(0, 256, 3), rng.integers(2, size - 6, 2)
    made = np.repeat(ground[None], frames, 0)
    for t, frame in enumerate(made):
        x, y, side = *place, 4
        x = {0: x + t, 1: x - t}.get(action, x) % (size - 2)
        y = {2: y + t, 3: y - t}.get(action, y) % (size - 2)
        side = {4: 1 + t, 5: 4 * (t % 2)}.get(action, side)
        frame[y : y + side, x : x + side] = colour
    return made.astype(np.uint8)


def noisy(clips, level):
    """With normal noise of so many grey levels."""
    rng = torch.Generator().manual_seed(0)
    noise = level * torch.randn(clips.shape, generator=rng)
    return (clips + noise).round().clamp(0, 255).to(torch.uint8)


def blurred(clips, width):
    """Each frame averaged over squares of so many pixels."""
    frames = clips.permute(0, 4, 1, 2, 3).float()
    reach = width // 2
    padded = torch.nn.functional.pad(frames, (reach, reach, reach, reach, 0, 0), "replicate")
    soft = torch.nn.functional.avg_pool3d(padded, (1, width, width), 1)
    return soft.round().to(torch.uint8).permute(0, 2, 3, 4, 1)


def shuffled(clips, seed=0):
    """With each one's frames in another order."""
    rng = np.random.default_rng(seed)
    return torch.stack([clip[rng.permutation(len(clip))] for clip in clips])


def frozen(clips, moving=1):
    """That move for so many frames and then stand still."""
    shown = torch.arange(clips.shape[1]).clamp(max=moving - 1)
    return clips[:, shown]


def packed(*, videos=8, frames=16, size=SIZE, groups=4, channels=3, length=20):
    """Arrays like those of `clips.npz`: every video shows an action of a group, the last tests."""
    pixels, windows, video = [], [], []
    for n in range(videos):
        film, _ = clips(1, seed=n, actions=[n % len(ACTIONS)], frames=length, size=size)
        starts = range(0, length - frames + 1, 4)
        windows += [n * length + start + np.arange(frames) for start in starts]
        video += [n] * len(starts)
        pixels.append(film[0, ..., :channels].numpy())
    video = np.array(video, np.int32)
    group = (video % groups).astype(np.int32)
    return {
        "frames": np.concatenate(pixels),
        "clips": np.array(windows, np.int32).reshape(-1, frames),
        "split": np.where(group == groups - 1, "test", "train"),
        "fps": np.full(len(video), 12.5),
        "labels": np.array(ACTIONS),
        "label": (video % len(ACTIONS)).astype(np.int32),
        "groups": np.array([f"actor {n}" for n in range(groups)]),
        "group": group,
        "videos": np.array([f"{n}.avi" for n in range(videos)]),
        "video": video,
    }
