"""Room 3: how two networks learn. Knows no model by name."""
