"""Runs as a tracking server shows them: the protocol, MLflow, where a result comes from."""
