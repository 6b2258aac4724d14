"""Footage to what training reads."""
