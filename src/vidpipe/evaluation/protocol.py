"""Protocol of an evaluation: what two of them must have in common to be compared.

It stands in `metrics/<model>.json` beside the scores, under a key of its own.
"""

METRICS = "metrics"  # folder of the files
PROTOCOL = "protocol"  # key in the file of metrics
CLASSIFIER = "classifier_md5"  # key in the protocol: of the weights of the classifier that scored

Protocol = dict[str, float | str]
ScoresAndProtocol = dict[str, float | Protocol]
