"""GANs of clips: their training and evaluation, and the classifier of actions."""
