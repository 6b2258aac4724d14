"""What the GANs of clips share: how they are trained, judged and shown."""
