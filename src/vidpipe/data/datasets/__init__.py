"""One module per data set, whose function `videos` yields its videos with their labels."""
