"""Deliverable D3: pix2pix as next-frame predictor."""
