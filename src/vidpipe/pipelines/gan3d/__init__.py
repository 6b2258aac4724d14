"""Clips from noise, in one stream."""
