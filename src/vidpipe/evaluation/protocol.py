"""Protocol of an evaluation: what two of them must have in common to be compared.

It stands in `metrics/<model>.json` beside the scores, under a key of its own.
"""

import numpy as np

PROTOCOL = "protocol"  # key in the file of metrics
CLASSIFIER = "classifier_md5"  # key in the protocol: of the weights of the classifier that scored

Protocol = dict[str, float | str]
ScoresAndProtocol = dict[str, float | Protocol]


def frame_rate(clips: dict[str, np.ndarray]) -> float:
    """Return the frame rate of most clips in the arrays of `clips.npz`."""
    return float(np.median(clips["fps"]))
