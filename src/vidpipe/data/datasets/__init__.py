"""One file per data set; each offers `videos`: where they are and what they show."""
