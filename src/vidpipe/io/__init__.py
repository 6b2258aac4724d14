"""The Kedro datasets of this project: files are written whole, or not at all."""

from vidpipe.io.kedro_datasets import Folder, Metrics, Npz, Page, Picture, Table

__all__ = ["Folder", "Metrics", "Npz", "Page", "Picture", "Table"]
