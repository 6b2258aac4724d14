"""Room 4: how good the results are, each score beside its baseline."""
