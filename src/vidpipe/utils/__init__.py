"""Files, locks and errors: what every other package may use."""
