"""How a picture goes on."""
