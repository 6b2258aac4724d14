"""Download archives with resume, verify their hashes, and unpack them."""
