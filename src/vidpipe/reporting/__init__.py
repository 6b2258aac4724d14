"""Pages for a person: the report of all models, and runs side by side."""
