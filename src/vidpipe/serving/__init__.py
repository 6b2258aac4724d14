"""Trained models in use: for commands, for the page, and for others."""
