"""Room 2: one file per model: its networks and what they are fed."""
