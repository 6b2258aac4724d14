"""Experiment tracking: the interface, MLflow, experiments, and the provenance of results."""
