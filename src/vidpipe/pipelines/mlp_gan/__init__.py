"""Numerals from noise, without convolutions."""
