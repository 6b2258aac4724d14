"""Files, hashes, locks, progress and errors, for use by every other package."""
