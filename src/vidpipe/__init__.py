"""Turn footage into GANs that make video, and prove how."""
