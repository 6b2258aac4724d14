"""Every number a person may change: what is allowed, where it is read, how it is edited."""
