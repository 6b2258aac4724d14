"""Clips from noise, in two streams."""
