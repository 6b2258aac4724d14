"""Report: one page of all results."""
