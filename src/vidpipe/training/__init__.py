"""Adversarial training: losses, update, loop, checkpoints, trainer. Knows no model by name."""
