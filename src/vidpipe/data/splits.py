"""Names of the parts that footage is split into, and which group goes where."""

import hashlib
from collections.abc import Iterable

SEEN = "seen"  # training learns from it
HELD_OUT = "held_out"  # training never sees it
GAP = "gap"  # between the two, used by nothing
TRAIN, TEST = "train", "test"  # of many videos, where whole ones are held out
SALT = "vidpipe "  # with it, two or three of nine drawn actors, or of Weizmann's, are for testing


def by_group(groups: Iterable[str], test: float) -> dict[str, str]:
    """Part by group: each group's name alone decides, so none moves when others are added.

    Only where that leaves a part empty, the group that came closest crosses over; one group alone
    is for training.

    Args:
        groups: Their names.
        test: Share that is for testing, 0 to 1.
    """
    places = {group: _place(group) for group in groups}
    parts = {group: TEST if place < test else TRAIN for group, place in places.items()}
    if places and TRAIN not in parts.values():
        parts[max(places, key=places.__getitem__)] = TRAIN
    elif test and len(places) > 1 and TEST not in parts.values():
        parts[min(places, key=places.__getitem__)] = TEST
    return parts


def _place(group: str) -> float:
    """Where a name falls between 0 and 1: evenly, and always in the same place."""
    digest = hashlib.sha256(f"{SALT}{group}".encode(errors="surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
