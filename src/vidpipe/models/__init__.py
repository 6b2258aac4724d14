"""One file per model: its networks and their training objective."""
