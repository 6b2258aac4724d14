"""Pictures and films that people look at."""
