"""Scores of generated samples, each beside its baselines."""
