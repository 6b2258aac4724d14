"""The parameters of the project: what is allowed, where it is read, how it is edited."""
