"""From footage to arrays, with NumPy, pandas and PyAV; never torch."""
