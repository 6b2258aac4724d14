"""Numerals from noise, with convolutions."""
