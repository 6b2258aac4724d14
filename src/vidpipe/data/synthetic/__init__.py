"""Footage that the project draws itself: figures that move before a still scene."""
