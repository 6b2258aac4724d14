"""Names of the parts that footage is split into."""

SEEN = "seen"  # training learns from it
HELD_OUT = "held_out"  # training never sees it
GAP = "gap"  # between the two, used by nothing
