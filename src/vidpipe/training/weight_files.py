"""Names of the files of weights in the folder of a model."""

GENERATOR_WEIGHTS = "generator.safetensors"
CLASSIFIER_WEIGHTS = "classifier.safetensors"
AUTOENCODER_WEIGHTS = "autoencoder.safetensors"  # of frames; a copy is beside a GAN of latents
