"""Names of the splits, and the assignment of groups to `train` and `test`."""

import hashlib
from collections.abc import Iterable

# Splits of footage: by time within each shot of a video for training, and videos held out whole.
SEEN = "seen"  # for training
HELD_OUT = "held_out"  # never for training: later in a shot whose beginning is `seen`
GAP = "gap"  # between the two, unused
UNSEEN = "unseen"  # never for training: of a video nothing of which is `seen`
# Splits of many videos, by groups.
TRAIN, TEST = "train", "test"
SALT = "vidpipe "  # gives two or three test people of nine drawn ones, or of Weizmann's nine


def by_group(groups: Iterable[str], test: float) -> dict[str, str]:
    """Assign each group to a split by a hash of its name, so none moves when others are added.

    If that leaves a split empty, the group whose hash came closest moves over. A single group is
    for training.

    Args:
        groups: Names of the groups.
        test: Share of the groups that is for testing, 0 to 1.

    Returns:
        Split by group.
    """
    hashes = {group: _unit_hash(group) for group in groups}
    splits = {group: TEST if value < test else TRAIN for group, value in hashes.items()}
    if hashes and TRAIN not in splits.values():
        splits[max(hashes, key=hashes.__getitem__)] = TRAIN
    elif test and len(hashes) > 1 and TEST not in splits.values():
        splits[min(hashes, key=hashes.__getitem__)] = TEST
    return splits


def _unit_hash(group: str) -> float:
    """Hash a name to a number that is uniform in 0 to 1."""
    digest = hashlib.sha256(f"{SALT}{group}".encode(errors="surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
