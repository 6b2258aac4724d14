"""Room 1: footage to arrays. NumPy, pandas and PyAV; never torch."""
