"""Archives from the network or the disk: resumed, checked, unpacked."""
