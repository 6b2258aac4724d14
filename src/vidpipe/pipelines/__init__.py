"""Nodes and wiring: the only room that knows Kedro's pipelines."""
