"""GANs of digits: their training and evaluation, and the classifier of digits."""
