"""Train GANs that make video on your own footage, and reproduce every result to the byte."""
