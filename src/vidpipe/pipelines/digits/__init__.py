"""The judge of the digit GANs, and what the two share."""
