"""Rebuild what a revision recorded, and compare; `vidpipe reproduce` is its command."""
