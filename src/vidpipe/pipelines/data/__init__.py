"""Data stages: from videos and glyphs to the arrays that training reads."""
