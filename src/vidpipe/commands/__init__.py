"""The commands of `vidpipe`, one file each: arguments and messages."""
