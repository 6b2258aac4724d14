"""Nodes and their wiring: the only package that imports Kedro's pipelines."""
